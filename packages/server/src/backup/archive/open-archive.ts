/** A backup's archive opened for reading: strict as uploads are read, and every member is what the manifest says. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { Refusal } from '../../errors.ts';
import { UnpackBudget } from '../../releases/inspection/budget.ts';
import type { ByteSource } from '../../releases/inspection/byte-source.ts';
import { PathSet } from '../../releases/inspection/entry-path.ts';
import { type Extent, readChunks } from '../../releases/inspection/inflate.ts';
import { quoteName, refuse } from '../../releases/inspection/rules.ts';
import { readCentralDirectory, type ZipEntry } from '../../releases/inspection/zip/central-directory.ts';
import { readEndRecord } from '../../releases/inspection/zip/end-record.ts';
import { layOut } from '../../releases/inspection/zip/judge-zip.ts';
import {
  type Manifest,
  type ManifestMember,
  manifestName,
  maxMembers,
  parseManifest,
  parseMemberName,
} from './manifest.ts';

/** An archive whose names, sizes and manifest agree; the bytes of a member are proved while they are read. */
export interface Archive {
  readonly manifest: Manifest;
  /** The member's bytes, any number of times. The end throws `upload_refused` when they are not what the manifest says. */
  read(member: ManifestMember): AsyncGenerator<Buffer>;
}

const maxManifestBytes = 64 * 1024 * 1024;
const chunkBytes = 256 * 1024;

/**
 * Opens the archive in `source`. Throws `upload_refused` with the rule that it breaks: one of uploads' archives, or
 * `backup-manifest` and `backup-members`. Unpacks nothing but the manifest.
 */
export async function openArchive(source: ByteSource, limits: { maxUnpackedBytes: number }): Promise<Archive> {
  const budget = new UnpackBudget(source.size, {
    maxUncompressedBytes: limits.maxUnpackedBytes,
    maxEntries: maxMembers + 1,
  });
  const end = readEndRecord(source);
  const entries = readCentralDirectory(source, end, budget);
  assertNames(entries);
  budget.expect(entries.reduce((sum, entry) => sum + entry.size, 0));
  const extents = layOut(source, entries, end);
  const byName = new Map([...extents].map(([entry, extent]) => [entry.name, { entry, extent }]));
  const manifest = await readManifest(source, byName.get(manifestName));
  assertMembers(manifest, byName);
  return {
    manifest,
    read: (member) => {
      const found = byName.get(member.name);
      if (!found) throw new TypeError(`expected a member of this archive, got ${member.name}`);
      return proveDigest(unpack(source, found), member);
    },
  };
}

/** Names as every system takes them, first of all; then only those that a backup has. */
function assertNames(entries: readonly ZipEntry[]): void {
  const paths = new PathSet();
  for (const { name, kind } of entries) paths.add(name, kind);
  for (const { name } of entries) {
    if (name !== manifestName && parseMemberName(name) === undefined) throw refuseMember('that a backup has', name);
  }
}

interface Place {
  readonly entry: ZipEntry;
  readonly extent: Extent;
}

async function readManifest(source: ByteSource, place: Place | undefined): Promise<Manifest> {
  if (!place) {
    throw new Refusal('upload_refused', 'expected a manifest in the backup, got none', {
      rule: 'backup-manifest',
      hint: 'the file is no backup of Signpost',
    });
  }
  if (place.entry.size > maxManifestBytes) {
    throw new Refusal('upload_refused', `expected a manifest of at most ${maxManifestBytes} bytes`, {
      rule: 'backup-manifest',
    });
  }
  const parts: Buffer[] = [];
  for await (const chunk of unpack(source, place)) parts.push(chunk);
  return parseManifest(Buffer.concat(parts));
}

/** What the archive holds is what the manifest lists, and nothing else, twice or less. */
function assertMembers({ members }: Manifest, archive: ReadonlyMap<string, Place>): void {
  const listed = new Set<string>();
  for (const { name, sha256, size_bytes } of members) {
    const place = archive.get(name);
    const meaning = parseMemberName(name);
    if (listed.has(name)) throw refuseMember('listed once', name);
    if (!place || !meaning) throw refuseMember('in the archive', name);
    if (place.entry.size !== size_bytes) throw refuseMember(`of ${size_bytes} bytes`, name);
    if (meaning.kind === 'blob' && meaning.sha256 !== sha256) throw refuseMember('named by its digest', name);
    listed.add(name);
  }
  for (const name of archive.keys()) {
    if (name !== manifestName && !listed.has(name)) throw refuseMember('in the manifest', name);
  }
}

async function* proveDigest(bytes: AsyncIterable<Buffer>, member: ManifestMember): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === member.sha256) return;
  throw new Refusal('upload_refused', `expected the digest of the manifest: ${quoteName(member.name)}`, {
    rule: 'backup-digest',
    hint: 'the backup was changed or damaged: take another copy',
  });
}

/** The bytes of an entry, never more than it says to have. */
async function* unpack(source: ByteSource, { entry, extent }: Place): AsyncGenerator<Buffer> {
  let size = 0;
  let crc = 0;
  for await (const chunk of entry.method === 'store'
    ? readChunks(source, extent)
    : inflate(source, { entry, extent })) {
    size += chunk.length;
    if (size > entry.size)
      refuse('zip-size-mismatch', `expected ${entry.size} bytes in ${quoteName(entry.name)}, got more`);
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (size !== entry.size)
    refuse('zip-size-mismatch', `expected ${entry.size} bytes in ${quoteName(entry.name)}, got ${size}`);
  if (crc !== entry.crc) refuse('zip-crc', `expected the checksum of the directory: ${quoteName(entry.name)}`);
}

async function* inflate(source: ByteSource, { entry, extent }: Place): AsyncGenerator<Buffer> {
  const stream = createInflateRaw({ chunkSize: chunkBytes });
  const input = Readable.from(readChunks(source, extent), { objectMode: false });
  input.on('error', (error) => stream.destroy(error));
  input.pipe(stream);
  try {
    for await (const chunk of stream) yield chunk;
    if (stream.bytesWritten !== extent.length) {
      refuse('zip-size-mismatch', `expected compressed data without rest: ${quoteName(entry.name)}`);
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_')) {
      refuse('archive-corrupt', `expected intact compressed data: ${quoteName(entry.name)}`, cause);
    }
    throw cause;
  } finally {
    input.destroy();
    stream.destroy();
  }
}

function refuseMember(expected: string, name: string): Refusal {
  return new Refusal('upload_refused', `expected members ${expected}, got ${quoteName(name)}`, {
    rule: 'backup-members',
    hint: 'the backup was changed, or made by another program: take another one',
  });
}
