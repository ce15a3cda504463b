/** Canonical JSON, the update profile of docs/protocol/canonical-json.md: one value, one text, the same in every language. */
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';

/** What may be signed: no floats, no empty objects, no keys that look like numbers. */
export type SignableValue = string | number | boolean | null | readonly SignableValue[] | SignableObject;

/** An object that may be signed. `undefined` members count as absent. */
export interface SignableObject {
  readonly [key: string]: SignableValue | undefined;
}

/** How many arrays and objects a value may stand in. */
export const maxJsonDepth = 32;

/** The canonical text of `value`. Throws `not_canonical` when the profile cannot carry it. */
export function encodeCanonicalText(value: SignableValue): string {
  return encodeValue(value, 0);
}

/** The canonical UTF-8 bytes of `value`: what is signed, hashed and sent. Throws `not_canonical`. */
export function encodeCanonical(value: SignableValue): Uint8Array<ArrayBuffer> {
  return encodeText(encodeCanonicalText(value));
}

function encodeValue(value: SignableValue, depth: number): string {
  if (depth > maxJsonDepth) throw new TrustError('not_canonical', `expected at most ${maxJsonDepth} levels`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return encodeString(value);
  if (typeof value === 'number') return encodeInteger(value);
  if (Array.isArray(value)) return `[${value.map((item) => encodeValue(item, depth + 1)).join(',')}]`;
  if (typeof value === 'object') return encodeObject(value as SignableObject, depth);
  throw new TrustError('not_canonical', `expected a JSON value, got ${typeof value}`);
}

function encodeObject(object: SignableObject, depth: number): string {
  const members: string[] = [];
  for (const key of Object.keys(object).sort(compareCodePoints)) {
    const member = object[key];
    if (member === undefined) continue;
    assertKey(key);
    members.push(`${encodeString(key)}:${encodeValue(member, depth + 1)}`);
  }
  // PHP turns an empty object into an empty array, so its signature would not survive there.
  if (members.length === 0) throw new TrustError('not_canonical', 'expected a non-empty object');
  return `{${members.join(',')}}`;
}

function encodeInteger(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw new TrustError('not_canonical', `expected an integer within ±(2^53−1), got ${value}`);
  }
  return String(value);
}

function encodeString(text: string): string {
  assertText(text);
  return JSON.stringify(text);
}

/** Throws `not_canonical` for text that languages escape differently: U+2028, U+2029, lone surrogates. */
export function assertText(text: string): void {
  // PHP escapes the two separators even when told to leave Unicode alone.
  if (/[\u2028\u2029]/.test(text)) throw new TrustError('not_canonical', 'expected text without U+2028 and U+2029');
  assertWellFormed(text);
}

/** Throws `not_canonical` for text with lone surrogates, which has no UTF-8. */
export function assertWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new TrustError('not_canonical', 'expected text without lone surrogates');
}

/** Throws `not_canonical` for a key that PHP would turn into a list index, or sort by its value instead of its bytes. */
export function assertKey(key: string): void {
  // A number begins with white space, a sign, a point or a digit, all of which stand before the letters.
  if (key.charCodeAt(0) > 0x39) return;
  if (numericPattern.test(key))
    throw new TrustError('not_canonical', 'expected a key that does not look like a number');
}

// What PHP calls a numeric string: `ksort` without SORT_STRING puts "9.5" before "10.5".
const numericPattern = /^[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\r\v\f]*$/;

/** Order by code point, as Python and PHP (bytes of UTF-8) have it; JavaScript's own order is by UTF-16 unit. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    const aSurrogate = a >= 0xd800 && a <= 0xdfff;
    const bSurrogate = b >= 0xd800 && b <= 0xdfff;
    // A surrogate stands for a code point above every unit that is none.
    if (aSurrogate !== bSurrogate) return aSurrogate ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}
