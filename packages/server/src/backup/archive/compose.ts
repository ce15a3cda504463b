/** A backup as a stream: every table of one moment, then every blob, then the manifest over them all. */
import { createHash } from 'node:crypto';
import type { AuditHead } from '../../audit/chain.ts';
import { Refusal } from '../../errors.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { PortableContent, Snapshot } from '../../storage/portable/portable.ts';
import { readAuditHead, readBlobReferences, readVaultFingerprint } from '../content.ts';
import {
  blobMemberName,
  type Manifest,
  type ManifestMember,
  manifestName,
  maxMembers,
  settingsName,
  tableMemberName,
} from './manifest.ts';
import { encodeTable } from './table-lines.ts';
import { type MemberSource, writeZip } from './zip-writer.ts';

/** What a backup is made of. */
export interface BackupContent {
  readonly snapshot: Snapshot;
  readonly blobs: Blobs;
  readonly engine: Manifest['engine'];
  readonly serverVersion: string;
  /** The settings that the server runs with, for whoever sets up another one. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Unix milliseconds. */
  readonly madeAt: number;
}

/** How far the making of a backup is. */
export interface BackupProgress {
  readonly stage: 'database' | 'files';
  readonly done: number;
  /** Rows are counted while they are read: 0 means that nobody knows yet. */
  readonly total: number;
}

/** The archive and, once all of it was read, its manifest. */
export interface ComposedBackup {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly manifest: () => Manifest;
}

/** Composes the archive. Reading it throws `unavailable`, rule `blob-missing`, when a file that a row names is not there. */
export function composeBackup(content: BackupContent, report: (progress: BackupProgress) => void): ComposedBackup {
  let manifest: Manifest | undefined;
  const bytes = writeZip(
    listMembers(content, report, (made) => {
      manifest = made;
    }),
  );
  return {
    bytes,
    manifest: () => {
      if (manifest) return manifest;
      throw new TypeError('expected the whole archive to be read first');
    },
  };
}

async function* listMembers(
  content: BackupContent,
  report: (progress: BackupProgress) => void,
  finish: (manifest: Manifest) => void,
): AsyncGenerator<MemberSource> {
  const { snapshot, settings } = content;
  const members: ManifestMember[] = [];
  let rows = 0;
  const facts = await readFacts(snapshot);
  yield record(members, { name: settingsName, compress: true, bytes: once(`${JSON.stringify(settings)}\n`) });
  for (const table of snapshot.tables) {
    const lines = encodeTable(table, (count) => {
      rows += count;
      report({ stage: 'database', done: rows, total: 0 });
    });
    yield record(members, { name: tableMemberName(table.name), compress: true, bytes: lines });
  }
  // After the rows: a blob is durable before a row names it, so what the rows name is there by now.
  const blobs = await listBlobs(content.blobs, facts.references);
  yield* listBlobMembers(content.blobs, { sizes: blobs, references: facts.references }, { members, report });
  const manifest: Manifest = {
    ...{ format: 'signpost-backup', format_version: 1, made_at: new Date(content.madeAt).toISOString() },
    ...{ server_version: content.serverVersion, engine: content.engine, migrations: [...snapshot.migrations] },
    ...{ vault: facts.vault, audit: facts.audit, rows, blobs: blobs.size },
    unpacked_bytes: members.reduce((sum, member) => sum + member.size_bytes, 0),
    members,
  };
  yield { name: manifestName, compress: true, bytes: once(`${JSON.stringify(manifest)}\n`) };
  finish(manifest);
}

async function readFacts({ tables }: Snapshot): Promise<{
  vault: string | null;
  audit: AuditHead;
  references: ReadonlyMap<string, number>;
}> {
  const byName = new Map<string, PortableContent>(tables.map((table) => [table.name, table]));
  return {
    vault: await readVaultFingerprint(byName),
    audit: await readAuditHead(byName),
    references: await readBlobReferences(byName),
  };
}

/** Every blob with its size, those that rows name among them. */
async function listBlobs(blobs: Blobs, references: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { sha256 } of blobs.list()) {
    const size = await blobs.measure(sha256);
    if (size !== undefined) sizes.set(sha256, size);
  }
  for (const [sha256, size] of references) {
    if (sizes.get(sha256) !== size) throw refuseMissing(sha256);
  }
  if (sizes.size > maxMembers - 1000) {
    throw new Refusal('unavailable', `expected at most ${maxMembers - 1000} stored files, got ${sizes.size}`, {
      rule: 'backup-too-many-files',
      hint: 'back up the database and the folder of blobs by other means',
    });
  }
  return sizes;
}

async function* listBlobMembers(
  blobs: Blobs,
  { sizes, references }: { readonly sizes: Map<string, number>; readonly references: ReadonlyMap<string, number> },
  { members, report }: { members: ManifestMember[]; report: (progress: BackupProgress) => void },
): AsyncGenerator<MemberSource> {
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const sha256 of [...sizes.keys()]) {
    // What no row of that moment names may have been thrown away meanwhile.
    if (!references.has(sha256) && (await blobs.measure(sha256)) === undefined) {
      sizes.delete(sha256);
      continue;
    }
    const name = blobMemberName(sha256);
    yield record(members, { name, compress: false, bytes: blobs.read(sha256) });
    const member = members.at(-1);
    // A disk that gives other bytes than it was given must be found now, not when the backup is needed.
    if (member?.sha256 !== sha256) throw refuseMissing(sha256);
    done += member.size_bytes;
    report({ stage: 'files', done, total });
  }
}

/** The member, which will stand in `members` with its digest once its bytes were read. */
function record(members: ManifestMember[], member: MemberSource): MemberSource {
  const digested = async function* () {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of member.bytes) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
    members.push({ name: member.name, sha256: hash.digest('hex'), size_bytes: size });
  };
  return { ...member, bytes: digested() };
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function refuseMissing(sha256: string): Refusal {
  return new Refusal('unavailable', `the stored file ${sha256} is missing or damaged`, {
    rule: 'blob-missing',
    hint: 'signpost doctor lists such files; bring it back from an older backup, or delete the release that names it',
  });
}
