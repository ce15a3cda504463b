/**
 * Dual protection of a root key: AES-256-GCM (NIST SP 800-38D) under HMAC-SHA-256 of a secret that the vault keeps, over the
 * Argon2id key (RFC 9106) of a passphrase that nobody keeps. Either of the two alone opens nothing.
 */
import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomBytes } from 'node:crypto';
import { Refusal } from '../../errors.ts';
import { type Argon2Parameters, currentParameters, deriveMasterKey } from '../../vault/argon2.ts';
import type { Vault } from '../../vault/vault.ts';

/** Whose key it is; the ciphertext opens for nobody else. */
export interface RootPlace {
  readonly organisationId: string;
  readonly authorityId: string;
}

/** What is stored: `protection` beside the key, and the key. Neither says anything without vault and passphrase. */
export interface ProtectedKey {
  /** JSON: format, Argon2id costs, salt, and the secret as the vault sealed it. */
  readonly protection: string;
  readonly ciphertext: string;
}

/** What is needed besides: `cost` is fixed by the format, and cheaper in tests only. */
export interface Protecting {
  readonly vault: Vault;
  readonly passphrase: string;
  readonly cost?: Argon2Parameters;
}

/** The shortest root passphrase taken, in characters. */
const minRootPassphraseLength = 16;

const format = 'signpost-dual-1';
const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 16;
const secretBytes = 32;
const sealPurpose = 'authority-root-secret';

interface Protection extends Argon2Parameters {
  readonly format: typeof format;
  readonly salt: string;
  readonly secret: string;
}

/** The private key, PKCS#8, protected. Throws `vault_locked`. The caller wipes `pkcs8`, and asked `assertPassphraseStrength` before. */
export async function protectRootKey(place: RootPlace, pkcs8: Uint8Array, given: Protecting): Promise<ProtectedKey> {
  const secret = randomBytes(secretBytes);
  const protection: Protection = {
    format,
    ...(given.cost ?? currentParameters),
    salt: randomBytes(saltBytes).toString('base64url'),
    secret: given.vault.seal(sealPurpose, referenceOf(place), secret),
  };
  const key = await combineInputs(protection, secret, given.passphrase);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedDataOf(place, protection));
  const sealed = Buffer.concat([nonce, cipher.update(pkcs8), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return { protection: JSON.stringify(protection), ciphertext: sealed.toString('base64url') };
}

/**
 * The private key, PKCS#8, which the caller wipes after use. Throws `vault_locked`; `forbidden`, rule `root-passphrase`, when the
 * passphrase is wrong or a bit of what is stored was changed: the cipher cannot tell which, and neither does the answer.
 */
export async function openRootKey(place: RootPlace, stored: ProtectedKey, given: Protecting): Promise<Uint8Array> {
  const protection = parseProtection(stored.protection, given.cost ?? currentParameters);
  const secret = given.vault.unseal(sealPurpose, referenceOf(place), protection.secret);
  const key = await combineInputs(protection, secret, given.passphrase);
  try {
    return decrypt(key, associatedDataOf(place, protection), Buffer.from(stored.ciphertext, 'base64url'));
  } catch (cause) {
    throw new Refusal('forbidden', 'the root key does not open: another passphrase, or the stored key was changed', {
      rule: 'root-passphrase',
      hint: 'type the passphrase that was chosen when the root was made',
      cause,
    });
  } finally {
    key.fill(0);
  }
}

/** Throws `invalid` for a passphrase that is too short or has hardly any different characters. */
export function assertPassphraseStrength(passphrase: string): void {
  const characters = [...passphrase.normalize('NFC')];
  if (characters.length >= minRootPassphraseLength && new Set(characters).size >= minRootPassphraseLength / 2) return;
  throw new Refusal(
    'invalid',
    `expected a root passphrase of at least ${minRootPassphraseLength} characters, half of them different`,
    { rule: 'passphrase-too-weak', hint: 'five random words are good' },
  );
}

/** Wipes what it is given of secrets; the result is the caller's to wipe. */
async function combineInputs(protection: Protection, secret: Uint8Array, passphrase: string): Promise<Buffer> {
  try {
    const typed: KeyObject = await deriveMasterKey(passphrase, Buffer.from(protection.salt, 'base64url'), protection);
    const exported = typed.export();
    const key = createHmac('sha256', secret).update(exported).digest();
    exported.fill(0);
    return key;
  } finally {
    secret.fill(0);
  }
}

function decrypt(key: Uint8Array, associatedData: Uint8Array, sealed: Buffer): Uint8Array {
  if (sealed.length < nonceBytes + tagBytes) throw new Error('expected a nonce and a tag');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  // Nothing leaves before final() has checked the tag.
  const plaintext = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
  decipher.final();
  return plaintext;
}

// The costs are fixed by the format: a row that asks for cheaper ones, or ruinous ones, was changed.
function parseProtection(text: string, cost: Argon2Parameters): Protection {
  const stored = parseJson(text);
  const asFormat = (['passes', 'memoryKib', 'parallelism'] as const).every((name) => stored[name] === cost[name]);
  const { salt, secret } = stored;
  if (stored.format === format && asFormat && typeof salt === 'string' && typeof secret === 'string') {
    if (Buffer.from(salt, 'base64url').length === saltBytes) return { format, ...cost, salt, secret };
  }
  throw new Refusal('unavailable', `expected a root key protected as ${format}, got something else`, {
    rule: 'secret-unreadable',
    hint: 'restore the database from a backup',
  });
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function referenceOf({ authorityId }: RootPlace): string {
  return `authority/${authorityId}`;
}

// The whole protection is bound, so that no part of it can be exchanged for another root's.
function associatedDataOf({ organisationId, authorityId }: RootPlace, protection: Protection): Uint8Array {
  const { passes, memoryKib, parallelism, salt, secret } = protection;
  return Buffer.from(
    JSON.stringify([format, organisationId, authorityId, passes, memoryKib, parallelism, salt, secret]),
  );
}
