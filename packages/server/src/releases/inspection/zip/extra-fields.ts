/** Extra fields of ZIP headers (APPNOTE 4.5): those that could make programs read another entry are checked. */
import { crc32 } from 'node:zlib';
import { refuse } from '../rules.ts';

const zip64Id = 0x0001;
const unicodePathId = 0x7075;
const unicodeCommentId = 0x6375;
const asiUnixId = 0x756e;
const checkedIds: readonly number[] = [zip64Id, unicodePathId, unicodeCommentId, asiUnixId];

/** The fields that change what an entry is. */
export interface ExtraFields {
  readonly zip64: Buffer | undefined;
  /** The name in UTF-8, beside the one in the header. */
  readonly unicodePath: Buffer | undefined;
}

/** Reads all fields. Throws `zip-extra-field` when they do not fill `bytes` exactly or one that matters stands twice. */
export function parseExtraFields(bytes: Buffer): ExtraFields {
  const found = new Map<number, Buffer>();
  let position = 0;
  while (position < bytes.length) {
    // zipalign pads with up to three zeros, which no program takes for a field.
    if (bytes.length - position < 4 && bytes.subarray(position).every((byte) => byte === 0)) break;
    if (bytes.length - position < 4) refuse('zip-extra-field', 'expected whole extra fields');
    const id = bytes.readUInt16LE(position);
    const end = position + 4 + bytes.readUInt16LE(position + 2);
    if (end > bytes.length) refuse('zip-extra-field', `expected the extra field ${hex(id)} to end inside its header`);
    if (checkedIds.includes(id)) {
      if (found.has(id)) refuse('zip-extra-field', `expected the extra field ${hex(id)} once`);
      found.set(id, bytes.subarray(position + 4, end));
    }
    position = end;
  }
  refuseLinks(found.get(asiUnixId));
  return { zip64: found.get(zip64Id), unicodePath: found.get(unicodePathId) };
}

/** Some programs follow the mode of field 0x756e, and then the name of a link behind it. */
function refuseLinks(field: Buffer | undefined): void {
  if (!field) return;
  if (field.length < 14) refuse('zip-extra-field', 'expected at least 14 bytes in the extra field 0x756e');
  const type = field.readUInt16LE(4) & 0o170000;
  if (![0, 0o040000, 0o100000].includes(type)) refuse('entry-symlink', 'expected no link in the extra field 0x756e');
}

/** APPNOTE 4.6.9: programs take the Unicode name when its checksum fits the other, so both must be the same bytes. */
export function checkUnicodePath({ unicodePath }: ExtraFields, name: Buffer): void {
  if (!unicodePath) return;
  const isApplied = unicodePath.length >= 5 && unicodePath[0] === 1 && unicodePath.readUInt32LE(1) === crc32(name);
  if (!isApplied || !unicodePath.subarray(5).equals(name))
    refuse('zip-extra-field', 'expected one name in a header, got two');
}

/** Which 32-bit fields of a header are saturated, in the order of APPNOTE 4.5.3. */
export interface SaturatedSizes {
  readonly size: number;
  readonly compressedSize: number;
  readonly offset: number;
}

const saturated = 0xffffffff;

/**
 * Replaces saturated values by those of the ZIP64 field. The field must hold exactly the saturated ones. Throws `zip-zip64`.
 */
export function resolveZip64<T extends SaturatedSizes>(header: T, zip64: Buffer | undefined): T {
  const names = (['size', 'compressedSize', 'offset'] as const).filter((name) => header[name] === saturated);
  if (!zip64) {
    if (names.length > 0) refuse('zip-zip64', 'expected a ZIP64 field for the saturated sizes');
    return header;
  }
  if (zip64.length !== names.length * 8) {
    refuse('zip-zip64', `expected ${names.length * 8} bytes in the ZIP64 field, got ${zip64.length}`);
  }
  const values = names.map((name, index) => [name, readSafeInteger(zip64, index * 8)]);
  return { ...header, ...Object.fromEntries(values) };
}

/** A 64-bit number. Throws `zip-zip64` above 2^53. */
export function readSafeInteger(bytes: Buffer, offset: number): number {
  const value = bytes.readBigUInt64LE(offset);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuse('zip-zip64', 'expected a 64-bit number below 2^53');
  return Number(value);
}

function hex(id: number): string {
  return `0x${id.toString(16).padStart(4, '0')}`;
}
