/** JSON Web Signatures in the flattened JSON and the compact form (RFC 7515, 7.2.2 and 7.1): parsed strictly, then verified. */
import { parseBase64Url } from '../bytes/base64url.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseObject, parseString } from '../json/fields.ts';
import { parseDocument } from '../json/parse.ts';
import { encodeEcdsaSignature } from '../keys/ecdsa-signature.ts';
import type { SignatureAlgorithm } from '../keys/signature-algorithm.ts';
import type { SubjectKey } from '../keys/subject-key.ts';
import type { VerificationKey } from '../keys/verification-key.ts';

/** The signature algorithms that are taken (RFC 7518, 3.1; RFC 8037, 3.1). `none` is none of them. */
export const jwsAlgorithms = ['ES256', 'ES384', 'RS256', 'EdDSA'] as const;

/** One of them. */
export type JwsAlgorithm = (typeof jwsAlgorithms)[number];

/** A JWS as it says it is. Nothing is verified. */
export interface Jws {
  /** The protected header; there is no other. */
  readonly header: SignableObject;
  readonly algorithm: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** What the signature is over (RFC 7515, 5.1). */
  readonly signedBytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

declare const verified: unique symbol;

/** A JWS whose signature or code was made with the key that it was held against. */
export interface VerifiedJws extends Jws {
  readonly [verified]: true;
}

const maxHeaderBytes = 8 * 1024;
const members = ['protected', 'payload', 'signature'];

/** Parses `bytes`. Throws `too_large` above `limit` bytes, otherwise `malformed` or `not_canonical`. */
export function parseJws(bytes: Uint8Array, limit: number): Jws {
  return readJws(parseDocument(bytes, limit));
}

/** The same for a JWS that stands inside a parsed document. */
export function readJws(value: SignableObject[string]): Jws {
  const object = parseObject(value, 'the JWS');
  const unknown = Object.keys(object).filter((name) => !members.includes(name));
  // An unprotected header would be a second, unsigned word on the same things.
  if (unknown.length > 0) throw new TrustError('malformed', `expected only ${members.join(', ')} in the JWS`);
  return decodeParts({
    protected: parseString(object, 'protected', Number.POSITIVE_INFINITY),
    payload: parseString(object, 'payload', Number.POSITIVE_INFINITY),
    signature: parseString(object, 'signature', 2048),
  });
}

/** Parses the compact form, as tokens have it. Throws `too_large` above `limit` characters, otherwise `malformed` or `not_canonical`. */
export function parseCompactJws(text: string, limit: number): Jws {
  if (text.length > limit) throw new TrustError('too_large', `expected a JWS of at most ${limit} characters`);
  const [header = '', payload = '', signature = '', ...more] = text.split('.', 4);
  if (header === '' || signature === '' || more.length > 0) {
    throw new TrustError('malformed', 'expected header, payload and signature between two dots');
  }
  return decodeParts({ protected: header, payload, signature });
}

function decodeParts(parts: Readonly<Record<'protected' | 'payload' | 'signature', string>>): Jws {
  const { protected: encodedHeader, payload: encodedPayload } = parts;
  const header = parseObject(parseDocument(parseBase64Url(encodedHeader), maxHeaderBytes), 'the protected header');
  return {
    header,
    algorithm: parseString(header, 'alg', 20),
    payload: parseBase64Url(encodedPayload),
    signedBytes: encodeText(`${encodedHeader}.${encodedPayload}`),
    signature: parseBase64Url(parts.signature),
  };
}

/** Throws `malformed` unless the protected header has exactly the members `names`. */
export function assertHeader({ header }: Jws, names: readonly string[]): void {
  const present = Object.keys(header).sort().join(', ');
  const expected = [...names].sort().join(', ');
  if (present !== expected) {
    throw new TrustError('malformed', `expected a protected header of ${expected}, got ${present.slice(0, 200)}`);
  }
}

/**
 * The JWS, verified under `key`. Throws `algorithm_unsupported` for `none`, codes, and algorithms of other keys than this
 * one, and `bad_signature`.
 */
export async function verifyJws(jws: Jws, key: VerificationKey): Promise<VerifiedJws> {
  const algorithm = selectAlgorithm(jws.algorithm, key.subjectKey);
  const signature = algorithm.kind === 'ecdsa' ? encodeRawSignature(jws.signature, key.subjectKey) : jws.signature;
  await key.verify({ algorithm, message: jws.signedBytes, signature });
  return jws as VerifiedJws;
}

/** RFC 7518, 3.4: an algorithm names its curve too. */
function selectAlgorithm(name: string, key: SubjectKey): SignatureAlgorithm {
  const curve = key.kind === 'ecdsa' ? key.curve : undefined;
  if (name === 'ES256' && curve === 'P-256') return { kind: 'ecdsa', hash: 'SHA-256' };
  if (name === 'ES384' && curve === 'P-384') return { kind: 'ecdsa', hash: 'SHA-384' };
  if (name === 'EdDSA' && key.kind === 'ed25519') return { kind: 'ed25519' };
  // RFC 7518, 3.3: at least 2048 bits.
  if (name === 'RS256' && key.kind === 'rsa' && key.modulusBits >= 2048) return { kind: 'rsa-pkcs1', hash: 'SHA-256' };
  throw new TrustError('algorithm_unsupported', `expected ${jwsAlgorithms.join(', ')} with a key for it`);
}

function encodeRawSignature(signature: Uint8Array, key: SubjectKey): Uint8Array<ArrayBuffer> {
  const size = key.kind === 'ecdsa' && key.curve === 'P-384' ? 96 : 64;
  if (signature.length !== size) throw new TrustError('bad_signature', `expected a signature of ${size} octets`);
  return encodeEcdsaSignature(signature);
}

/** The JWS, verified as an HMAC with SHA-256 under `secret` (RFC 7518, 3.2). Throws `algorithm_unsupported` or `bad_signature`. */
export async function verifyMac(jws: Jws, secret: Uint8Array<ArrayBuffer>): Promise<VerifiedJws> {
  if (jws.algorithm !== 'HS256') throw new TrustError('algorithm_unsupported', 'expected HS256');
  const subtle = globalThis.crypto.subtle;
  const key = await subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const isGenuine = await subtle.verify('HMAC', key, jws.signature, jws.signedBytes);
  if (!isGenuine) throw new TrustError('bad_signature', 'expected an HMAC under the shared key, got another');
  return jws as VerifiedJws;
}
