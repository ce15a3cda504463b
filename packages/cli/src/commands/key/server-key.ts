/** `signpost key create`, `list`, `activate`, `retire`, `revoke`: the signing keys in the server's vault. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { cellOf, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';
import { readPushKeys } from '../push/identity.ts';

const columns = ['key_id', 'label', 'scope', 'state', 'in_trust_list', 'created_at'];

/** `signpost key create`. */
export const keyCreate: CommandSpec = {
  words: 'key create',
  summary: 'Make a signing key in the vault of the server',
  details: [
    'It can sign once a root lists it (`signpost root add-key`, `root sign`, `trust import`) and it is activated.',
  ],
  options: [
    { flags: '--label <name>', text: 'a name for people', required: true },
    { flags: '--scope <scope>', text: '"*", project:SLUG or collection:SLUG', fallback: '*' },
  ],
  examples: ['signpost key create --label "server 2027" --scope project:my-app --json > server-key.json'],
  run: createKey,
};

/** `signpost key list`. */
export const keyList: CommandSpec = {
  words: 'key list',
  summary: 'List the signing keys of the server',
  examples: ['signpost key list'],
  run: async (invocation) =>
    answerTable(await (await connectAuthenticated(invocation)).read('/api/signing-keys'), 'keys', columns),
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
  examples: ['signpost key revoke 3b6a27bcceb6a42d'],
  run: (invocation) => changeKey(invocation, 'revoke', 'Revoke this key for ever?'),
};

async function createKey(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const client = await connectAuthenticated(invocation);
  const body = { label: options.requiredText('label'), scope: options.requiredText('scope') };
  const made = await client.request('POST', '/api/signing-keys', { body });
  const pushKeys = await readPushKeys(client);
  const push = pushKeys.map((key) => ` --push-key ${cellOf(key, 'pubkey_b64')}`).join('');
  const add = `signpost root add-key --pubkey ${cellOf(made, 'pubkey_b64')} --label "${body.label}" --custody server --scope "${body.scope}"${push}`;
  return answerPairs(
    pushKeys.length === 0 ? made : { ...made, push_keys: pushKeys },
    ['key_id', 'pubkey_b64', 'scope', 'state'],
    'Made. On the machine of the root:',
    `  ${add}`,
    '',
  );
}

async function changeKey(invocation: Invocation, act: string, question?: string): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const keyId = await resolveKeyId(client, readArgument(invocation, 0));
  if (question !== undefined) await invocation.prompt.confirm(`${question} (${keyId.slice(0, 16)})`);
  return answerPairs(await client.request('POST', `/api/signing-keys/${keyId}/${act}`), columns);
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
