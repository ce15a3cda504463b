/** One secret sealed: AES-256-GCM (NIST SP 800-38D) under a subkey of the data key (HKDF-SHA-256, RFC 5869). */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

/** What a ciphertext is for (such as `signing-key`) and where it stands (`table/row`). It opens under nothing else. */
export interface SealPlace {
  readonly purpose: string;
  readonly reference: string;
}

const version = 'v1';
const nonceBytes = 12;
const tagBytes = 16;

/** `v1.` and base64url of nonce, ciphertext and tag. */
export function sealUnder(master: KeyObject, place: SealPlace, plaintext: Uint8Array): string {
  // Random nonces are safe for 2^32 secrets of one purpose; the server seals a handful.
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', subkeyOf(master, place.purpose), nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedDataOf(place));
  const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return `${version}.${sealed.toString('base64url')}`;
}

/** The plaintext. Throws when the key, the place or a bit of `text` is another. */
export function unsealUnder(master: KeyObject, place: SealPlace, text: string): Uint8Array {
  const match = /^v1\.([A-Za-z0-9_-]+)$/.exec(text);
  const sealed = Buffer.from(match?.[1] ?? '', 'base64url');
  if (sealed.length < nonceBytes + tagBytes) throw new Error('expected v1 ciphertext');
  const nonce = sealed.subarray(0, nonceBytes);
  const key = subkeyOf(master, place.purpose);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associatedDataOf(place));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  // Nothing leaves before final() has checked the tag.
  const plaintext = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
  decipher.final();
  return new Uint8Array(plaintext);
}

/** The same for the same key, and telling nothing about it: 64 hex digits derived from it. */
export function fingerprintKey(master: KeyObject): string {
  return Buffer.from(hkdfSync('sha256', master, new Uint8Array(), 'signpost/vault-fingerprint/v1', 32)).toString('hex');
}

function subkeyOf(master: KeyObject, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, new Uint8Array(), `signpost/vault/${version}/${purpose}`, 32));
}

// JSON keeps the parts apart whatever they contain.
function associatedDataOf(place: SealPlace): Uint8Array {
  return Buffer.from(JSON.stringify([version, place.purpose, place.reference]));
}
