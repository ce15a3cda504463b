/** OLPC canonical JSON (http://wiki.laptop.org/go/Canonical_JSON), in which TUF metadata is signed (TUF 1.0.34, 4.1). */
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { compareCodePoints, maxJsonDepth, type SignableObject, type SignableValue } from './canonical.ts';

/**
 * The canonical UTF-8 bytes of `value`: sorted keys, no white space, and no escapes but for `"` and `\`: a line feed in a PEM
 * stands as it is, so the result is not always JSON. Throws `not_canonical` for fractions and for what is too deep.
 */
export function encodeOlpc(value: SignableValue): Uint8Array<ArrayBuffer> {
  return encodeText(encodeValue(value, 0));
}

function encodeValue(value: SignableValue, depth: number): string {
  if (depth > maxJsonDepth) throw new TrustError('not_canonical', `expected at most ${maxJsonDepth} levels`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return encodeString(value);
  if (typeof value === 'number') return encodeInteger(value);
  if (Array.isArray(value)) return `[${value.map((item) => encodeValue(item, depth + 1)).join(',')}]`;
  return encodeObject(value as SignableObject, depth);
}

function encodeObject(object: SignableObject, depth: number): string {
  const members: string[] = [];
  for (const key of Object.keys(object).sort(compareCodePoints)) {
    const member = object[key];
    if (member !== undefined) members.push(`${encodeString(key)}:${encodeValue(member, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

function encodeInteger(value: number): string {
  if (!Number.isSafeInteger(value)) {
    throw new TrustError('not_canonical', `expected an integer within ±(2^53−1), got ${value}`);
  }
  return String(value);
}

function encodeString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
