/** UTF-8, strict in both directions. */
import { TrustError } from '../errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of `text`. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  // The call of an encoder costs more than a few characters.
  return (text.length <= 48 ? encodeAscii(text) : undefined) ?? encoder.encode(text);
}

/** `undefined` when there is more than ASCII. */
function encodeAscii(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return undefined;
    bytes[index] = unit;
  }
  return bytes;
}

/** The text of UTF-8 `bytes`. A byte order mark is kept as a character. Throws `malformed` on anything that is not UTF-8. */
export function parseText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new TrustError('malformed', 'expected UTF-8', { cause });
  }
}
