/** Key pairs of age (age-encryption.org/v1): X25519 (RFC 7748), written as `age1…` and `AGE-SECRET-KEY-1…`. */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, randomBytes } from 'node:crypto';
import { Refusal } from '../../errors.ts';
import { decodeBech32, encodeBech32 } from './bech32.ts';

/** A public key that a file is encrypted to. */
export interface Recipient {
  readonly kind: 'recipient';
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** A private key that opens what was encrypted to its recipient. */
export interface Identity {
  readonly kind: 'identity';
  readonly publicKey: Uint8Array;
  readonly key: KeyObject;
}

const publicPrefix = 'age';
const secretPrefix = 'age-secret-key-';
const keyBytes = 32;
// The DER of SubjectPublicKeyInfo and PrivateKeyInfo before the 32 bytes of an X25519 key (RFC 8410, section 4 and 7).
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex');
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Reads `age1…`. Throws `invalid`, rule `backup-recipient`. */
export function parseRecipient(text: string): Recipient {
  const publicKey = decodeBech32(publicPrefix, text.trim());
  if (publicKey?.length === keyBytes && text.trim().startsWith(publicPrefix)) return { kind: 'recipient', publicKey };
  throw new Refusal('invalid', 'expected a public key of age, such as age1…', {
    rule: 'backup-recipient',
    hint: 'signpost backup key makes a pair; so does age-keygen',
  });
}

/** Reads the first `AGE-SECRET-KEY-1…` of a key file; comments stand after `#`. Throws `invalid`, rule `backup-identity`. */
export function parseIdentity(text: string): Identity {
  const line = text.split(/\r?\n/).find((candidate) => /^AGE-SECRET-KEY-1/.test(candidate.trim()));
  const scalar = line === undefined ? undefined : decodeBech32(secretPrefix, line.trim());
  if (scalar?.length === keyBytes) return openIdentity(scalar);
  throw new Refusal('invalid', 'expected a secret key of age, AGE-SECRET-KEY-1…', {
    rule: 'backup-identity',
    hint: 'give the whole key file as age-keygen or signpost backup key wrote it',
  });
}

/** A new pair, as text. */
export function createKeyPair(): { readonly recipient: string; readonly identity: string } {
  const scalar = randomBytes(keyBytes);
  const { publicKey } = openIdentity(scalar);
  return {
    recipient: encodeBech32(publicPrefix, publicKey),
    identity: encodeBech32(secretPrefix, scalar).toUpperCase(),
  };
}

/** An identity over its 32 secret bytes. */
export function openIdentity(scalar: Uint8Array): Identity {
  const der = Buffer.concat([pkcs8Prefix, scalar]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { kind: 'identity', publicKey: new Uint8Array(spki.subarray(spkiPrefix.length)), key };
}

/** What both sides arrive at. Throws when `publicKey` is a point of small order. */
export function agree({ key }: Identity, publicKey: Uint8Array): Buffer {
  const der = Buffer.concat([spkiPrefix, publicKey]);
  return diffieHellman({ privateKey: key, publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) });
}
