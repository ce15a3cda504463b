/** What people say of a backup's encryption, parsed. */
import type { Lock, Opener } from './age/encryption.ts';
import { parseIdentity, parseRecipient } from './age/keys.ts';
import { defaultWorkFactor } from './age/stanzas.ts';

/** What a backup is encrypted to: public keys, a passphrase, or nothing. */
export interface LockWords {
  readonly recipients?: readonly string[] | undefined;
  readonly passphrase?: string | undefined;
}

/** What opens a backup: the text of a key file, or a passphrase. */
export interface OpenerWords {
  readonly identity?: string | undefined;
  readonly passphrase?: string | undefined;
}

/** Parses the words. Throws `invalid` for a key that is none. Undefined: nothing is encrypted. */
export function parseLock({ recipients = [], passphrase }: LockWords): Lock | undefined {
  if (passphrase !== undefined) return sayPassphrase(passphrase);
  return recipients.length === 0 ? undefined : recipients.map(parseRecipient);
}

/** Parses the words. Throws `invalid` for a key that is none. */
export function parseOpener({ identity, passphrase }: OpenerWords): Opener | undefined {
  if (identity !== undefined) return parseIdentity(identity);
  return passphrase === undefined ? undefined : sayPassphrase(passphrase);
}

/** Keyboards differ in how they compose the same letter. */
function sayPassphrase(passphrase: string) {
  return { kind: 'passphrase', text: passphrase.normalize('NFC'), workFactor: defaultWorkFactor } as const;
}
