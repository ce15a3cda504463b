/** Base64, standard alphabet with padding (RFC 4648, section 4), canonical only. */
import { TrustError } from '../errors.ts';
import { encodeText, parseText } from './text.ts';

/** `bytes` in base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  const { length } = bytes;
  const units = new Uint8Array(Math.ceil(length / 3) * 4);
  for (let from = 0, to = 0; from < length; from += 3, to += 4) {
    const bits = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    units[to] = alphabet[bits >> 18] ?? 0;
    units[to + 1] = alphabet[(bits >> 12) & 63] ?? 0;
    units[to + 2] = from + 1 < length ? (alphabet[(bits >> 6) & 63] ?? 0) : padding;
    units[to + 3] = from + 2 < length ? (alphabet[bits & 63] ?? 0) : padding;
  }
  // The call of a decoder costs more than a few characters.
  return units.length <= 256 ? Reflect.apply(String.fromCharCode, null, units) : parseText(units);
}

const alphabet = encodeText('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const padding = 0x3d;

/** What each character stands for; 0xff: for nothing. */
const values = new Uint8Array(256).fill(0xff);
for (const [value, unit] of alphabet.entries()) values[unit] = value;

/** The bytes of `text`. Throws `malformed` on white space, missing padding, other alphabets and non-zero trailing bits. */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text.length <= shortLength) return parseShort(text);
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const binary = text.length % 4 === 0 ? decode(text) : undefined;
  // The platform's decoder drops white space and does without padding: then fewer octets come than the length promises.
  if (binary?.length !== (text.length / 4) * 3 - padding) {
    throw new TrustError('malformed', 'expected base64 with padding');
  }
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index);
  // RFC 4648, section 3.5: the unused bits must be zero, or two texts would stand for the same bytes.
  const last = bytes.subarray(bytes.length - (bytes.length % 3 || 3));
  if (padding > 0 && encodeBase64(last) !== text.slice(-4)) {
    throw new TrustError('malformed', 'expected canonical base64');
  }
  return bytes;
}

// The call of a decoder costs more than a few characters: keys, digests and signatures are read here.
const shortLength = 128;

function parseShort(text: string): Uint8Array<ArrayBuffer> {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const end = text.length - padding;
  let bits = 0;
  let unknown = text.length % 4;
  for (let from = 0, to = 0; from < end; from++) {
    const value = values[text.charCodeAt(from)] ?? 0xff;
    unknown |= value & 0xc0;
    bits = (bits << 6) | value;
    // Every character but the first of four completes an octet.
    if (from % 4 !== 0) bytes[to++] = bits >> (6 - 2 * (from % 4));
  }
  if (unknown !== 0) throw new TrustError('malformed', 'expected base64 with padding');
  // RFC 4648, section 3.5: the unused bits must be zero, or two texts would stand for the same bytes.
  if ((bits & ((1 << (2 * padding)) - 1)) !== 0) throw new TrustError('malformed', 'expected canonical base64');
  return bytes;
}

function decode(text: string): string | undefined {
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}
