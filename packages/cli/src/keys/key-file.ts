/**
 * The key file: an Ed25519 seed under a passphrase (docs/command.md, "Key files"). Argon2id (RFC 9106) makes the key of
 * AES-256-GCM, whose associated data is everything else in the file, so that no word of it can be changed unnoticed.
 */
import { argon2, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonical, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseObject, parseString, parseTime } from '@signpost/protocol/json/fields';
import { parseSignable } from '@signpost/protocol/json/parse';
import { createKeyPair, createSigner, parsePublicKey, type Signer } from '@signpost/protocol/keys/ed25519';
import { errorCodeOf } from '../files/atomic-write.ts';
import { Failure } from '../terminal/failure.ts';

/** What the key is for; a root key never signs manifests, a maintainer's never trust lists. */
export type KeyPurpose = 'root' | 'maintainer';

/** A key file, parsed and still locked. */
export interface KeyFile {
  readonly purpose: KeyPurpose;
  readonly label: string;
  readonly keyId: string;
  readonly pubkeyB64: string;
  /** The file's text. */
  readonly text: string;
}

/** The shortest passphrase that a new key file takes, in characters. */
export const minPassphraseLength = 12;

const format = 'signpost-key-1';
const maxKeyFileBytes = 8192;
// RFC 9106, section 4: the second recommended option (64 MiB, 3 passes, 4 lanes).
const kdfCost = { name: 'argon2id', passes: 3, memory_kib: 65_536, parallelism: 4 } as const;
const cipherName = 'aes-256-gcm';
const tagBytes = 16;

/** A new key in a file under `passphrase`. */
export async function createKeyFile(
  { purpose, label, now }: { purpose: KeyPurpose; label: string; now: number },
  passphrase: string,
): Promise<KeyFile> {
  const { seed, signer } = await createKeyPair();
  try {
    const { keyId, pubkeyB64 } = signer;
    const header = {
      format,
      purpose,
      label,
      key_id: keyId,
      pubkey_b64: pubkeyB64,
      created_at: new Date(now).toISOString(),
      kdf: { ...kdfCost, salt_b64: encodeBase64(randomBytes(16)) },
      cipher: { name: cipherName, nonce_b64: encodeBase64(randomBytes(12)) },
    };
    const ciphertext = await encryptSeed(seed, header, passphrase);
    const text = `${JSON.stringify({ ...header, ciphertext_b64: encodeBase64(ciphertext) }, undefined, 2)}\n`;
    return { purpose, label, keyId, pubkeyB64, text };
  } finally {
    seed.fill(0);
  }
}

/** Reads a key file. Throws Failure when it is not there, TrustError `malformed` when it is not a key file. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const bytes = await readFile(path).catch((cause) => {
    const hint = errorCodeOf(cause) === 'ENOENT' ? 'check the path; a key file ends in .json' : undefined;
    throw new Failure('refused', `the key file ${path} cannot be read`, { hint, cause });
  });
  return parseKeyFile(bytes);
}

/** Parses a key file. Throws TrustError `malformed`, `not_canonical`, `too_large`. */
export async function parseKeyFile(bytes: Uint8Array): Promise<KeyFile> {
  const entry = parseObject(parseSignable(bytes, maxKeyFileBytes), 'the key file');
  if (entry.format !== format) throw new TrustError('malformed', `expected a key file of format ${format}`);
  const purpose = parseString(entry, 'purpose');
  if (purpose !== 'root' && purpose !== 'maintainer') {
    throw new TrustError('malformed', 'expected purpose to be "root" or "maintainer"');
  }
  parseTime(entry, 'created_at');
  const { keyId } = await parsePublicKey(parseString(entry, 'pubkey_b64'));
  if (entry.key_id !== keyId) throw new TrustError('malformed', 'expected key_id to be the SHA-256 of the key');
  return {
    purpose,
    keyId,
    label: parseString(entry, 'label', 100),
    pubkeyB64: parseString(entry, 'pubkey_b64'),
    text: new TextDecoder().decode(bytes),
  };
}

/** The signer inside. Throws Failure when the passphrase is wrong or a word of the file was changed: AES-GCM cannot tell which. */
export async function unlockKeyFile(file: KeyFile, passphrase: string): Promise<Signer> {
  const entry = parseObject(parseSignable(new TextEncoder().encode(file.text), maxKeyFileBytes), 'the key file');
  const { ciphertext_b64: _, ...header } = entry;
  const seed = await decryptSeed(parseBase64(parseString(entry, 'ciphertext_b64')), header, passphrase);
  try {
    const signer = await createSigner(seed);
    if (signer.keyId !== file.keyId)
      throw new TrustError('malformed', 'expected the key inside to be the one named outside');
    return signer;
  } finally {
    seed.fill(0);
  }
}

async function encryptSeed(seed: Uint8Array, header: SignableObject, passphrase: string): Promise<Uint8Array> {
  const { key, nonce } = await deriveKey(header, passphrase);
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes }).setAAD(encodeCanonical(header));
  const ciphertext = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return ciphertext;
}

async function decryptSeed(
  ciphertext: Uint8Array,
  header: SignableObject,
  passphrase: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (ciphertext.length !== 32 + tagBytes) throw new TrustError('malformed', 'expected a ciphertext of 48 bytes');
  const { key, nonce } = await deriveKey(header, passphrase);
  const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes })
    .setAAD(encodeCanonical(header))
    .setAuthTag(ciphertext.subarray(32));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext.subarray(0, 32)), decipher.final()]));
  } catch (cause) {
    throw new Failure('refused', 'the passphrase is wrong, or the key file was changed', {
      hint: 'try again; if it stays so, restore the key file from a backup',
      code: 'wrong_passphrase',
      cause,
    });
  } finally {
    key.fill(0);
  }
}

/** The costs are fixed by the format: a file that asks for others is refused, cheaper ones as well as ruinous ones. */
async function deriveKey(header: SignableObject, passphrase: string): Promise<{ key: Buffer; nonce: Uint8Array }> {
  const kdf = parseObject(header.kdf, 'kdf');
  const cipher = parseObject(header.cipher, 'cipher');
  const salt = parseBase64(parseString(kdf, 'salt_b64'));
  const nonce = parseBase64(parseString(cipher, 'nonce_b64'));
  const asFormat = Object.entries(kdfCost).every(([name, value]) => kdf[name] === value) && cipher.name === cipherName;
  if (!asFormat || salt.length !== 16 || nonce.length !== 12) {
    throw new TrustError('malformed', `expected the key derivation and cipher of ${format}`);
  }
  const key = await promisify(argon2)('argon2id', {
    message: passphrase,
    nonce: salt,
    passes: kdfCost.passes,
    memory: kdfCost.memory_kib,
    parallelism: kdfCost.parallelism,
    tagLength: 32,
  });
  return { key, nonce };
}
