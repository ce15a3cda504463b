/** One entry where its bytes lie (APPNOTE 4.3.6 to 4.3.9): it must say what the central directory says, and be it. */
import { crc32 } from 'node:zlib';
import type { UnpackBudget } from '../budget.ts';
import type { ByteSource } from '../byte-source.ts';
import { type Extent, inflateSmall, inflateStream, readChunks } from '../inflate.ts';
import { quoteName, refuse } from '../rules.ts';
import type { ZipEntry } from './central-directory.ts';
import { checkUnicodePath, parseExtraFields, resolveZip64, type SaturatedSizes } from './extra-fields.ts';

const signature = 0x04034b50;
const descriptorSignature = 0x08074b50;
const headerBytes = 30;
const descriptorFlag = 0x8;

/** Below this, one synchronous call is many times faster than a stream. */
const smallBytes = 1024 * 1024;

/** Where the compressed bytes of `entry` lie; the header before them is compared field by field. `end` bounds both. */
export function readLocalHeader(source: ByteSource, entry: ZipEntry, end: number): Extent {
  if (entry.offset + headerBytes > end)
    refuse('zip-overlap', `expected room for the header of ${quoteName(entry.name)}`);
  const header = source.read(entry.offset, headerBytes);
  if (header.readUInt32LE(0) !== signature)
    refuse('zip-header-mismatch', `expected a local header for ${quoteName(entry.name)}`);
  const nameEnd = entry.offset + headerBytes + header.readUInt16LE(26);
  const offset = nameEnd + header.readUInt16LE(28);
  if (offset + entry.compressedSize > end)
    refuse('zip-overlap', `expected room for the bytes of ${quoteName(entry.name)}`);
  const name = source.read(entry.offset + headerBytes, nameEnd - entry.offset - headerBytes);
  compareHeader(entry, header, { name, extra: source.read(nameEnd, offset - nameEnd) });
  return { offset, length: entry.compressedSize };
}

function compareHeader(entry: ZipEntry, header: Buffer, parts: { name: Buffer; extra: Buffer }): void {
  const method = entry.method === 'store' ? 0 : 8;
  assertSame(entry, 'flags', entry.flags, header.readUInt16LE(6));
  assertSame(entry, 'method', method, header.readUInt16LE(8));
  if (!parts.name.equals(entry.nameBytes))
    refuse('zip-header-mismatch', `expected one name for ${quoteName(entry.name)}, got two`);
  const extra = parseExtraFields(parts.extra);
  checkUnicodePath(extra, entry.nameBytes);
  const sizes = resolveZip64(parseSizes(header), extra.zip64);
  const isDeferred = (entry.flags & descriptorFlag) !== 0;
  for (const field of ['crc', 'compressedSize', 'size'] as const) {
    // Some programs know the sizes before they write and put only the checksum off.
    if (isDeferred && sizes[field] === 0) continue;
    assertSame(entry, field, entry[field], sizes[field]);
  }
}

function parseSizes(header: Buffer): SaturatedSizes & { crc: number } {
  return {
    crc: header.readUInt32LE(14),
    compressedSize: header.readUInt32LE(18),
    size: header.readUInt32LE(22),
    offset: 0,
  };
}

function assertSame(entry: ZipEntry, field: string, expected: number, got: number): void {
  if (expected === got) return;
  refuse(
    'zip-header-mismatch',
    `expected the ${field} ${expected} in the local header of ${quoteName(entry.name)}, got ${got}`,
  );
}

/**
 * The bytes between the data of `entry` and what follows must be its data descriptor, or none when it has none.
 * Throws `zip-descriptor`, `zip-gap` or `zip-overlap`.
 */
export function checkDescriptor(source: ByteSource, entry: ZipEntry, extent: Extent): void {
  if ((entry.flags & descriptorFlag) === 0) {
    if (extent.length > 0) refuse('zip-gap', `expected nothing between ${quoteName(entry.name)} and what follows`);
    return;
  }
  // A reader from front to back cannot tell where stored data ends, and would look for a signature inside it.
  if (entry.method === 'store' && entry.size > 0)
    refuse('zip-descriptor', `expected no descriptor after stored data: ${quoteName(entry.name)}`);
  if (![12, 16, 20, 24].includes(extent.length))
    refuse('zip-descriptor', `expected a descriptor after ${quoteName(entry.name)}`);
  const bytes = source.read(extent.offset, extent.length);
  const isSigned = extent.length % 8 === 0 && bytes.readUInt32LE(0) === descriptorSignature;
  const fields = isSigned ? bytes.subarray(4) : bytes;
  if (!isDescriptorOf(entry, fields))
    refuse('zip-descriptor', `expected the descriptor of ${quoteName(entry.name)} to say what the directory says`);
}

/** APPNOTE 4.3.9: checksum and sizes, these of 4 or 8 bytes. */
function isDescriptorOf(entry: ZipEntry, fields: Buffer): boolean {
  if (fields.length !== 12 && fields.length !== 20) return false;
  if (fields.readUInt32LE(0) !== entry.crc) return false;
  if (fields.length === 12)
    return fields.readUInt32LE(4) === entry.compressedSize && fields.readUInt32LE(8) === entry.size;
  return (
    fields.readBigUInt64LE(4) === BigInt(entry.compressedSize) && fields.readBigUInt64LE(12) === BigInt(entry.size)
  );
}

/** Unpacks the entry and compares size and checksum. Throws `zip-size-mismatch`, `zip-crc`, or a rule of the budget. */
export async function checkContent(
  source: ByteSource,
  entry: ZipEntry,
  place: { extent: Extent; budget: UnpackBudget },
): Promise<void> {
  const { extent, budget } = place;
  const count = new ContentCount(entry, budget);
  const consumed = await unpack(source, entry, { extent, count });
  if (consumed !== extent.length)
    refuse('zip-size-mismatch', `expected compressed data without rest: ${quoteName(entry.name)}`);
  count.finish();
}

async function unpack(
  source: ByteSource,
  entry: ZipEntry,
  place: { extent: Extent; count: ContentCount },
): Promise<number> {
  const { extent, count } = place;
  if (entry.method === 'store') {
    for (const chunk of readChunks(source, extent)) count.take(chunk);
    return extent.length;
  }
  if (extent.length > smallBytes || entry.size > smallBytes) {
    return inflateStream(source, extent, (chunk) => count.take(chunk));
  }
  const inflated = inflateSmall(source.read(extent.offset, extent.length), entry.size);
  if (!inflated) return count.refuseSize('more');
  count.take(inflated.bytes);
  return inflated.consumed;
}

class ContentCount {
  readonly #entry: ZipEntry;
  readonly #budget: UnpackBudget;
  #size = 0;
  #crc = 0;

  constructor(entry: ZipEntry, budget: UnpackBudget) {
    this.#entry = entry;
    this.#budget = budget;
  }

  take(chunk: Uint8Array): void {
    this.#size += chunk.length;
    this.#budget.spend(chunk.length);
    if (this.#size > this.#entry.size) this.refuseSize('more');
    this.#crc = crc32(chunk, this.#crc);
  }

  finish(): void {
    if (this.#size !== this.#entry.size) this.refuseSize(`${this.#size}`);
    if (this.#crc !== this.#entry.crc)
      refuse('zip-crc', `expected the checksum of the directory: ${quoteName(this.#entry.name)}`);
  }

  refuseSize(got: string): never {
    refuse('zip-size-mismatch', `expected ${this.#entry.size} bytes in ${quoteName(this.#entry.name)}, got ${got}`);
  }
}
