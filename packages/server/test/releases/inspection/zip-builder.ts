/** Builds ZIP archives byte by byte, so that each field can be made to lie. */
import { crc32, deflateRawSync } from 'node:zlib';

/** An entry; what is left out is what an honest program would write. */
export interface EntryPlan {
  name: string | Buffer;
  content?: Buffer | string;
  method?: number;
  flags?: number;
  /** Compressed bytes as they lie in the file. */
  data?: Buffer;
  crc?: number;
  size?: number;
  compressedSize?: number;
  mode?: number;
  dosAttributes?: number;
  extra?: Buffer;
  comment?: Buffer;
  disk?: number;
  /** Fields that only the local header has. */
  local?: {
    name?: string;
    method?: number;
    flags?: number;
    crc?: number;
    size?: number;
    compressedSize?: number;
    extra?: Buffer;
    signature?: string;
  };
  /** Bytes after the data. */
  descriptor?: Buffer;
  /** Bytes before the local header. */
  before?: Buffer;
  /** Where the directory says that the local header is. */
  offset?: number;
  /** Leaves the local header and data out, to point elsewhere. */
  isPhantom?: boolean;
}

/** What stands around the entries. */
export interface ArchivePlan {
  prepend?: Buffer;
  beforeDirectory?: Buffer;
  afterDirectory?: Buffer;
  append?: Buffer;
  comment?: Buffer;
  entries?: number;
  diskEntries?: number;
  disk?: number;
  directoryOffset?: number;
  directoryBytes?: number;
  /** A ZIP64 end record and locator, given the true values. */
  end64?: (truth: EndTruth) => Buffer;
}

export interface EndTruth {
  entries: number;
  directoryBytes: number;
  directoryOffset: number;
  end64Offset: number;
}

/** A file named `name` with a few bytes. */
export function file(name: string | Buffer, more: Partial<EntryPlan> = {}): EntryPlan {
  return { name, content: `content of ${name.toString()}`, ...more };
}

/** The archive, honest where the plan says nothing. Offsets are right even with `prepend`, unless `directoryOffset` is given. */
export function buildZip(plans: readonly EntryPlan[], archive: ArchivePlan = {}): Buffer {
  const parts: Buffer[] = [archive.prepend ?? Buffer.alloc(0)];
  const headers: Buffer[] = [];
  let position = measure(parts);
  for (const plan of plans) {
    const entry = complete(plan);
    const before = plan.before ?? Buffer.alloc(0);
    headers.push(centralHeader(entry, plan.offset ?? position + before.length));
    if (plan.isPhantom) continue;
    const part = Buffer.concat([before, localHeader(entry), entry.data, plan.descriptor ?? Buffer.alloc(0)]);
    parts.push(part);
    position += part.length;
  }
  if (archive.beforeDirectory) parts.push(archive.beforeDirectory);
  const directoryOffset = measure(parts);
  parts.push(...headers);
  const truth = { entries: plans.length, directoryOffset, directoryBytes: measure(headers), end64Offset: 0 };
  if (archive.afterDirectory) parts.push(archive.afterDirectory);
  if (archive.end64) parts.push(archive.end64({ ...truth, end64Offset: measure(parts) }));
  parts.push(endRecord(truth, archive), archive.append ?? Buffer.alloc(0));
  return Buffer.concat(parts);
}

/** The ZIP64 end record and its locator; each value may lie. */
export function end64(truth: EndTruth, lies: Partial<EndTruth & { recordSize: number; disk: number }> = {}): Buffer {
  const said = { recordSize: 44, disk: 0, ...truth, ...lies };
  const record = Buffer.alloc(56);
  record.write('PK\x06\x06', 'latin1');
  record.writeBigUInt64LE(BigInt(said.recordSize), 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  record.writeUInt32LE(said.disk, 16);
  record.writeBigUInt64LE(BigInt(said.entries), 24);
  record.writeBigUInt64LE(BigInt(said.entries), 32);
  record.writeBigUInt64LE(BigInt(said.directoryBytes), 40);
  record.writeBigUInt64LE(BigInt(said.directoryOffset), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(said.end64Offset), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}

/** An extra field. */
export function extraField(id: number, content: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(content.length, 2);
  return Buffer.concat([head, content]);
}

/** 64-bit little-endian numbers. */
export function u64(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8);
  return bytes;
}

/** 32-bit little-endian numbers. */
export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

type Complete = Required<Pick<EntryPlan, 'method' | 'flags' | 'data' | 'crc' | 'size' | 'compressedSize'>> & EntryPlan;

function complete(plan: EntryPlan): Complete {
  const content = Buffer.from(plan.content ?? '');
  const method = plan.method ?? 8;
  const data = plan.data ?? (method === 8 ? deflateRawSync(content) : content);
  return { flags: 0, crc: crc32(content), size: content.length, compressedSize: data.length, ...plan, method, data };
}

function localHeader(entry: Complete): Buffer {
  const name = Buffer.from(entry.local?.name ?? entry.name);
  const extra = entry.local?.extra ?? entry.extra ?? Buffer.alloc(0);
  const header = Buffer.alloc(30);
  header.write(entry.local?.signature ?? 'PK\x03\x04', 'latin1');
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(entry.local?.flags ?? entry.flags, 6);
  header.writeUInt16LE(entry.local?.method ?? entry.method, 8);
  header.writeUInt32LE(entry.local?.crc ?? entry.crc, 14);
  header.writeUInt32LE(entry.local?.compressedSize ?? entry.compressedSize, 18);
  header.writeUInt32LE(entry.local?.size ?? entry.size, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra]);
}

function centralHeader(entry: Complete, offset: number): Buffer {
  const name = Buffer.from(entry.name);
  const extra = entry.extra ?? Buffer.alloc(0);
  const comment = entry.comment ?? Buffer.alloc(0);
  const header = Buffer.alloc(46);
  header.write('PK\x01\x02', 'latin1');
  header.writeUInt16LE(0x0314, 4);
  header.writeUInt16LE(20, 6);
  header.writeUInt16LE(entry.flags, 8);
  header.writeUInt16LE(entry.method, 10);
  header.writeUInt32LE(entry.crc, 16);
  header.writeUInt32LE(entry.compressedSize, 20);
  header.writeUInt32LE(entry.size, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt16LE(comment.length, 32);
  header.writeUInt16LE(entry.disk ?? 0, 34);
  header.writeUInt32LE((((entry.mode ?? 0) << 16) | (entry.dosAttributes ?? 0)) >>> 0, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name, extra, comment]);
}

function endRecord(truth: EndTruth, archive: ArchivePlan): Buffer {
  const record = Buffer.alloc(22);
  record.write('PK\x05\x06', 'latin1');
  record.writeUInt16LE(archive.disk ?? 0, 4);
  record.writeUInt16LE(archive.diskEntries ?? archive.entries ?? truth.entries, 8);
  record.writeUInt16LE(archive.entries ?? truth.entries, 10);
  record.writeUInt32LE(archive.directoryBytes ?? truth.directoryBytes, 12);
  record.writeUInt32LE(archive.directoryOffset ?? truth.directoryOffset, 16);
  record.writeUInt16LE(archive.comment?.length ?? 0, 20);
  return Buffer.concat([record, archive.comment ?? Buffer.alloc(0)]);
}

function measure(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
