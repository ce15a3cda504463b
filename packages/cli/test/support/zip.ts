/** A ZIP with one stored file (APPNOTE 4.3), small and honest. */
import { crc32 } from 'node:zlib';

/** The bytes of an archive that holds `name` with `text`. */
export function createZip(name: string, text: string): Buffer {
  const data = Buffer.from(text);
  const path = Buffer.from(name);
  const facts = Buffer.alloc(22);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE(0x5a21, 8);
  facts.writeUInt32LE(crc32(data), 10);
  facts.writeUInt32LE(data.length, 14);
  facts.writeUInt32LE(data.length, 18);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16LE(path.length, 0);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, lengths, path, data]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, lengths, Buffer.alloc(14), path]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
