/** Points of the NIST curves (FIPS 186-5; SP 800-186, 3.2.1): y² = x³ − 3x + b over a prime field. */
import { toUnsigned } from '../asn1/integer.ts';
import type { Curve } from './key-type.ts';

interface Field {
  readonly prime: bigint;
  readonly b: bigint;
}

const fields: Readonly<Record<Curve, Field>> = {
  'P-256': {
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    prime: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

/**
 * Whether an uncompressed point has coordinates below the prime and lies on the curve. The groups have no cofactor: every
 * such point has the full order, and infinity cannot be written in this form.
 */
export function isOnCurve(curve: Curve, point: Uint8Array): boolean {
  const { prime, b } = fields[curve];
  const size = (point.length - 1) / 2;
  const x = toUnsigned(point.subarray(1, 1 + size));
  const y = toUnsigned(point.subarray(1 + size));
  return x < prime && y < prime && (y * y - (x * x - 3n) * x - b) % prime === 0n;
}
