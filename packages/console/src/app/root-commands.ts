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

/** What else a root says in a list, or does with one. What stands in capitals is for the reader to fill in. */
export function moreCommands(pushKeys: readonly string[]) {
  const [push = 'PUBLIC-KEY'] = pushKeys.map(writeKey);
  return [
    { kind: 'show', text: `signpost root show ${folder}` },
    {
      kind: 'maintainer',
      text: `signpost key new-maintainer --out NAME.key.json --label NAME --json > NAME.pub.json\nsignpost root add-key ${folder} --key NAME.pub.json --scope project:PROJECT\n${sign}`,
    },
    { kind: 'approvals', text: `signpost root set-project PROJECT ${folder} --approvals 2\n${sign}` },
    { kind: 'push', text: `signpost root add-push-key ${push} ${folder} --label push\n${sign}` },
    { kind: 'rotate', text: `signpost root rotate ${folder} --label NAME\n${sign}` },
    { kind: 'holder', text: `signpost root add-root PUBLIC-KEY ${folder} --threshold 2\n${sign}` },
    { kind: 'threshold', text: `signpost root set-threshold 2 ${folder}\n${sign}` },
    { kind: 'leave', text: `signpost root remove-root KEY-ID ${folder} --threshold 1\n${sign}` },
    { kind: 'import', text: `signpost root import trust.json ${folder}\n${sign}` },
    { kind: 'combine', text: 'signpost root combine ALICE.json BOB.json --out trust.json' },
    { kind: 'logless', text: `signpost root remove-log ${folder}\n${sign}` },
  ] as const;
}

/** The key, which is pasted where the root is: whatever a server says, no more than 32 bytes in base64. */
function writeKey(text: string): string {
  const { length } = parseBase64(text);
  if (length !== 32) throw new TrustError('malformed', `expected a 32-byte key, got ${length} bytes`);
  return quoteWord(text);
}
