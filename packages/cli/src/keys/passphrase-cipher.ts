/**
 * How key files are locked (docs/command.md, "Key files"): Argon2id (RFC 9106) makes the key of AES-256-GCM, whose associated
 * data is everything else in the file, so that no word of it can be changed unnoticed.
 */
import { argon2, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonical, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseObject, parseString } from '@signpost/protocol/json/fields';
import { Failure } from '../terminal/failure.ts';

/** The shortest passphrase that a new key file takes, in characters. */
export const minPassphraseLength = 12;

/** What ciphertexts are longer by than what is in them. */
export const tagBytes = 16;

// RFC 9106, section 4: the second recommended option (64 MiB, 3 passes, 4 lanes).
const kdfCost = { name: 'argon2id', passes: 3, memory_kib: 65_536, parallelism: 4 } as const;
const cipherName = 'aes-256-gcm';

/** The members of a header that say how the file is locked; salt and nonce are new each time. */
export function createLock(): { readonly kdf: SignableObject; readonly cipher: SignableObject } {
  return {
    kdf: { ...kdfCost, salt_b64: encodeBase64(randomBytes(16)) },
    cipher: { name: cipherName, nonce_b64: encodeBase64(randomBytes(12)) },
  };
}

/** The ciphertext of `secret`, which belongs to exactly this header. */
export async function encryptSecret(
  secret: Uint8Array,
  header: SignableObject,
  passphrase: string,
): Promise<Uint8Array> {
  const { key, nonce } = await deriveKey(header, passphrase);
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes }).setAAD(encodeCanonical(header));
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return ciphertext;
}

/**
 * The secret, which the caller wipes. Throws Failure when the passphrase is wrong or a word of the file was changed: AES-GCM
 * cannot tell which. TrustError `malformed` for a header of another form.
 */
export async function decryptSecret(
  ciphertext: Uint8Array,
  header: SignableObject,
  passphrase: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { key, nonce } = await deriveKey(header, passphrase);
  const end = ciphertext.length - tagBytes;
  const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes })
    .setAAD(encodeCanonical(header))
    .setAuthTag(ciphertext.subarray(end));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]));
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

/** The costs are fixed: a file that asks for others is refused, cheaper ones as well as ruinous ones. */
async function deriveKey(header: SignableObject, passphrase: string): Promise<{ key: Buffer; nonce: Uint8Array }> {
  const kdf = parseObject(header.kdf, 'kdf');
  const cipher = parseObject(header.cipher, 'cipher');
  const salt = parseBase64(parseString(kdf, 'salt_b64'));
  const nonce = parseBase64(parseString(cipher, 'nonce_b64'));
  const asFormat = Object.entries(kdfCost).every(([name, value]) => kdf[name] === value) && cipher.name === cipherName;
  if (!asFormat || salt.length !== 16 || nonce.length !== 12) {
    throw new TrustError('malformed', `expected the key derivation and cipher of ${String(header.format)}`);
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
