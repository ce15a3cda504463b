/** Contents of INTEGER and ENUMERATED (X.690, 8.3): two's complement, most significant octet first, minimal. */
import { encodeHex } from '../bytes/hex.ts';
import { refuseDer } from './malformed.ts';

/** Throws `malformed` unless the content octets are a minimal integer (X.690, 8.3.2). */
export function assertInteger(content: Uint8Array): void {
  const [first, second = 0] = content;
  if (first === undefined) throw refuseDer('an integer of at least one octet');
  if (content.length === 1) return;
  if ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80)) throw refuseDer('a minimal integer');
}

/** The value of checked content octets. Above 10 KiB, refused with `malformed`: no number here is that large. */
export function toBigInt(content: Uint8Array): bigint {
  if (content.length > 10_240) throw refuseDer('an integer of at most 10240 octets');
  const magnitude = toUnsigned(content);
  return (content[0] ?? 0) < 0x80 ? magnitude : magnitude - (1n << BigInt(content.length * 8));
}

/** The number that `magnitude` is in big-endian order, without a sign; nothing is zero. */
export function toUnsigned(magnitude: Uint8Array): bigint {
  return magnitude.length === 0 ? 0n : BigInt(`0x${encodeHex(magnitude)}`);
}

/** The value of checked content octets that must lie from 0 to 2^31−1. */
export function toSmallInteger(content: Uint8Array): number {
  if (content.length > 4 || (content[0] ?? 0) >= 0x80) throw refuseDer('an integer from 0 to 2^31−1');
  let value = 0;
  for (const octet of content) value = value * 256 + octet;
  return value;
}

/** The content octets of a value. */
export function encodeInteger(value: bigint | number): Uint8Array<ArrayBuffer> {
  if (typeof value === 'number' && value >= 0 && value < 0x80) return Uint8Array.of(value);
  const number = BigInt(value);
  const magnitude = number < 0n ? -number - 1n : number;
  const octets = new Uint8Array(Math.floor(magnitude.toString(2).length / 8) + 1);
  let rest = BigInt.asUintN(octets.length * 8, number);
  for (let index = octets.length - 1; index >= 0; index--, rest >>= 8n) octets[index] = Number(rest & 0xffn);
  return octets;
}

/**
 * The content octets of the non-negative number that `magnitude` is in big-endian order; leading zeros are allowed. To be read
 * only: it is `magnitude` itself where that is minimal.
 */
export function encodeUnsigned(magnitude: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
export function encodeUnsigned(magnitude: Uint8Array): Uint8Array;
export function encodeUnsigned(magnitude: Uint8Array): Uint8Array {
  const first = magnitude[0] ?? 0;
  if (first > 0 && first < 0x80) return magnitude;
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const needsZero = (magnitude[start] ?? 0) >= 0x80 || magnitude.length === 0;
  const content = new Uint8Array(magnitude.length - start + (needsZero ? 1 : 0));
  content.set(magnitude.subarray(start), needsZero ? 1 : 0);
  return content;
}
