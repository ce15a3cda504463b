/** Verifies signatures when only the digest of the message is known (FIPS 186-5, 6.4.2; RFC 8017, 8.2.2): Web Crypto wants to hash by itself. */
import { toUnsigned } from '../asn1/integer.ts';
import { encodeDer, octetString, sequence } from '../asn1/writer.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { algorithmIdentifier } from './algorithm-identifier.ts';
import { addPoints, curveParameters, doublePoint, type EcPoint, isOnCurve, readPoint } from './ec-point.ts';
import { parseEcdsaSignature } from './ecdsa-signature.ts';
import { curves, describeKeyType } from './key-type.ts';
import { type HashName, hashes, type SignatureAlgorithm } from './signature-algorithm.ts';
import type { SubjectKey } from './subject-key.ts';

/** A digest by the hash function of `algorithm`, and the signature over its message. */
export interface SignedDigest {
  readonly algorithm: SignatureAlgorithm;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/**
 * Throws `bad_signature` unless `signature` is the key's over the message that has this digest; `malformed`; `algorithm_unsupported`
 * for Ed25519, which signs no digests, and RSASSA-PSS.
 */
export function verifyDigest(key: SubjectKey, { algorithm, digest, signature }: SignedDigest): void {
  if (algorithm.kind === 'ed25519' || algorithm.kind === 'rsa-pss') {
    throw new TrustError('algorithm_unsupported', `expected the signed bytes for ${algorithm.kind}, got their digest`);
  }
  if (digest.length !== hashes[algorithm.hash].bytes) {
    throw new TypeError(`expected a digest of ${hashes[algorithm.hash].bytes} bytes, got ${digest.length}`);
  }
  if (key.kind === 'ecdsa' && algorithm.kind === 'ecdsa' && isEcdsaSignature(key, digest, signature)) return;
  if (key.kind === 'rsa' && algorithm.kind === 'rsa-pkcs1' && isRsaSignature(key, { algorithm, digest, signature }))
    return;
  throw new TrustError('bad_signature', `expected a signature by the ${describeKeyType(key)} key, got another`);
}

type EcdsaKey = SubjectKey & { readonly kind: 'ecdsa' };

function isEcdsaSignature(key: EcdsaKey, digest: Uint8Array, signature: Uint8Array<ArrayBuffer>): boolean {
  const { order, base, prime } = curveParameters[key.curve];
  if (!isOnCurve(key.curve, key.keyBits)) throw new TrustError('malformed', 'expected a point on its curve');
  const size = curves[key.curve].bytes;
  const raw = parseEcdsaSignature(signature, size);
  const r = toUnsigned(raw.subarray(0, size));
  const s = toUnsigned(raw.subarray(size));
  if (r === 0n || s === 0n || r >= order || s >= order) return false;
  const inverse = invert(s, order);
  const u1 = (truncate(digest, order) * inverse) % order;
  const u2 = (r * inverse) % order;
  const { x, z } = addMultiples({ factor: u1, point: base }, { factor: u2, point: readPoint(key.keyBits) }, prime);
  if (z === 0n) return false;
  // x/z² ≡ r modulo the order, without a division: the coordinate below the prime is r, or one order more.
  const zz = (z * z) % prime;
  return [r, r + order].some((candidate) => candidate < prime && (candidate * zz - x) % prime === 0n);
}

/** FIPS 186-5, 6.4.2 step 2: the leftmost bits, as many as the order has. */
function truncate(digest: Uint8Array, order: bigint): bigint {
  const excess = digest.length * 8 - order.toString(2).length;
  return excess > 0 ? toUnsigned(digest) >> BigInt(excess) : toUnsigned(digest);
}

interface Multiple {
  readonly factor: bigint;
  readonly point: EcPoint;
}

/** The sum of two multiples, bit by bit of both factors at once. */
function addMultiples(left: Multiple, right: Multiple, prime: bigint): EcPoint {
  const both = addPoints(left.point, right.point, prime);
  const [first, second] = [left.factor.toString(2), right.factor.toString(2)];
  const length = Math.max(first.length, second.length);
  const [leftBits, rightBits] = [first.padStart(length, '0'), second.padStart(length, '0')];
  let sum: EcPoint = { x: 1n, y: 1n, z: 0n };
  for (let bit = 0; bit < length; bit++) {
    sum = doublePoint(sum, prime);
    const isLeft = leftBits[bit] === '1';
    const isRight = rightBits[bit] === '1';
    if (isLeft || isRight) sum = addPoints(sum, isLeft && isRight ? both : isLeft ? left.point : right.point, prime);
  }
  return sum;
}

/** The inverse of `number` modulo a prime (Euclid's extended algorithm). */
function invert(number: bigint, modulus: bigint): bigint {
  let [low, high, x, y] = [number, modulus, 1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high % low, low];
    [x, y] = [y - quotient * x, x];
  }
  return x < 0n ? x + modulus : x;
}

type RsaKey = SubjectKey & { readonly kind: 'rsa' };

/** RFC 8017, 8.2.2: the encoded message is made anew and compared, not parsed. */
function isRsaSignature(
  { modulus, exponent }: RsaKey,
  { algorithm, digest, signature }: SignedDigest & { readonly algorithm: { readonly hash: HashName } },
): boolean {
  const number = toUnsigned(modulus);
  if (signature.length !== modulus.length || toUnsigned(signature) >= number) return false;
  const identifier = algorithmIdentifier(hashes[algorithm.hash].oid, 'null');
  const suffix = encodeHex(encodeDer(sequence(identifier, octetString(digest))));
  const padding = modulus.length - 3 - suffix.length / 2;
  const expected = BigInt(`0x01${'ff'.repeat(padding)}00${suffix}`);
  return raise(toUnsigned(signature), toUnsigned(exponent), number) === expected;
}

function raise(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}
