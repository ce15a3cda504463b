/** Unpacks tar.gz (POSIX.1-2024 pax, GNU's long names): files and folders into a new folder, nothing else. */
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type ArchiveBudget, refuseArchive } from './entry-path.ts';

const blockBytes = 512;
const maxExtensionBytes = 64 * 1024;

/** Unpacks the archive at `path` into `folder`, which is empty. Throws Failure for what it does not take. */
export async function unpackTar(path: string, folder: string, budget: ArchiveBudget): Promise<void> {
  try {
    await pipeline(createReadStream(path), createGunzip(), (source: AsyncIterable<Buffer>) =>
      unpackEntries(new BlockReader(source[Symbol.asyncIterator]()), folder, budget),
    );
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_')) {
      throw refuseArchive(`expected whole gzip: ${cause.message}`);
    }
    throw cause;
  }
}

async function unpackEntries(blocks: BlockReader, folder: string, budget: ArchiveBudget): Promise<void> {
  let name: string | undefined;
  for (;;) {
    const header = await blocks.read(blockBytes);
    if (isZero(header)) return assertNothingMore(blocks, budget);
    const { type, path: ownName, size, mode } = parseHeader(header);
    if (type === 'x' || type === 'g' || type === 'L') {
      const bytes = await readExtension(blocks, size);
      if (type === 'x') name = parsePax(bytes) ?? name;
      if (type === 'L') name = parseText(bytes);
      continue;
    }
    await unpackEntry({ type, path: name ?? ownName, size, mode }, { blocks, folder, budget });
    name = undefined;
  }
}

/** Some programs would read on. */
async function assertNothingMore(blocks: BlockReader, budget: ArchiveBudget): Promise<void> {
  for (let some = await blocks.readIfThere(); some; some = await blocks.readIfThere()) {
    budget.spend(some.length);
    if (!isZero(some)) throw refuseArchive('expected only zeros after the end');
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Bytes in the sizes that the format has. */
class BlockReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** The next bytes, at most `limit` and at least one. */
  async readSome(limit: number): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const next = await this.readIfThere();
      if (!next) throw refuseArchive('expected a whole tar archive, got a part');
      this.#rest = next;
    }
    const some = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(some.length);
    return some;
  }

  /** What is next, in whatever size it comes; `undefined` at the end. */
  async readIfThere(): Promise<Buffer | undefined> {
    if (this.#rest.length > 0) {
      const rest = this.#rest;
      this.#rest = Buffer.alloc(0);
      return rest;
    }
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      if (next.value.length > 0) return next.value;
    }
  }

  async read(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const part = await this.readSome(missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }
}

interface TarEntry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly mode: number;
}

function parseHeader(block: Buffer): TarEntry {
  const magic = block.toString('latin1', 257, 263);
  let sum = 8 * 0x20;
  for (const [index, byte] of block.entries()) if (index < 148 || index >= 156) sum += byte;
  if (!magic.startsWith('ustar') || sum !== parseOctal(block, [148, 156])) throw refuseArchive('expected a tar header');
  const prefix = magic === 'ustar\0' ? parseText(block.subarray(345, 500)) : '';
  const name = parseText(block.subarray(0, 100));
  return {
    type: block.toString('latin1', 156, 157),
    path: prefix === '' ? name : `${prefix}/${name}`,
    size: parseOctal(block, [124, 136]),
    mode: parseOctal(block, [100, 108]),
  };
}

function parseOctal(block: Buffer, [start, end]: readonly [number, number]): number {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(block.toString('latin1', start, end))?.[1];
  if (digits === undefined) throw refuseArchive('expected octal digits in a tar header');
  return Number.parseInt(digits, 8);
}

function parseText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      end === -1 ? bytes : bytes.subarray(0, end),
    );
  } catch {
    throw refuseArchive('expected names in UTF-8');
  }
}

async function readExtension(blocks: BlockReader, size: number): Promise<Buffer> {
  if (size > maxExtensionBytes)
    throw refuseArchive(`expected an extended header of at most ${maxExtensionBytes} bytes`);
  const bytes = await blocks.read(padded(size));
  return bytes.subarray(0, size);
}

/** The path in records `length key=value`; sizes and links that differ from the header are refused. */
function parsePax(records: Buffer): string | undefined {
  let path: string | undefined;
  for (let bytes = records; bytes.length > 0; ) {
    const [, digits = '', key = ''] = /^([1-9][0-9]{0,5}) ([^=\n]+)=/.exec(bytes.toString('latin1', 0, 300)) ?? [];
    const length = Number(digits);
    if (length === 0 || length > bytes.length || bytes[length - 1] !== 0x0a)
      throw refuseArchive('expected whole pax records');
    if (key === 'size' || key === 'linkpath' || key.startsWith('GNU.sparse')) throw refuseArchive(`expected no ${key}`);
    if (key === 'path') path = parseText(bytes.subarray(digits.length + key.length + 2, length - 1));
    bytes = bytes.subarray(length);
  }
  return path;
}

interface UnpackContext {
  readonly blocks: BlockReader;
  readonly folder: string;
  readonly budget: ArchiveBudget;
}

async function unpackEntry(
  { type, path, size, mode }: TarEntry,
  { blocks, folder, budget }: UnpackContext,
): Promise<void> {
  if (type === '5') {
    if (path === './' || path === '.') return;
    await mkdir(join(folder, ...budget.add(path, 'directory')), { recursive: true });
    return;
  }
  if (type !== '0' && type !== '\0')
    throw refuseArchive(`expected files and folders, got a link or device: ${path.slice(0, 200)}`);
  if (path.endsWith('/')) throw refuseArchive(`expected a file, got ${path.slice(0, 200)}`);
  const parts = budget.add(path, 'file');
  await mkdir(join(folder, ...parts.slice(0, -1)), { recursive: true });
  const file = await open(join(folder, ...parts), 'wx', (mode & 0o111) === 0 ? 0o644 : 0o755);
  try {
    await copyContent(blocks, { file, size, budget });
    await file.sync();
  } finally {
    await file.close();
  }
}

async function copyContent(
  blocks: BlockReader,
  { file, size, budget }: { readonly file: FileHandle; readonly size: number; readonly budget: ArchiveBudget },
): Promise<void> {
  for (let left = size; left > 0; ) {
    const chunk = await blocks.readSome(left);
    budget.spend(chunk.length);
    await file.appendFile(chunk);
    left -= chunk.length;
  }
  await blocks.read(padded(size) - size);
}

function padded(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}
