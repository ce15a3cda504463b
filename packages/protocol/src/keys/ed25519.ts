/** Ed25519 keys (RFC 8032) over Web Crypto: raw 32-byte public keys, raw 64-byte signatures, key ids by hash. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';

/** A public key with its derived id. */
export interface PublicKey {
  /** Lower-case hex SHA-256 of the raw key. */
  readonly keyId: string;
  /** The raw key in base64. */
  readonly pubkeyB64: string;
  readonly crypto: CryptoKey;
}

/** Signs with one key; the key itself stays where it is. */
export interface Signer {
  readonly keyId: string;
  readonly pubkeyB64: string;
  /** The raw 64-byte Ed25519 signature of `message`. */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** Parses a base64 raw key. Throws `malformed` unless it is 32 bytes and a point that may be used. */
export async function parsePublicKey(pubkeyB64: string): Promise<PublicKey> {
  const raw = parseBase64(pubkeyB64);
  if (raw.length !== 32) throw new TrustError('malformed', `expected a 32-byte key, got ${raw.length} bytes`);
  if (!isReduced(raw)) throw new TrustError('malformed', 'expected a key in its one encoding');
  if (isSmallOrder(raw)) throw new TrustError('malformed', 'expected a key that is not a small-order point');
  const crypto = await globalThis.crypto.subtle.importKey('raw', raw, 'Ed25519', true, ['verify']).catch((cause) => {
    throw new TrustError('malformed', 'expected an Ed25519 public key', { cause });
  });
  return { keyId: await deriveKeyId(raw), pubkeyB64, crypto };
}

/** The key id of a raw public key: lower-case hex SHA-256. */
export async function deriveKeyId(raw: Uint8Array<ArrayBuffer>): Promise<string> {
  return encodeHex(new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', raw)));
}

/**
 * Whether `signature` (raw, 64 bytes) is `key`'s over `message`, in the strictest reading of RFC 8032, 5.1.7: libsodium
 * and Node refuse an R of small order, OpenSSL by itself takes it, and all clients must agree. For use inside verify functions, which throw.
 */
export async function isSignature(
  key: PublicKey,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (signature.length !== 64 || isSmallOrder(signature.subarray(0, 32))) return false;
  return globalThis.crypto.subtle.verify('Ed25519', key.crypto, signature, message);
}

/** Makes a new key pair. The seed is the 32-byte private key; keep it sealed. */
export async function createKeyPair(): Promise<{ seed: Uint8Array<ArrayBuffer>; signer: Signer }> {
  const seed = globalThis.crypto.getRandomValues(new Uint8Array(32));
  return { seed, signer: await createSigner(seed) };
}

/** A signer over a 32-byte seed (RFC 8032, 5.1.5). The platform's key is not extractable; the caller may wipe the seed. */
export async function createSigner(seed: Uint8Array<ArrayBuffer>): Promise<Signer> {
  if (seed.length !== 32) throw new TypeError(`expected a 32-byte seed, got ${seed.length} bytes`);
  const pkcs8 = new Uint8Array([...pkcs8Prefix, ...seed]);
  const extractable = await globalThis.crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
  const jwk = await globalThis.crypto.subtle.exportKey('jwk', extractable);
  const key = await globalThis.crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
  pkcs8.fill(0);
  const raw = parseBase64(`${(jwk.x ?? '').replaceAll('-', '+').replaceAll('_', '/')}=`);
  return {
    keyId: await deriveKeyId(raw),
    pubkeyB64: encodeBase64(raw),
    sign: async (message) => new Uint8Array(await globalThis.crypto.subtle.sign('Ed25519', key, message)),
  };
}

// RFC 8410, section 7: OneAsymmetricKey with id-Ed25519 around an octet string of 32 bytes.
const pkcs8Prefix = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/** Whether y < 2^255−19 (RFC 8032, 5.1.3 step 1): some libraries reduce silently, so that one key would have two ids. */
export function isReduced(raw: Uint8Array): boolean {
  const top = (raw[31] ?? 0) & 0x7f;
  return top !== 0x7f || raw.subarray(1, 31).some((byte) => byte !== 0xff) || (raw[0] ?? 0) < 0xed;
}

/** The eight points of small order, in every encoding: under such a key, signatures verify for messages never signed. */
export function isSmallOrder(raw: Uint8Array): boolean {
  // Nearly every point is told apart by its first octet.
  if (!smallOrderStarts.includes(raw[0] ?? 0)) return false;
  const withoutSign = new Uint8Array(raw);
  withoutSign[31] = (withoutSign[31] ?? 0) & 0x7f;
  return smallOrderPoints.includes(encodeHex(withoutSign));
}

const smallOrderPoints = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

const smallOrderStarts = smallOrderPoints.map((point) => Number.parseInt(point.slice(0, 2), 16));
