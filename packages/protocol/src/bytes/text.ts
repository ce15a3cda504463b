/** UTF-8, strict in both directions. */
import { TrustError } from '../errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of `text`. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The text of UTF-8 `bytes`. A byte order mark is kept as a character. Throws `malformed` on anything that is not UTF-8. */
export function parseText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new TrustError('malformed', 'expected UTF-8', { cause });
  }
}
