/** Backups as somebody forges them: taken apart, changed, and put together again with digests that fit. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Manifest, manifestName } from '../../src/backup/archive/manifest.ts';
import { openArchive } from '../../src/backup/archive/open-archive.ts';
import { type MemberSource, writeZip } from '../../src/backup/archive/zip-writer.ts';
import { MemorySource } from '../../src/releases/inspection/byte-source.ts';

/** A backup taken apart. */
export interface Parts {
  readonly manifest: Manifest;
  /** Every member but the manifest. */
  readonly members: ReadonlyMap<string, Buffer>;
}

/** Takes an honest backup apart. */
export async function takeApart(path: string): Promise<Parts> {
  const archive = await openArchive(new MemorySource(await readFile(path)), { maxUnpackedBytes: 1024 ** 3 });
  const members = new Map<string, Buffer>();
  for (const member of archive.manifest.members) {
    const chunks: Buffer[] = [];
    for await (const chunk of archive.read(member)) chunks.push(Buffer.from(chunk));
    members.set(member.name, Buffer.concat(chunks));
  }
  return { manifest: archive.manifest, members };
}

/** The parts with other members, and a manifest that fits them. */
export function withMembers(parts: Parts, change: (members: Map<string, Buffer>) => void): Parts {
  const members = new Map(parts.members);
  change(members);
  const list = [...members].map(([name, bytes]) => ({
    ...{ name, size_bytes: bytes.length },
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  return { members, manifest: { ...parts.manifest, members: list } };
}

/** The parts with one table's lines changed, and a manifest that fits. */
export function withTable(parts: Parts, table: string, change: (lines: string[]) => string[]): Parts {
  const name = `tables/${table}.jsonl`;
  return withMembers(parts, (members) => {
    const lines = String(members.get(name)).trimEnd().split('\n');
    members.set(name, Buffer.from(`${change(lines).join('\n')}\n`));
  });
}

/** Puts members together as they are; the manifest comes last, unless it is left out. */
export async function putTogether(
  members: Iterable<readonly [name: string, bytes: Uint8Array]>,
  manifest: object | string | undefined,
): Promise<Buffer> {
  const last = manifest === undefined ? [] : [[manifestName, Buffer.from(textOf(manifest))] as const];
  const sources = async function* (): AsyncGenerator<MemberSource> {
    for (const [name, bytes] of [...members, ...last]) yield { name, compress: true, bytes: once(bytes) };
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeZip(sources())) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function textOf(manifest: object | string): string {
  return typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
