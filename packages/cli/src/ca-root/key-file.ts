/** The key file of an offline certificate authority: a private key of any type under a passphrase, locked as all key files are. */
import { createHash } from 'node:crypto';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { parseObject, parseString, parseTime } from '@signpost/protocol/json/fields';
import { parseSignable } from '@signpost/protocol/json/parse';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import {
  type CertificateSigner,
  createCertificateSigner,
  createPrivateKey,
  derivePublicKey,
} from '@signpost/protocol/keys/private-key';
import { defaultSignatureAlgorithm, type HashName, replaceHash } from '@signpost/protocol/keys/signature-algorithm';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { createLock, decryptSecret, encryptSecret, tagBytes } from '../keys/passphrase-cipher.ts';

/** A key file, parsed and still locked. */
export interface AuthorityKeyFile {
  readonly keyId: string;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** The file's text. */
  readonly text: string;
}

const format = 'signpost-ca-key-1';
const maxKeyFileBytes = 16 * 1024;

/** A new key in a file under `passphrase`, and its signer. */
export async function createAuthorityKeyFile(
  { type, now }: { readonly type: KeyType; readonly now: number },
  passphrase: string,
): Promise<{ readonly file: AuthorityKeyFile; readonly signer: CertificateSigner }> {
  const pkcs8 = await createPrivateKey(type);
  try {
    const { spki } = await derivePublicKey(pkcs8);
    const keyId = identify(spki);
    const header = {
      ...{ format, key_id: keyId, public_key_b64: encodeBase64(spki), created_at: new Date(now).toISOString() },
      ...createLock(),
    };
    const ciphertext = await encryptSecret(pkcs8, header, passphrase);
    const text = `${JSON.stringify({ ...header, ciphertext_b64: encodeBase64(ciphertext) }, undefined, 2)}\n`;
    return { file: { keyId, spki, text }, signer: await createCertificateSigner(pkcs8) };
  } finally {
    pkcs8.fill(0);
  }
}

/** Parses a key file. Throws TrustError `malformed`, `not_canonical`, `too_large`. */
export function parseAuthorityKeyFile(bytes: Uint8Array): AuthorityKeyFile {
  const entry = parseObject(parseSignable(bytes, maxKeyFileBytes), 'the key file');
  if (entry.format !== format) throw new TrustError('malformed', `expected a key file of format ${format}`);
  parseTime(entry, 'created_at');
  const spki = parseBase64(parseString(entry, 'public_key_b64'));
  const keyId = parseString(entry, 'key_id');
  if (keyId !== identify(spki)) throw new TrustError('malformed', 'expected key_id to be the SHA-256 of the key');
  return { keyId, spki, text: new TextDecoder().decode(bytes) };
}

/** The signer inside; with `hash` it signs with that one instead of the one that is as strong as the key. Throws Failure when the passphrase is wrong or a word of the file was changed. */
export async function unlockAuthorityKeyFile(
  file: AuthorityKeyFile,
  passphrase: string,
  hash?: HashName,
): Promise<CertificateSigner> {
  const entry = parseObject(parseSignable(new TextEncoder().encode(file.text), maxKeyFileBytes), 'the key file');
  const { ciphertext_b64: _, ...header } = entry;
  const ciphertext = parseBase64(parseString(entry, 'ciphertext_b64', maxKeyFileBytes));
  if (ciphertext.length <= tagBytes) throw new TrustError('malformed', 'expected a ciphertext');
  const pkcs8 = await decryptSecret(ciphertext, header, passphrase);
  try {
    const usual = defaultSignatureAlgorithm(parseSubjectKey(file.spki));
    const signer = await createCertificateSigner(pkcs8, hash === undefined ? usual : replaceHash(usual, hash));
    if (identify(signer.subjectKey.spki) !== file.keyId)
      throw new TrustError('malformed', 'expected the key inside to be the one named outside');
    return signer;
  } finally {
    pkcs8.fill(0);
  }
}

function identify(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex');
}
