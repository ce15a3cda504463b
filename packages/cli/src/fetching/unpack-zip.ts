/** Unpacks ZIP (APPNOTE 6.3.10) by its central directory, held against the local headers: files and folders, nothing else. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { type ArchiveBudget, refuseArchive } from './entry-path.ts';

const endBytes = 22;
const centralBytes = 46;
const localBytes = 30;
const maxDirectoryBytes = 64 * 1024 * 1024;

/** Unpacks the archive at `path` into `folder`, which is empty. Throws Failure for what it does not take. */
export async function unpackZip(path: string, folder: string, budget: ArchiveBudget): Promise<void> {
  const archive = await open(path, 'r');
  try {
    const entries = await readDirectory(archive);
    await assertApart(archive, entries);
    for (const entry of entries) await unpackEntry(archive, entry, { folder, budget });
  } finally {
    await archive.close();
  }
}

interface ZipEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly isExecutable: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** The end record stands at the very end, so that there is only one. */
async function readDirectory(archive: FileHandle): Promise<readonly ZipEntry[]> {
  const { size } = await archive.stat();
  if (size < endBytes) throw refuseArchive('expected a ZIP archive');
  const end = await readAt(archive, size - endBytes, endBytes);
  const [count, length, offset] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
  const isPlain = end.readUInt32LE(0) === 0x06054b50 && end.readUInt32LE(4) === 0 && end.readUInt16LE(8) === count;
  if (!isPlain || end.readUInt16LE(20) !== 0 || offset + length !== size - endBytes || length > maxDirectoryBytes) {
    throw refuseArchive('expected a ZIP archive of one part, without a comment, smaller than 4 GiB');
  }
  const directory = await readAt(archive, offset, length);
  const entries: ZipEntry[] = [];
  let position = 0;
  while (position < directory.length) {
    const entry = directory.subarray(position);
    entries.push(parseEntry(entry));
    position += centralBytes + entry.readUInt16LE(28) + entry.readUInt16LE(30) + entry.readUInt16LE(32);
  }
  if (entries.length !== count) throw refuseArchive(`expected ${count} entries, got ${entries.length}`);
  return entries;
}

function parseEntry(bytes: Buffer): ZipEntry {
  if (bytes.length < centralBytes || bytes.readUInt32LE(0) !== 0x02014b50) throw refuseArchive('expected an entry');
  const name = decodeName(bytes.subarray(centralBytes, centralBytes + bytes.readUInt16LE(28)));
  const unixMode = bytes[5] === 3 ? bytes.readUInt32LE(38) >>> 16 : 0;
  const kind = unixMode & 0o170000;
  const method = bytes.readUInt16LE(10);
  if (bytes.readUInt16LE(8) & 0x2041) throw refuseArchive(`expected no encryption: ${name}`);
  if (method !== 0 && method !== 8) throw refuseArchive(`expected entries that are stored or deflated: ${name}`);
  if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000) throw refuseArchive(`expected no link or device: ${name}`);
  const isFolder = name.endsWith('/');
  if (kind !== 0 && isFolder !== (kind === 0o040000)) throw refuseArchive(`expected a file or a folder: ${name}`);
  return {
    ...{ name, isFolder, isExecutable: (unixMode & 0o111) !== 0, method },
    ...{ crc: bytes.readUInt32LE(16), packed: bytes.readUInt32LE(20), size: bytes.readUInt32LE(24) },
    offset: bytes.readUInt32LE(42),
  };
}

function decodeName(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuseArchive('expected names in UTF-8');
  }
}

/** Two entries that share bytes are how a small archive becomes endless. */
async function assertApart(archive: FileHandle, entries: readonly ZipEntry[]): Promise<void> {
  let end = 0;
  for (const entry of entries.toSorted((left, right) => left.offset - right.offset)) {
    if (entry.offset < end) throw refuseArchive(`expected entries that share no bytes: ${entry.name}`);
    end = (await findContent(archive, entry)) + entry.packed;
  }
}

/** Where the content begins, behind a local header that says the same name and method. */
async function findContent(archive: FileHandle, { name, method, offset }: ZipEntry): Promise<number> {
  const header = await readAt(archive, offset, localBytes);
  const nameBytes = header.readUInt16LE(26);
  const local = await readAt(archive, offset + localBytes, nameBytes);
  const isSame =
    header.readUInt32LE(0) === 0x04034b50 && header.readUInt16LE(8) === method && decodeName(local) === name;
  if (!isSame) throw refuseArchive(`expected the same in both headers of ${name}`);
  return offset + localBytes + nameBytes + header.readUInt16LE(28);
}

async function unpackEntry(
  archive: FileHandle,
  entry: ZipEntry,
  { folder, budget }: { readonly folder: string; readonly budget: ArchiveBudget },
): Promise<void> {
  const parts = budget.add(entry.name, entry.isFolder ? 'directory' : 'file');
  await mkdir(join(folder, ...(entry.isFolder ? parts : parts.slice(0, -1))), { recursive: true });
  if (entry.isFolder) return;
  const file = await open(join(folder, ...parts), 'wx', entry.isExecutable ? 0o755 : 0o644);
  try {
    await copyContent(archive, entry, { file, budget });
    await file.sync();
  } finally {
    await file.close();
  }
}

async function copyContent(
  archive: FileHandle,
  entry: ZipEntry,
  { file, budget }: { readonly file: FileHandle; readonly budget: ArchiveBudget },
): Promise<void> {
  let [crc, size] = [0, 0];
  const take = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      budget.spend(chunk.length);
      size += chunk.length;
      crc = crc32(chunk, crc);
      if (size > entry.size) throw refuseArchive(`expected ${entry.size} bytes of ${entry.name}, got more`);
      await file.appendFile(chunk);
    }
  };
  const content = readRange(archive, await findContent(archive, entry), entry.packed);
  try {
    if (entry.method === 0) await take(content);
    else await pipeline(content, createInflateRaw(), take);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_')) {
      throw refuseArchive(`expected whole deflate in ${entry.name}`);
    }
    throw cause;
  }
  if (size !== entry.size || crc !== entry.crc)
    throw refuseArchive(`expected size and checksum of ${entry.name} to match`);
}

async function* readRange(archive: FileHandle, offset: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length; ) {
    const chunk = await readAt(archive, offset + done, Math.min(65_536, length - done));
    yield chunk;
    done += chunk.length;
  }
}

async function readAt(archive: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await archive.read(buffer, 0, length, position);
  if (bytesRead < length) throw refuseArchive('expected a whole ZIP archive, got a part');
  return buffer;
}
