/** The end of a ZIP file (APPNOTE 4.3.14 to 4.3.16): exactly one end record, and nothing after it. */
import type { ByteSource } from '../byte-source.ts';
import { refuse } from '../rules.ts';
import { readSafeInteger } from './extra-fields.ts';

const endSignature = 0x06054b50;
const locatorSignature = 0x07064b50;
const directorySignature = 0x02014b50;
const end64Signature = 0x06064b50;
const endBytes = 22;
const locatorBytes = 20;
const end64Bytes = 56;
const maxCommentBytes = 0xffff;

/** Where the central directory lies, and how many entries it says to have. */
export interface EndRecord {
  readonly entries: number;
  readonly directoryOffset: number;
  readonly directoryBytes: number;
}

/** Finds and checks the end. Throws the `zip-…` rule that it breaks. */
export function readEndRecord(source: ByteSource): EndRecord {
  const position = findEnd(source);
  const end64Position = findEnd64(source, position);
  const record = parseEnd(source.read(position, endBytes), end64Position !== undefined);
  if (end64Position === undefined) return checkBounds(source, record, position);
  return checkBounds(source, resolveEnd64(record, source.read(end64Position, end64Bytes)), end64Position);
}

/** Programs look from the end or from the start of the comment: both must find the same record. */
function findEnd(source: ByteSource): number {
  const start = Math.max(0, source.size - endBytes - maxCommentBytes);
  const tail = source.read(start, source.size - start);
  const ends: number[] = [];
  let last = -1;
  for (let at = tail.indexOf('PK\x05\x06', 0, 'latin1'); at !== -1; at = tail.indexOf('PK\x05\x06', at + 1, 'latin1')) {
    last = at;
    if (at + endBytes <= tail.length && at + endBytes + tail.readUInt16LE(at + 20) === tail.length) ends.push(at);
  }
  const [end] = ends;
  if (end === undefined) return refuseEnd(tail, last);
  if (ends.length > 1 || last !== end) refuse('zip-end-ambiguous', 'expected one end record, got several');
  return start + end;
}

function refuseEnd(tail: Buffer, last: number): never {
  if (last === -1) refuse('zip-end-record', 'expected an end record, got none');
  const isShort = last + endBytes > tail.length || last + endBytes + tail.readUInt16LE(last + 20) > tail.length;
  if (isShort) refuse('zip-end-record', 'expected a whole end record');
  refuse('zip-appended-data', 'expected nothing after the end record');
}

/** With a ZIP64 end record, numbers of disks may be saturated too. */
function parseEnd(bytes: Buffer, hasEnd64: boolean): EndRecord {
  if (bytes.readUInt32LE(0) !== endSignature) refuse('zip-end-record', 'expected an end record');
  const isOneDisk = [4, 6].every(
    (at) => bytes.readUInt16LE(at) === 0 || (hasEnd64 && bytes.readUInt16LE(at) === 0xffff),
  );
  const entries = bytes.readUInt16LE(10);
  if (!isOneDisk || bytes.readUInt16LE(8) !== entries) {
    refuse('zip-multi-disk', 'expected an archive of one part');
  }
  return { entries, directoryBytes: bytes.readUInt32LE(12), directoryOffset: bytes.readUInt32LE(16) };
}

/** The position of the ZIP64 end record when a locator stands before the end record. */
function findEnd64(source: ByteSource, endPosition: number): number | undefined {
  const position = endPosition - locatorBytes;
  if (position < 0) return undefined;
  const locator = source.read(position, locatorBytes);
  if (locator.readUInt32LE(0) !== locatorSignature) return undefined;
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) !== 1)
    refuse('zip-multi-disk', 'expected an archive of one part');
  const end64Position = readSafeInteger(locator, 8);
  if (end64Position + end64Bytes !== position)
    refuse('zip-zip64', 'expected the ZIP64 end record right before its locator');
  return end64Position;
}

function resolveEnd64(record: EndRecord, bytes: Buffer): EndRecord {
  if (bytes.readUInt32LE(0) !== end64Signature) refuse('zip-zip64', 'expected a ZIP64 end record');
  if (readSafeInteger(bytes, 4) !== end64Bytes - 12) refuse('zip-zip64', 'expected a ZIP64 end record of version 1');
  if (bytes.readUInt32LE(16) !== 0 || bytes.readUInt32LE(20) !== 0)
    refuse('zip-multi-disk', 'expected an archive of one part');
  const entries = readSafeInteger(bytes, 32);
  if (readSafeInteger(bytes, 24) !== entries) refuse('zip-multi-disk', 'expected an archive of one part');
  return {
    entries: agree(record.entries, 0xffff, entries),
    directoryBytes: agree(record.directoryBytes, 0xffffffff, readSafeInteger(bytes, 40)),
    directoryOffset: agree(record.directoryOffset, 0xffffffff, readSafeInteger(bytes, 48)),
  };
}

/** Programs that do not know ZIP64 must see the same, or the value that says "see there". */
function agree(value: number, saturated: number, value64: number): number {
  if (value !== saturated && value !== value64)
    refuse('zip-zip64', `expected ${value} in both end records, got ${value64}`);
  return value64;
}

/** The directory must end where the end records begin. */
function checkBounds(source: ByteSource, record: EndRecord, end: number): EndRecord {
  const directoryEnd = record.directoryOffset + record.directoryBytes;
  if (directoryEnd > end) refuse('zip-directory', `expected the directory to end at ${end}, got ${directoryEnd}`);
  if (directoryEnd === end) return record;
  const isInPlace = source.read(record.directoryOffset, 4).readUInt32LE(0) === directorySignature;
  if (isInPlace) refuse('zip-gap', 'expected nothing between the directory and the end record');
  refuse('zip-prepended-data', `expected the directory to end at ${end}, got ${directoryEnd}`);
}
