/** A gzip file of exactly one member (RFC 1952): programs disagree about what follows the first. */
import { crc32 } from 'node:zlib';
import type { ByteSource } from '../byte-source.ts';
import { inflateStream } from '../inflate.ts';
import { refuse } from '../rules.ts';

const fixedBytes = 10;
const trailerBytes = 8;

/** Names and comments in the header, all together. */
const maxHeaderBytes = 64 * 1024;

/** Unpacks the member, hands its bytes to `take`, and checks that the file ends with it. Throws the rule that it breaks. */
export async function gunzipSingle(source: ByteSource, take: (chunk: Buffer, consumed: number) => void): Promise<void> {
  const start = measureHeader(source);
  let crc = 0;
  let size = 0;
  const length = await inflateStream(source, { offset: start, length: source.size - start }, (chunk, consumed) => {
    crc = crc32(chunk, crc);
    size += chunk.length;
    take(chunk, start + consumed);
  });
  checkTrailer(source, start + length, { crc, size });
}

/** RFC 1952, 2.3: the length of the header with its optional fields. */
function measureHeader(source: ByteSource): number {
  const bytes = source.read(0, Math.min(source.size, maxHeaderBytes));
  if (bytes.length < fixedBytes || bytes.readUInt16BE(0) !== 0x1f8b || bytes[2] !== 8)
    refuse('gzip-header', 'expected gzip with deflate');
  const flags = bytes.readUInt8(3);
  if (flags & 0b1110_0000) refuse('gzip-header', 'expected no reserved flags');
  let position = fixedBytes;
  if (flags & 0b100) position = skipExtra(bytes, position);
  if (flags & 0b1000) position = skipText(bytes, position);
  if (flags & 0b1_0000) position = skipText(bytes, position);
  if (flags & 0b10) position = skipChecksum(bytes, position);
  return position;
}

function skipExtra(bytes: Buffer, position: number): number {
  if (position + 2 > bytes.length) refuse('gzip-header', 'expected the extra field to end inside the header');
  const end = position + 2 + bytes.readUInt16LE(position);
  if (end > bytes.length) refuse('gzip-header', 'expected the extra field to end inside the header');
  return end;
}

function skipText(bytes: Buffer, position: number): number {
  const end = bytes.indexOf(0, position);
  if (end === -1) refuse('gzip-header', 'expected the name and comment to end inside the header');
  return end + 1;
}

function skipChecksum(bytes: Buffer, position: number): number {
  if (position + 2 > bytes.length) refuse('gzip-header', 'expected a whole header');
  const expected = crc32(bytes.subarray(0, position)) & 0xffff;
  if (bytes.readUInt16LE(position) !== expected) refuse('gzip-header', 'expected the checksum of the header to match');
  return position + 2;
}

function checkTrailer(source: ByteSource, position: number, content: { crc: number; size: number }): void {
  if (position + trailerBytes > source.size) refuse('archive-corrupt', 'expected a whole gzip trailer');
  const trailer = source.read(position, trailerBytes);
  const isIntact = trailer.readUInt32LE(0) === content.crc && trailer.readUInt32LE(4) === content.size % 2 ** 32;
  if (!isIntact) refuse('gzip-checksum', 'expected the checksum and size of the trailer to match');
  const rest = source.size - position - trailerBytes;
  if (rest === 0) return;
  const isMember = rest >= 2 && source.read(position + trailerBytes, 2).readUInt16BE(0) === 0x1f8b;
  if (isMember) refuse('gzip-multi-member', 'expected one gzip member, got several');
  refuse('gzip-trailing-data', `expected the file to end with the gzip member, got ${rest} bytes more`);
}
