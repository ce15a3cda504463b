/** `signpost key create`, `list`, `activate`, `retire`, `revoke`: the signing keys in the server's vault. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import { TrustError } from '@signpost/protocol/errors';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { proofOptions, requestProven } from '../../http/person.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';
import { readPushKeys } from '../push/identity.ts';

const columns = ['key_id', 'label', 'scope', 'state', 'in_trust_list', 'not_after', 'created_at'];

/** `signpost key create`. */
export const keyCreate: CommandSpec = {
  words: 'key create',
  summary: 'Make a signing key in the vault of the server',
  details: [
    'It can sign once a root lists it (`signpost root add-key`, `root sign`, `trust import`) and it is activated.',
  ],
  options: [
    { flags: '--label <name>', text: 'a name for people', required: true },
    { flags: '--scope <scope>', text: '"*", project:SLUG, collection:SLUG or wordpress:SLUG', fallback: '*' },
  ],
  examples: ['signpost key create --label "server 2027" --scope project:my-app --json > server-key.json'],
  run: createKey,
};

/** `signpost key list`. */
export const keyList: CommandSpec = {
  words: 'key list',
  summary: 'List the signing keys of the server',
  examples: ['signpost key list'],
  run: listKeys,
};

/** `signpost key activate`. */
export const keyActivate: CommandSpec = {
  words: 'key activate',
  arguments: '<key-id>',
  summary: 'Sign with this key from now on; the active key of the same scope retires',
  examples: ['signpost key activate 3b6a27bcceb6a42d'],
  run: (invocation) => changeKey(invocation, 'activate'),
};

/** `signpost key retire`. */
export const keyRetire: CommandSpec = {
  words: 'key retire',
  arguments: '<key-id>',
  summary: 'Stop signing with this key; what it signed stays valid',
  examples: ['signpost key retire 3b6a27bcceb6a42d'],
  run: (invocation) => changeKey(invocation, 'retire', 'Retire this key?'),
};

/** `signpost key revoke`. */
export const keyRevoke: CommandSpec = {
  words: 'key revoke',
  arguments: '<key-id>',
  summary: 'Never sign with this key again; clients learn it from the next trust list',
  options: proofOptions(),
  examples: ['signpost key revoke 3b6a27bcceb6a42d'],
  run: revokeKey,
};

async function createKey(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const client = await connectAuthenticated(invocation);
  const body = { label: options.requiredText('label'), scope: options.requiredText('scope') };
  const made = await client.request('POST', '/api/signing-keys', { body });
  const pushKeys = await readPushKeys(client);
  return answerPairs(
    pushKeys.length === 0 ? made : { ...made, push_keys: pushKeys },
    ['key_id', 'pubkey_b64', 'scope', 'state'],
    'Made. On the machine of the root:',
    `  ${writeAddKey(made, pushKeys)}`,
    '',
  );
}

async function listKeys(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const document = await client.read('/api/signing-keys');
  const table = answerTable(document, 'keys', columns);
  const unlisted = objectsOf(document, 'keys').filter(
    (key) => key.in_trust_list === false && (key.state === 'created' || key.state === 'active'),
  );
  if (unlisted.length === 0) return table;
  const pushKeys = await readPushKeys(client);
  const commands = unlisted.map((key) => `  ${writeAddKey(key, pushKeys)}`);
  return { ...table, lines: [...table.lines, '', 'Not in the trust list. On the machine of the root:', ...commands] };
}

/** What lists a key of the server, and the push keys without which nobody believes its frames. */
function writeAddKey(key: JsonObject, pushKeys: readonly JsonObject[]): string {
  const [label, scope] = [textOf(key, 'label'), textOf(key, 'scope')].map(quoteWord);
  const push = pushKeys.map((one) => ` --push-key ${writeKey(one)}`).join('');
  return `signpost root add-key --pubkey ${writeKey(key)} --label ${label} --custody server --scope ${scope}${push}`;
}

/** The key, which is pasted where the root is: whatever a server says, no more than 32 bytes in base64. */
function writeKey(key: JsonObject): string {
  const text = textOf(key, 'pubkey_b64');
  const { length } = parseBase64(text);
  if (length !== 32) throw new TrustError('malformed', `expected a 32-byte key, got ${length} bytes`);
  return quoteWord(text);
}

async function changeKey(invocation: Invocation, act: 'activate' | 'retire', question?: string): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const keyId = await resolveKeyId(client, readArgument(invocation, 0));
  if (question !== undefined) await invocation.prompt.confirm(`${question} (${keyId.slice(0, 16)})`);
  return answerPairs(await client.request('POST', `/api/signing-keys/${keyId}/${act}`), columns);
}

async function revokeKey(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const keyId = await resolveKeyId(client, readArgument(invocation, 0));
  await invocation.prompt.confirm(`Revoke this key for ever? (${keyId.slice(0, 16)})`);
  return answerPairs(await requestProven(invocation, client, { path: `/api/signing-keys/${keyId}/revoke` }), columns);
}

async function resolveKeyId(client: Client, prefix: string): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(prefix)) return prefix;
  const ids = objectsOf(await client.read('/api/signing-keys'), 'keys').map((key) => textOf(key, 'key_id'));
  const matches = prefix.length >= 8 ? ids.filter((id) => id.startsWith(prefix)) : [];
  const [match] = matches;
  if (match !== undefined && matches.length === 1) return match;
  throw new Failure('refused', `expected the id of one key, or at least its first 8 characters, got "${prefix}"`, {
    hint: 'signpost key list',
  });
}
