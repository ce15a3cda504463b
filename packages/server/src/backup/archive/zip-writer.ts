/** A ZIP archive written front to back (APPNOTE 6.3.10): sizes follow in descriptors, ZIP64 where they need it. */
import { promisify } from 'node:util';
import { constants, crc32, createDeflateRaw } from 'node:zlib';

/** A member, and whether deflating it is worth the time. */
export interface MemberSource {
  readonly name: string;
  readonly compress: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
}

interface Written {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly compressedSize: number;
  readonly offset: number;
}

// Bit 3: a descriptor follows; bit 11: the name is UTF-8.
const flags = 0x808;
const deflated = 8;
const version = 45;
/** 1980-01-01, the first day that ZIP knows: the manifest says when a backup was made. */
const date = 0x21;
const saturated = 0xffffffff;
const regularFile = (0o100600 << 16) >>> 0;
const storedBlockBytes = 0xffff;

/** Yields the archive of what `members` yields, in constant memory but for the list of its members. */
export async function* writeZip(members: AsyncIterable<MemberSource>): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let offset = 0;
  for await (const member of members) {
    const count = { crc: 0, size: 0, compressedSize: 0 };
    const name = Buffer.from(member.name);
    const header = localHeader(name);
    yield header;
    const counted = countPlain(member.bytes, count);
    for await (const chunk of member.compress ? deflate(counted) : store(counted)) {
      count.compressedSize += chunk.length;
      yield chunk;
    }
    const tail = descriptor(count);
    yield tail;
    written.push({ name, offset, ...count });
    offset += header.length + count.compressedSize + tail.length;
  }
  yield* writeDirectory(written, offset);
}

async function* countPlain(
  bytes: AsyncIterable<Uint8Array>,
  count: { crc: number; size: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    count.crc = crc32(chunk, count.crc);
    count.size += chunk.length;
    yield chunk;
  }
}

async function* deflate(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createDeflateRaw({ level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 });
  const fed = feed(stream, bytes);
  fed.catch((error: Error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk;
    await fed;
  } finally {
    stream.destroy();
  }
}

async function feed(stream: ReturnType<typeof createDeflateRaw>, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const write = promisify<Uint8Array, void>((chunk, done) => stream.write(chunk, (error) => done(error ?? null)));
  for await (const chunk of bytes) await write(chunk);
  stream.end();
}

/** RFC 1951, 3.2.4: blocks that are not compressed. Data without a size before it must be deflate, so that its end shows. */
async function* store(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += storedBlockBytes) {
      const part = chunk.subarray(at, at + storedBlockBytes);
      yield storedHeader(part.length, false);
      yield part;
    }
  }
  yield storedHeader(0, true);
}

function storedHeader(length: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(5);
  header[0] = isLast ? 1 : 0;
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(~length & 0xffff, 3);
  return header;
}

/** APPNOTE 4.3.7, with sizes that the descriptor tells. */
function localHeader(name: Buffer): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(version, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt16LE(deflated, 8);
  header.writeUInt16LE(date, 12);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

/** APPNOTE 4.3.9: sizes of eight bytes when one does not fit into four. */
function descriptor({ crc, size, compressedSize }: Omit<Written, 'name' | 'offset'>): Buffer {
  const isLarge = size >= saturated || compressedSize >= saturated;
  const bytes = Buffer.alloc(isLarge ? 24 : 16);
  bytes.writeUInt32LE(0x08074b50, 0);
  bytes.writeUInt32LE(crc, 4);
  if (isLarge) {
    bytes.writeBigUInt64LE(BigInt(compressedSize), 8);
    bytes.writeBigUInt64LE(BigInt(size), 16);
  } else {
    bytes.writeUInt32LE(compressedSize, 8);
    bytes.writeUInt32LE(size, 12);
  }
  return bytes;
}

function* writeDirectory(members: readonly Written[], offset: number): Generator<Uint8Array> {
  let bytes = 0;
  for (const member of members) {
    const header = directoryHeader(member);
    bytes += header.length;
    yield header;
  }
  const isLarge = members.length >= 0xffff || bytes >= saturated || offset >= saturated;
  if (isLarge) yield end64(members.length, { offset, bytes });
  yield end(members.length, { offset, bytes });
}

/** APPNOTE 4.3.12 and 4.5.3: saturated values stand in the ZIP64 field, in this order. */
function directoryHeader({ name, crc, size, compressedSize, offset }: Written): Buffer {
  const large = [size, compressedSize, offset].filter((value) => value >= saturated);
  const extra = Buffer.alloc(large.length === 0 ? 0 : 4 + 8 * large.length);
  if (large.length > 0) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(8 * large.length, 2);
    for (const [index, value] of large.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  }
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  // Made by Unix (3), so that the mode counts.
  header.writeUInt16LE((3 << 8) | version, 4);
  header.writeUInt16LE(version, 6);
  header.writeUInt16LE(flags, 8);
  header.writeUInt16LE(deflated, 10);
  header.writeUInt16LE(date, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(Math.min(compressedSize, saturated), 20);
  header.writeUInt32LE(Math.min(size, saturated), 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(regularFile, 38);
  header.writeUInt32LE(Math.min(offset, saturated), 42);
  return Buffer.concat([header, name, extra]);
}

/** APPNOTE 4.3.14 and 4.3.15. */
function end64(entries: number, directory: { offset: number; bytes: number }): Buffer {
  const record = Buffer.alloc(76);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE((3 << 8) | version, 12);
  record.writeUInt16LE(version, 14);
  record.writeBigUInt64LE(BigInt(entries), 24);
  record.writeBigUInt64LE(BigInt(entries), 32);
  record.writeBigUInt64LE(BigInt(directory.bytes), 40);
  record.writeBigUInt64LE(BigInt(directory.offset), 48);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(directory.offset + directory.bytes), 64);
  record.writeUInt32LE(1, 72);
  return record;
}

/** APPNOTE 4.3.16. */
function end(entries: number, directory: { offset: number; bytes: number }): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(Math.min(entries, 0xffff), 8);
  record.writeUInt16LE(Math.min(entries, 0xffff), 10);
  record.writeUInt32LE(Math.min(directory.bytes, saturated), 12);
  record.writeUInt32LE(Math.min(directory.offset, saturated), 16);
  return record;
}
