/** SubjectPublicKeyInfo (RFC 5280, 4.1.2.7; RFC 3279, RFC 5480, RFC 8410). */
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { bitOctets, type DerValue, encodeDer, oid, sequence, unsigned } from '../asn1/writer.ts';
import { TrustError } from '../errors.ts';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  assertNoParameters,
  readAlgorithmIdentifier,
} from './algorithm-identifier.ts';
import { type Curve, curves, findCurve, keyOids, rsaBits } from './key-type.ts';

/** A public key as certificates carry it. Whether a point lies on its curve shows when the key is used. */
export type SubjectKey = { readonly spki: Uint8Array<ArrayBuffer>; readonly keyBits: Uint8Array<ArrayBuffer> } & (
  | { readonly kind: 'ecdsa'; readonly curve: Curve }
  | {
      readonly kind: 'rsa';
      readonly modulusBits: number;
      readonly modulus: Uint8Array<ArrayBuffer>;
      readonly exponent: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'ed25519' }
);

/** RSA 8192 with its wrapping takes 1,062. */
const maxSpkiBytes = 2048;

/**
 * The key in DER bytes, `spki`. Throws `algorithm_unsupported` for other algorithms, curves and sizes, explicit curve
 * parameters and compressed points, otherwise `malformed`.
 */
export function parseSubjectKey(spki: Uint8Array<ArrayBuffer>): SubjectKey {
  return parseDer(spki, { maxBytes: maxSpkiBytes }, (reader) => {
    const info = reader.readSequence();
    const algorithm = readAlgorithmIdentifier(info);
    const keyBits = info.readBitOctets();
    info.assertEnd();
    return { spki, keyBits, ...parseKeyBits(algorithm, keyBits) };
  });
}

type KeyFacts<T = SubjectKey> = T extends unknown ? Omit<T, 'spki' | 'keyBits'> : never;

function parseKeyBits(algorithm: AlgorithmIdentifier, keyBits: Uint8Array<ArrayBuffer>): KeyFacts {
  switch (algorithm.oid) {
    case keyOids.ec:
      return parsePoint(algorithm, keyBits);
    case keyOids.rsa:
      return parseRsa(algorithm, keyBits);
    case keyOids.ed25519:
      return parseEd25519(algorithm, keyBits);
    default:
      throw new TrustError('algorithm_unsupported', `expected an ECDSA, RSA or Ed25519 key, got ${algorithm.oid}`);
  }
}

function parsePoint({ parameters }: AlgorithmIdentifier, keyBits: Uint8Array): KeyFacts {
  // RFC 5480, 2.1.1: namedCurve only; explicit curves are how CVE-2020-0601 was done.
  if (parameters?.tag !== tags.oid) throw new TrustError('algorithm_unsupported', 'expected a curve by its name');
  const curve = findCurve(parseDer(parameters.bytes, { maxBytes: 140 }, (reader) => reader.readOid()));
  if (keyBits[0] === 2 || keyBits[0] === 3) {
    throw new TrustError('algorithm_unsupported', 'expected an uncompressed point');
  }
  const length = 1 + 2 * curves[curve].bytes;
  if (keyBits[0] !== 4 || keyBits.length !== length) {
    throw new TrustError('malformed', `expected an uncompressed point of ${length} octets`);
  }
  return { kind: 'ecdsa', curve };
}

function parseRsa({ parameters }: AlgorithmIdentifier, keyBits: Uint8Array<ArrayBuffer>): KeyFacts {
  // RFC 3279, 2.3.1: the parameters must be NULL here.
  if (parameters?.tag !== tags.null || parameters.content.length > 0) {
    throw new TrustError('malformed', 'expected null as parameters of an RSA key');
  }
  const { modulus, exponent } = parseDer(keyBits, { maxBytes: maxSpkiBytes }, readRsaNumbers);
  const modulusBits = countBits(modulus);
  if (modulusBits < rsaBits.minimum || modulusBits > rsaBits.maximum) {
    const { minimum, maximum } = rsaBits;
    throw new TrustError('algorithm_unsupported', `expected RSA of ${minimum} to ${maximum} bits, got ${modulusBits}`);
  }
  assertRsaNumbers(modulus, exponent);
  return { kind: 'rsa', modulusBits, modulus, exponent };
}

function readRsaNumbers(reader: DerReader): { modulus: Uint8Array<ArrayBuffer>; exponent: Uint8Array<ArrayBuffer> } {
  const numbers = reader.readSequence();
  const modulus = numbers.readUnsigned();
  const exponent = numbers.readUnsigned();
  numbers.assertEnd();
  return { modulus, exponent };
}

/** RFC 8017, 3.1: an odd modulus, an odd exponent of at least 3. Above 64 bits exponents only cost time. */
function assertRsaNumbers(modulus: Uint8Array, exponent: Uint8Array): void {
  const isOdd = (number: Uint8Array) => ((number.at(-1) ?? 0) & 1) === 1;
  if (!isOdd(modulus)) throw new TrustError('malformed', 'expected an odd RSA modulus');
  if (!isOdd(exponent) || exponent.length > 8 || (exponent.length === 1 && exponent[0] === 1)) {
    throw new TrustError('malformed', 'expected an odd RSA exponent from 3 to 2^64');
  }
}

function parseEd25519(algorithm: AlgorithmIdentifier, keyBits: Uint8Array): KeyFacts {
  assertNoParameters(algorithm);
  if (keyBits.length !== 32) throw new TrustError('malformed', `expected a 32-byte key, got ${keyBits.length} bytes`);
  return { kind: 'ed25519' };
}

function countBits(magnitude: Uint8Array): number {
  return magnitude.length === 0 ? 0 : magnitude.length * 8 - (Math.clz32(magnitude[0] ?? 0) - 24);
}

/** SubjectPublicKeyInfo of an uncompressed point. */
export function encodeEcKey(curve: Curve, point: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeDer(sequence(ecAlgorithm(curve), bitOctets(point)));
}

/** SubjectPublicKeyInfo of an RSA key's two numbers. */
export function encodeRsaKey(modulus: Uint8Array, exponent: Uint8Array): Uint8Array<ArrayBuffer> {
  const numbers = encodeDer(sequence(unsigned(modulus), unsigned(exponent)));
  return encodeDer(sequence(algorithmIdentifier(keyOids.rsa, 'null'), bitOctets(numbers)));
}

/** SubjectPublicKeyInfo of a raw Ed25519 key. */
export function encodeEd25519Key(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeDer(sequence(algorithmIdentifier(keyOids.ed25519), bitOctets(raw)));
}

/** The AlgorithmIdentifier of keys on a curve. */
export function ecAlgorithm(curve: Curve): DerValue {
  return algorithmIdentifier(keyOids.ec, oid(curves[curve].oid));
}

/** The key identifier that our certificates use: the first 160 bits of the SHA-256 of the key's bits (RFC 7093, 2 (1)). */
export async function deriveKeyIdentifier({ keyBits }: SubjectKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', keyBits)).slice(0, 20);
}
