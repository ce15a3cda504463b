/** Public keys as JSON (RFC 7517; RFC 7518, section 6; RFC 8037) and their thumbprints (RFC 7638). */
import { encodeBase64Url, parseBase64Url } from '../bytes/base64url.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseString } from '../json/fields.ts';
import { type Curve, curves } from '../keys/key-type.ts';
import { encodeEcKey, encodeEd25519Key, encodeRsaKey, parseSubjectKey, type SubjectKey } from '../keys/subject-key.ts';

/** The members that make a key, and nothing else. Their names stand in the order that a thumbprint has. */
export type Jwk =
  | { readonly crv: Curve; readonly kty: 'EC'; readonly x: string; readonly y: string }
  | { readonly crv: 'Ed25519'; readonly kty: 'OKP'; readonly x: string }
  | { readonly e: string; readonly kty: 'RSA'; readonly n: string };

/** A number of 8192 bits takes 1,366 characters. */
const maxNumberCharacters = 1400;

/** Members that only a private or secret key has (RFC 7518, 6.2.2, 6.3.2 and 6.4.1). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/**
 * The key of a parsed JWK; members that say no more than what it is for are left aside. Throws `malformed`, also for a
 * private key, and `algorithm_unsupported` for other types, curves and sizes.
 */
export function parseJwk(object: SignableObject): Jwk {
  if (secretMembers.some((name) => object[name] !== undefined)) {
    throw new TrustError('malformed', 'expected a public key, got a private one');
  }
  const jwk = selectMembers(object);
  // What the numbers must be is decided in one place.
  convertJwk(jwk);
  return jwk;
}

function selectMembers(object: SignableObject): Jwk {
  const kty = parseString(object, 'kty', 10);
  const read = (name: string) => parseString(object, name, maxNumberCharacters);
  if (kty === 'RSA') return { e: read('e'), kty, n: read('n') };
  const crv = parseString(object, 'crv', 20);
  if (kty === 'EC' && Object.hasOwn(curves, crv)) return { crv: crv as Curve, kty, x: read('x'), y: read('y') };
  if (kty === 'OKP' && crv === 'Ed25519') return { crv, kty, x: read('x') };
  throw new TrustError('algorithm_unsupported', 'expected an RSA key, or one on P-256, P-384, P-521 or Ed25519');
}

/** The key as certificates carry it. Throws as `parseSubjectKey` does. */
export function convertJwk(jwk: Jwk): SubjectKey {
  switch (jwk.kty) {
    case 'EC':
      return parseSubjectKey(encodeEcKey(jwk.crv, joinPoint(jwk)));
    case 'OKP':
      return parseSubjectKey(encodeEd25519Key(parseBase64Url(jwk.x)));
    case 'RSA':
      return parseSubjectKey(encodeRsaKey(parseNumber(jwk.n), parseNumber(jwk.e)));
  }
}

/** RFC 7518, 6.2.1.2: a coordinate has the full size of the curve. */
function joinPoint({ crv, x, y }: Jwk & { readonly kty: 'EC' }): Uint8Array<ArrayBuffer> {
  const coordinates = [parseBase64Url(x), parseBase64Url(y)];
  const size = curves[crv].bytes;
  if (coordinates.some((one) => one.length !== size)) {
    throw new TrustError('malformed', `expected coordinates of ${size} octets on ${crv}`);
  }
  return Uint8Array.from([4, ...coordinates.flatMap((one) => [...one])]);
}

/** RFC 7518, 2: Base64urlUInt has no leading zeros, or one key would have several thumbprints. */
function parseNumber(text: string): Uint8Array<ArrayBuffer> {
  const number = parseBase64Url(text);
  if (number.length === 0 || number[0] === 0)
    throw new TrustError('malformed', 'expected a number without leading zeros');
  return number;
}

/** The key of a certificate or request as a JWK. */
export function encodeJwk(key: SubjectKey): Jwk {
  switch (key.kind) {
    case 'ecdsa': {
      const size = curves[key.curve].bytes;
      const x = encodeBase64Url(key.keyBits.subarray(1, 1 + size));
      return { crv: key.curve, kty: 'EC', x, y: encodeBase64Url(key.keyBits.subarray(1 + size)) };
    }
    case 'ed25519':
      return { crv: 'Ed25519', kty: 'OKP', x: encodeBase64Url(key.keyBits) };
    case 'rsa':
      return { e: encodeBase64Url(key.exponent), kty: 'RSA', n: encodeBase64Url(key.modulus) };
  }
}

/** The SHA-256 thumbprint in base64url: equal keys have equal ones, whatever else their JWKs say. */
export async function deriveThumbprint(jwk: Jwk): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', encodeText(JSON.stringify(orderMembers(jwk))));
  return encodeBase64Url(new Uint8Array(digest));
}

/** RFC 7638, 3.2 and 3.3: the required members, in the order of their names. */
function orderMembers(jwk: Jwk): Jwk {
  switch (jwk.kty) {
    case 'EC':
      return { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y };
    case 'OKP':
      return { crv: jwk.crv, kty: jwk.kty, x: jwk.x };
    case 'RSA':
      return { e: jwk.e, kty: jwk.kty, n: jwk.n };
  }
}
