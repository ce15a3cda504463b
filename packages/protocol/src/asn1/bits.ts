/** Contents of BIT STRING (X.690, 8.6 and 11.2). */
import { refuseDer } from './malformed.ts';

/** Bits from the most significant of the first octet on; the unused ones at the end are zero. */
export interface BitString {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** 0 to 7. */
  readonly unusedBits: number;
}

/** The bits of content octets. Throws `malformed` unless the unused bits are there and zero (X.690, 11.2.1). */
export function parseBits(content: Uint8Array<ArrayBuffer>): BitString {
  const unusedBits = content[0];
  if (unusedBits === undefined || unusedBits > 7) throw refuseDer('a bit string with 0 to 7 unused bits');
  if (content.length === 1 && unusedBits !== 0) throw refuseDer('an empty bit string without unused bits');
  if ((content.at(-1) ?? 0) & ((1 << unusedBits) - 1) && content.length > 1) {
    throw refuseDer('a bit string whose unused bits are zero');
  }
  return { bytes: content.subarray(1), unusedBits };
}

/** A list of named bits as a mask: bit n of the list is `1 << n`. Throws `malformed` above 31 bits or with zeros at the end. */
export function parseNamedBits(content: Uint8Array<ArrayBuffer>): number {
  const { bytes, unusedBits } = parseBits(content);
  if (bytes.length > 4) throw refuseDer('at most 31 named bits');
  // X.690, 11.2.2: in a list of named bits, the last one is set.
  const last = bytes.at(-1);
  if (last !== undefined && ((last >> unusedBits) & 1) === 0) throw refuseDer('named bits without zeros at the end');
  let mask = 0;
  for (const [index, octet] of bytes.entries()) {
    for (let bit = 0; bit < 8; bit++) if (octet & (0x80 >> bit)) mask += 2 ** (index * 8 + bit);
  }
  if (mask >= 2 ** 31) throw refuseDer('at most 31 named bits');
  return mask;
}

/** The content octets of a mask of named bits. */
export function encodeNamedBits(mask: number): Uint8Array<ArrayBuffer> {
  const length = mask === 0 ? 0 : 32 - Math.clz32(mask);
  const content = new Uint8Array(1 + Math.ceil(length / 8));
  content[0] = (8 - (length % 8)) % 8;
  for (let bit = 0; bit < length; bit++) {
    const index = 1 + (bit >> 3);
    if (mask & (1 << bit)) content[index] = (content[index] ?? 0) | (0x80 >> (bit & 7));
  }
  return content;
}
