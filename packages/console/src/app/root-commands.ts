/** What is typed on the machine of the offline root of trust lists. What the server says goes into it as single words, and keys only as keys. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import { TrustError } from '@signpost/protocol/errors';
import { encodeNoteKey, noteKeyTypes } from '@signpost/protocol/tlog/note-key';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import type { Answer } from '../api/client.ts';

/** What of a signing key of the server stands in a command. */
export type ListableKey = Pick<Answer<'GET /api/signing-keys'>['keys'][number], 'pubkey_b64' | 'label' | 'scope'>;

const folder = '--dir ~/signpost-root';
const sign = `signpost root sign ${folder} --out trust.json`;

/** Makes a root. */
export const initCommand: string = `signpost root init ${folder}`;

/** The same list once more, with a later end. */
export const renewCommand: string = `signpost root sign ${folder} --renew --out trust.json`;

/** Lists a key of the server, and the push keys without which nobody believes its frames. Throws `malformed` for what is no key. */
export function listCommands({ pubkey_b64, label, scope }: ListableKey, pushKeys: readonly string[]): string {
  const push = pushKeys.map((key) => ` --push-key ${writeKey(key)}`).join('');
  return `signpost root add-key ${folder} --pubkey ${writeKey(pubkey_b64)} --label ${quoteWord(label)} --custody server --scope ${quoteWord(scope)}${push}\n${sign}`;
}

/** Names the log of the server. What is pasted is made anew out of 32 bytes and a name without white space. */
export function logCommands(log: TrustedLog): string {
  return `signpost root set-log ${folder} ${quoteWord(writeVerifierKey(log))}\n${sign}`;
}

/** The verifier key of a log, as C2SP signed-note writes keys. */
export function writeVerifierKey({ origin, key }: TrustedLog): string {
  return encodeNoteKey(origin, noteKeyTypes.ed25519, parseBase64(key.pubkeyB64));
}

/** Revokes a key that stands in a list. */
export function revokeCommands({ key_id }: { readonly key_id: string }): string {
  return `signpost root revoke-key ${folder} ${quoteWord(key_id)} --reason "why, for everybody to read"\n${sign}`;
}

/** The key, which is pasted where the root is: whatever a server says, no more than 32 bytes in base64. */
function writeKey(text: string): string {
  const { length } = parseBase64(text);
  if (length !== 32) throw new TrustError('malformed', `expected a 32-byte key, got ${length} bytes`);
  return quoteWord(text);
}
