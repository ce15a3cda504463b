/** Ed25519 signatures of files that are hashed while they come in (RFC 8032, 5.1.7): Web Crypto wants the whole message at once. Public numbers: nothing here takes constant time. */
import { isSameBytes } from '../bytes/compare.ts';
import { TrustError } from '../errors.ts';
import { type CoveredFile, noBytes } from './covered-file.ts';
import { isReduced, isSmallOrder } from './ed25519.ts';

/** A raw key and a raw signature. */
export interface Ed25519Signature {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** What must be hashed to verify it: R, the key, and the message. Throws `malformed` for other lengths. */
export function coverEd25519({ key, signature }: Ed25519Signature): CoveredFile {
  if (key.length !== 32) throw new TrustError('malformed', `expected a 32-byte key, got ${key.length} bytes`);
  if (signature.length !== 64) {
    throw new TrustError('malformed', `expected a 64-byte signature, got ${signature.length} bytes`);
  }
  return { hash: 'SHA-512', before: new Uint8Array([...signature.subarray(0, 32), ...key]), after: noBytes };
}

/**
 * Throws `bad_signature` unless the signature is the key's over the message whose digest, as `coverEd25519` says, this is; `malformed`
 * for a key that is no point that may be used. Takes and refuses what `isSignature` does.
 */
export function verifyEd25519Digest({ key, signature }: Ed25519Signature, digest: Uint8Array): void {
  if (digest.length !== 64) throw new TypeError(`expected a digest of 64 bytes, got ${digest.length}`);
  coverEd25519({ key, signature });
  const nonce = signature.subarray(0, 32);
  const factor = readNumber(signature.subarray(32));
  const point = parsePoint(key);
  if (factor >= order || isSmallOrder(nonce)) throw refuse();
  const negative = { ...point, x: subtract(0n, point.x), t: subtract(0n, point.t) };
  // [S]B − [k]A is R, and is compared as it is written.
  const expected = addMultiples([factor, base], [readNumber(digest) % order, negative]);
  if (!isSameBytes(encodePoint(expected), nonce)) throw refuse();
}

function refuse(): TrustError {
  return new TrustError('bad_signature', 'expected a signature by the Ed25519 key, got another');
}

/** RFC 8032, 5.1: the field, the order of the base point, and the curve −x² + y² = 1 + dx²y². */
const prime = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const rootOfMinusOne = raise(2n, (prime - 1n) / 4n);

/** A point in extended coordinates: x/z, y/z, and t = xy/z. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const base: Point = createPoint(
  15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  46316835694926478169428394003475163141307993866256225615783033603165251855960n,
);

function createPoint(x: bigint, y: bigint): Point {
  return { x, y, z: 1n, t: (x * y) % prime };
}

/** Little endian. */
function readNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** RFC 8032, 5.1.3. */
function parsePoint(key: Uint8Array): Point {
  if (!isReduced(key)) throw new TrustError('malformed', 'expected a key in its one encoding');
  if (isSmallOrder(key)) throw new TrustError('malformed', 'expected a key that is not a small-order point');
  const isOdd = ((key[31] ?? 0) & 0x80) !== 0;
  const y = readNumber(key) & (2n ** 255n - 1n);
  const u = subtract(y * y, 1n);
  const v = (d * y * y + 1n) % prime;
  const candidate = (u * v ** 3n * raise((u * v ** 7n) % prime, (prime - 5n) / 8n)) % prime;
  const root = [candidate, (candidate * rootOfMinusOne) % prime].find((x) => subtract(v * x * x, u) === 0n);
  // Without x, the point is (0, ±1), which is of small order.
  if (root === undefined) throw new TrustError('malformed', 'expected an Ed25519 public key');
  return createPoint((root & 1n) === (isOdd ? 1n : 0n) ? root : subtract(0n, root), y);
}

/** RFC 8032, 5.1.2. */
function encodePoint({ x, y, z }: Point): Uint8Array {
  const inverse = raise(z, prime - 2n);
  const number = ((y * inverse) % prime) | ((((x * inverse) % prime) & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * index)) & 0xffn));
}

/** RFC 8032, 5.1.4: complete, also for a point and itself. */
function addPoints(left: Point, right: Point): Point {
  const a = ((left.y - left.x) * (right.y - right.x)) % prime;
  const b = ((left.y + left.x) * (right.y + right.x)) % prime;
  const c = (2n * d * left.t * right.t) % prime;
  const e = (2n * left.z * right.z) % prime;
  const [f, g, h, i] = [b - a, e - c, e + c, b + a];
  return { x: subtract(f * g, 0n), y: subtract(h * i, 0n), z: subtract(g * h, 0n), t: subtract(f * i, 0n) };
}

type Multiple = readonly [factor: bigint, point: Point];

/** The sum of two multiples, bit by bit of both factors at once. */
function addMultiples([first, left]: Multiple, [second, right]: Multiple): Point {
  const both = addPoints(left, right);
  let sum: Point = { x: 0n, y: 1n, z: 1n, t: 0n };
  for (let bit = 255n; bit >= 0n; bit--) {
    sum = addPoints(sum, sum);
    const isLeft = ((first >> bit) & 1n) === 1n;
    const isRight = ((second >> bit) & 1n) === 1n;
    if (isLeft || isRight) sum = addPoints(sum, isLeft && isRight ? both : isLeft ? left : right);
  }
  return sum;
}

/** The difference in the field, not negative. */
function subtract(left: bigint, right: bigint): bigint {
  const rest = (left - right) % prime;
  return rest < 0n ? rest + prime : rest;
}

function raise(number: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % prime;
    if (bit === '1') result = (result * number) % prime;
  }
  return result;
}
