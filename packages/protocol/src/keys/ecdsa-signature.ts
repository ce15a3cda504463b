/** Ecdsa-Sig-Value (RFC 3279, 2.2.3) against the two fixed-size numbers of Web Crypto (IEEE P1363). */

import { refuseDer } from '../asn1/malformed.ts';
import { parseDer } from '../asn1/reader.ts';
import { encodeDer, sequence, unsigned } from '../asn1/writer.ts';

/** Both numbers of a DER signature, each `size` octets wide. Throws `malformed` when one is zero, negative or too large. */
export function parseEcdsaSignature(signature: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  return parseDer(signature, { maxBytes: 2 * size + 16 }, (reader) => {
    const raw = new Uint8Array(2 * size);
    const pair = reader.readSequence();
    for (const end of [size, 2 * size]) {
      const number = pair.readUnsigned();
      if (number.length === 0 || number.length > size) throw refuseDer(`a number of 1 to ${size} octets`);
      raw.set(number, end - number.length);
    }
    pair.assertEnd();
    return raw;
  });
}

/** The DER signature of two numbers of the same size. */
export function encodeEcdsaSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = raw.length / 2;
  return encodeDer(sequence(unsigned(raw.subarray(0, size)), unsigned(raw.subarray(size))));
}
