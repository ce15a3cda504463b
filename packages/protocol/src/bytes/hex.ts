/** Lower-case hexadecimal. */
import { TrustError } from '../errors.ts';

const octets = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** `bytes` in lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index++) text += octets[bytes[index] ?? 0];
  return text;
}

/** The bytes of lower-case hexadecimal `text`. Throws `malformed` on upper case, odd length and other characters. */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new TrustError('malformed', 'expected lower-case hexadecimal');
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}
