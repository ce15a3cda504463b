/** A backup taken apart, everything in it proved: the archive, the rows as a database, the files by their digests. */
import { createReadStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyAuditChain } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import { FileSource } from '../releases/inspection/byte-source.ts';
import type { Database } from '../storage/database.ts';
import { loadContent } from '../storage/portable/load.ts';
import type { PortableContent } from '../storage/portable/portable.ts';
import { decrypt, isEncrypted, type Opener } from './age/encryption.ts';
import { type Manifest, parseMemberName } from './archive/manifest.ts';
import { type Archive, openArchive } from './archive/open-archive.ts';
import { readColumns, readRows } from './archive/table-lines.ts';
import { readAuditHead, readBlobReferences, readVaultFingerprint, type Tables } from './content.ts';
import { assertIntegrity } from './store.ts';

/** How far taking a backup apart is, in bytes. */
export interface UnpackProgress {
  readonly stage: 'decrypting' | 'files' | 'database' | 'audit';
  readonly done: number;
  readonly total: number;
}

/** What a backup is taken apart with. */
export interface UnpackTools {
  /** An existing folder that nobody else uses, with room for what the archive unpacks to. */
  readonly dir: string;
  readonly opener: Opener | undefined;
  readonly maxUnpackedBytes: number;
  readonly report: (progress: UnpackProgress) => void;
  /** Aborted when the work shall end; whoever made `dir` removes it. */
  readonly signal?: AbortSignal | undefined;
}

/** An archive on the disk, decrypted if it was encrypted, whose members agree with its manifest. */
export interface OpenBackup {
  readonly archive: Archive;
  readonly manifest: Manifest;
  readonly encrypted: boolean;
  close(): void;
}

/** Opens the backup at `path`. Throws `upload_refused` with the rule that it breaks. */
export async function openBackup(path: string, tools: UnpackTools): Promise<OpenBackup> {
  const encrypted = isEncrypted(await readStart(path));
  const source = FileSource.open(encrypted ? await decryptFile(path, tools) : path);
  try {
    const archive = await openArchive(source, tools);
    return { archive, manifest: archive.manifest, encrypted, close: () => source.close() };
  } catch (error) {
    source.close();
    throw error;
  }
}

/**
 * Proves every file of the backup; with `keep` each is written there as well, under its SHA-256. Throws `upload_refused`.
 */
export async function unpackFiles({ archive, manifest }: OpenBackup, tools: UnpackTools, keep?: string): Promise<void> {
  if (keep !== undefined) await mkdir(keep, { recursive: true, mode: 0o700 });
  const total = manifest.unpacked_bytes;
  let done = 0;
  for (const member of manifest.members) {
    const meaning = parseMemberName(member.name);
    if (meaning?.kind === 'table') continue;
    const bytes = watched(archive.read(member), tools);
    if (keep === undefined || meaning?.kind !== 'blob') for await (const _ of bytes);
    else await writeFile(join(keep, meaning.sha256), bytes);
    done += member.size_bytes;
    tools.report({ stage: 'files', done, total });
  }
}

/**
 * Fills the empty `database` with the rows and proves them: schema, constraints, foreign keys, the audit chain, and that
 * vault, chain and files are those that the manifest tells of. Throws `upload_refused`. Returns the migrations applied.
 */
export async function unpackRows(database: Database, backup: OpenBackup, tools: UnpackTools): Promise<string[]> {
  const { archive, manifest } = backup;
  const tables = await openTables(archive, tools);
  await assertFacts(tables, manifest);
  const applied = await loadContent(database, { migrations: manifest.migrations, tables: [...tables.values()] });
  await assertIntegrity(database);
  tools.report({ stage: 'audit', done: 0, total: manifest.audit.sequence });
  const head = await verifyAuditChain(database).catch((cause: unknown) => {
    throw refuseFacts('expected an audit chain without a break', cause);
  });
  if (head.sequence !== manifest.audit.sequence || head.hash !== manifest.audit.hash) {
    throw refuseFacts('expected the audit chain that the manifest tells of');
  }
  return applied;
}

async function openTables(archive: Archive, tools: UnpackTools): Promise<Tables> {
  const tables = new Map<string, PortableContent>();
  const total = archive.manifest.unpacked_bytes;
  for (const member of archive.manifest.members) {
    const meaning = parseMemberName(member.name);
    if (meaning?.kind !== 'table') continue;
    const columns = await readColumns(archive.read(member));
    const rows = () =>
      readRows(
        reported(watched(archive.read(member), tools), (done) => tools.report({ stage: 'database', done, total })),
      );
    tables.set(meaning.table, { name: meaning.table, columns, rows });
  }
  return tables;
}

async function* reported(bytes: AsyncIterable<Uint8Array>, report: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    done += chunk.length;
    report(done);
    yield chunk;
  }
}

async function assertFacts(tables: Tables, manifest: Manifest): Promise<void> {
  if ((await readVaultFingerprint(tables)) !== manifest.vault) throw refuseFacts('expected the vault of the manifest');
  const head = await readAuditHead(tables);
  if (head.sequence !== manifest.audit.sequence || head.hash !== manifest.audit.hash) {
    throw refuseFacts('expected the end of the audit chain that the manifest tells of');
  }
  const sizes = new Map<string, number>();
  for (const { name, sha256, size_bytes } of manifest.members) {
    if (parseMemberName(name)?.kind === 'blob') sizes.set(sha256, size_bytes);
  }
  for (const [sha256, size] of await readBlobReferences(tables)) {
    if (sizes.get(sha256) !== size) throw refuseFacts(`expected the file ${sha256} that a row names`);
  }
}

/** The bytes, until the work shall end. */
async function* watched(bytes: AsyncIterable<Uint8Array>, { signal }: UnpackTools): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

async function decryptFile(path: string, tools: UnpackTools): Promise<string> {
  const { dir, opener, report } = tools;
  if (!opener) {
    throw new Refusal('upload_refused', 'expected a passphrase or a secret key for an encrypted backup', {
      rule: 'backup-key',
      hint: 'give what the backup was encrypted to: --passphrase-file, or --identity with the key file',
    });
  }
  const target = join(dir, 'archive.zip');
  const { size: total } = await stat(path);
  let done = 0;
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const counted = async function* () {
    for await (const chunk of watched(source, tools)) {
      done += chunk.length;
      report({ stage: 'decrypting', done, total });
      yield chunk;
    }
  };
  await writeFile(target, watched(decrypt(opener, counted()), tools));
  return target;
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Writes a file of our own, readable for us alone. */
async function writeFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
}

function refuseFacts(message: string, cause?: unknown): Refusal {
  return new Refusal('upload_refused', message, {
    rule: 'backup-facts',
    hint: 'the backup was changed, or made by another program: take another one',
    cause,
  });
}
