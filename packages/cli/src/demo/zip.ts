/** Writes a ZIP (APPNOTE 6.3.10) for the demo: deflated entries, fixed times, so that the same files give the same bytes. */
import { crc32, deflateRawSync } from 'node:zlib';

/** One file of an archive. */
export interface ZipEntry {
  /** Relative, with forward slashes, ASCII. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

// 1980-01-01 00:00, the first moment that MS-DOS time knows.
const dosTime = 0;
const dosDate = 0x21;
const versionNeeded = 20;
const deflated = 8;

/** The archive of `entries`, in their order. */
export function encodeZip(entries: readonly ZipEntry[]): Uint8Array {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name, 'ascii');
    const data = deflateRawSync(entry.bytes);
    const shared = encodeSharedHeader({
      crc: crc32(entry.bytes),
      packed: data.length,
      size: entry.bytes.length,
      name: name.length,
    });
    local.push(Buffer.from([0x50, 0x4b, 3, 4]), shared, name, data);
    central.push(encodeCentralHeader(shared, offset), name);
    offset += 4 + shared.length + name.length + data.length;
  }
  const directory = Buffer.concat(central);
  return Buffer.concat([...local, directory, encodeEnd({ count: entries.length, size: directory.length, offset })]);
}

/** What local and central header have in common: 4.3.7 from "version needed" to "extra field length". */
function encodeSharedHeader({
  crc,
  packed,
  size,
  name,
}: {
  crc: number;
  packed: number;
  size: number;
  name: number;
}): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(versionNeeded, 0);
  header.writeUInt16LE(deflated, 4);
  header.writeUInt16LE(dosTime, 6);
  header.writeUInt16LE(dosDate, 8);
  header.writeUInt32LE(crc, 10);
  header.writeUInt32LE(packed, 14);
  header.writeUInt32LE(size, 18);
  header.writeUInt16LE(name, 22);
  return header;
}

function encodeCentralHeader(shared: Buffer, offset: number): Buffer {
  const head = Buffer.from([0x50, 0x4b, 1, 2, versionNeeded, 0]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([head, shared, tail]);
}

function encodeEnd({ count, size, offset }: { count: number; size: number; offset: number }): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
