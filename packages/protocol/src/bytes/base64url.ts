/** Base64url without padding (RFC 4648, section 5; RFC 7515, section 2), canonical only. */

import { TrustError } from '../errors.ts';
import { encodeBase64, parseBase64 } from './base64.ts';

/** `bytes` in base64url, without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The bytes of `text`. Throws `malformed` on padding, white space, other alphabets and non-zero trailing bits. */
export function parseBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TrustError('malformed', 'expected base64url without padding');
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return parseBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='));
}
