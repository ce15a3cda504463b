/** Points of the NIST curves (FIPS 186-5; SP 800-186, 3.2.1): y² = x³ − 3x + b over a prime field. Public ones: nothing here takes constant time. */
import { toUnsigned } from '../asn1/integer.ts';
import type { Curve } from './key-type.ts';

/** A curve, its base point, and the base point's order. */
export interface CurveParameters {
  readonly prime: bigint;
  readonly b: bigint;
  readonly order: bigint;
  readonly base: EcPoint;
}

/** A point in Jacobian coordinates: x/z², y/z³. Infinity has z = 0. */
export interface EcPoint {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

/** The curves' parameters (SP 800-186, 3.2.1.3 to 3.2.1.5). */
export const curveParameters: Readonly<Record<Curve, CurveParameters>> = {
  'P-256': {
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    base: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
      z: 1n,
    },
  },
  'P-384': {
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    base: {
      x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
      z: 1n,
    },
  },
  'P-521': {
    prime: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    order:
      0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    base: {
      x: 0xc6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      y: 0x11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
      z: 1n,
    },
  },
};

/**
 * Whether an uncompressed point has coordinates below the prime and lies on the curve. The groups have no cofactor: every
 * such point has the full order, and infinity cannot be written in this form.
 */
export function isOnCurve(curve: Curve, point: Uint8Array): boolean {
  const { prime, b } = curveParameters[curve];
  const { x, y } = readPoint(point);
  return x < prime && y < prime && (y * y - (x * x - 3n) * x - b) % prime === 0n;
}

/** The uncompressed point in `point`, which is not looked at any further. */
export function readPoint(point: Uint8Array): EcPoint {
  const size = (point.length - 1) / 2;
  return { x: toUnsigned(point.subarray(1, 1 + size)), y: toUnsigned(point.subarray(1 + size)), z: 1n };
}

/** Twice a point. */
export function doublePoint({ x, y, z }: EcPoint, prime: bigint): EcPoint {
  const zz = (z * z) % prime;
  const yy = (y * y) % prime;
  const beta = (x * yy) % prime;
  const alpha = (3n * (x - zz) * (x + zz)) % prime;
  const doubledX = reduce(alpha * alpha - 8n * beta, prime);
  return {
    x: doubledX,
    y: reduce(alpha * (4n * beta - doubledX) - 8n * yy * yy, prime),
    z: (2n * y * z) % prime,
  };
}

/** The sum of two points. */
export function addPoints(left: EcPoint, right: EcPoint, prime: bigint): EcPoint {
  if (left.z === 0n) return right;
  if (right.z === 0n) return left;
  const leftZz = (left.z * left.z) % prime;
  const rightZz = (right.z * right.z) % prime;
  const leftX = (left.x * rightZz) % prime;
  const leftY = (left.y * rightZz * right.z) % prime;
  const differenceX = reduce(right.x * leftZz - leftX, prime);
  const differenceY = reduce(right.y * leftZz * left.z - leftY, prime);
  // The same point, or a point and its negative, whose sum is infinity.
  if (differenceX === 0n) return differenceY === 0n ? doublePoint(left, prime) : { x: 1n, y: 1n, z: 0n };
  const square = (differenceX * differenceX) % prime;
  const cube = (square * differenceX) % prime;
  const scaledX = (leftX * square) % prime;
  const x = reduce(differenceY * differenceY - cube - 2n * scaledX, prime);
  return {
    x,
    y: reduce(differenceY * (scaledX - x) - leftY * cube, prime),
    z: (left.z * right.z * differenceX) % prime,
  };
}

/** `number` modulo `modulus`, not negative. */
function reduce(number: bigint, modulus: bigint): bigint {
  const rest = number % modulus;
  return rest < 0n ? rest + modulus : rest;
}
