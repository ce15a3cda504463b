/** The key file: an Ed25519 seed under a passphrase (docs/command.md, "Key files"). */
import { readFile } from 'node:fs/promises';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { parseObject, parseString, parseTime } from '@signpost/protocol/json/fields';
import { parseSignable } from '@signpost/protocol/json/parse';
import { createKeyPair, createSigner, parsePublicKey, type Signer } from '@signpost/protocol/keys/ed25519';
import { errorCodeOf } from '../files/atomic-write.ts';
import { Failure } from '../terminal/failure.ts';
import { createLock, decryptSecret, encryptSecret, tagBytes } from './passphrase-cipher.ts';

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

const format = 'signpost-key-1';
const maxKeyFileBytes = 8192;

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
      ...createLock(),
    };
    const ciphertext = await encryptSecret(seed, header, passphrase);
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
  const ciphertext = parseBase64(parseString(entry, 'ciphertext_b64'));
  if (ciphertext.length !== 32 + tagBytes) throw new TrustError('malformed', 'expected a ciphertext of 48 bytes');
  const seed = await decryptSecret(ciphertext, header, passphrase);
  try {
    const signer = await createSigner(seed);
    if (signer.keyId !== file.keyId)
      throw new TrustError('malformed', 'expected the key inside to be the one named outside');
    return signer;
  } finally {
    seed.fill(0);
  }
}
