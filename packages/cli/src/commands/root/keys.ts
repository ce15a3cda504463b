/** `signpost root add-key`, `add-push-key`, `revoke-key`, `set-project`: edits of the draft. */
import { TrustError } from '@signpost/protocol/errors';
import { parseTimeText } from '@signpost/protocol/json/fields';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { parseScope } from '@signpost/protocol/updates/names';
import { type CommandSpec, type Invocation, type Options, readArgument } from '../../command.ts';
import { type PublicRecord, parseCustody, readPublicRecord } from '../../keys/public-record.ts';
import {
  addKey,
  addPushKey,
  formatTime,
  type KeyEntry,
  type PushKeyEntry,
  resolveKeyId,
  revokeKey,
  setProject,
  shortId,
} from '../../root/draft.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { dirOption, editDraft } from './folder-option.ts';

/** `signpost root add-key`. */
export const rootAddKey: CommandSpec = {
  words: 'root add-key',
  summary: 'List a key that may sign manifests',
  details: [
    '--key takes what `signpost key create --json` or `signpost key new-maintainer --json` printed. Custody and scope decide what a stolen key can do, so they are taken from the command line first.',
    'A key of the server brings its push key along, which vouches for what the server sends to listeners and can sign nothing that is installed.',
  ],
  options: [
    dirOption,
    { flags: '--key <file>', text: 'the public key as JSON' },
    { flags: '--pubkey <base64>', text: 'the public key by itself' },
    { flags: '--label <name>', text: 'a name for people' },
    { flags: '--custody <who>', text: 'who holds the private half', choices: ['server', 'maintainer'] },
    {
      flags: '--scope <scope>',
      text: 'what it may sign: "*", project:SLUG, collection:SLUG or wordpress:SLUG',
      repeatable: true,
    },
    { flags: '--not-before <time>', text: 'valid from this RFC 3339 time on' },
    { flags: '--not-after <time>', text: 'valid until this RFC 3339 time' },
    { flags: '--push-key <base64>', text: 'list this push key of the server as well', repeatable: true },
  ],
  examples: [
    'signpost root add-key --key server-key.json --scope project:my-app',
    'signpost root add-key --pubkey 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --label bob --custody maintainer --scope project:my-app',
  ],
  run: addTrustedKey,
};

/** `signpost root add-push-key`. */
export const rootAddPushKey: CommandSpec = {
  words: 'root add-push-key',
  arguments: '<public-key>',
  summary: 'List a key that vouches for the signed frames that a server sends',
  details: [
    '`signpost push identity` prints it. It can make clients look for news and hear of nothing else; it signs no manifest. `signpost root add-key` lists it by itself.',
  ],
  options: [dirOption, { flags: '--label <name>', text: 'a name for people', fallback: 'push' }],
  examples: ['signpost root add-push-key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --label "push 2027"'],
  run: addGivenPushKey,
};

/** `signpost root revoke-key`. */
export const rootRevokeKey: CommandSpec = {
  words: 'root revoke-key',
  arguments: '<key-id>',
  summary: 'Revoke a listed key for ever',
  details: [
    'What it signed before is refused by clients as soon as they have the new list: sign affected releases again with another key.',
  ],
  options: [dirOption, { flags: '--reason <text>', text: 'why, for everybody to read', required: true }],
  examples: ['signpost root revoke-key 3b6a27bcceb6a42d --reason "laptop stolen"'],
  run: revokeTrustedKey,
};

/** `signpost root set-project`. */
export const rootSetProject: CommandSpec = {
  words: 'root set-project',
  arguments: '<slug>',
  summary: 'Set how many maintainers must sign the releases of a project',
  details: [
    "With --approvals 1 or more only maintainers' keys count, and a stolen server cannot publish. --counter-epoch is for recovery: raise it when a stolen key drove the release counter up.",
  ],
  options: [
    dirOption,
    { flags: '--approvals <m>', text: 'distinct maintainer signatures needed; 0: any key in scope', required: true },
    { flags: '--counter-epoch <n>', text: 'start counting releases anew' },
  ],
  examples: ['signpost root set-project my-app --approvals 2'],
  run: setProjectRule,
};

async function addTrustedKey(invocation: Invocation): Promise<Answer> {
  const { entry, pushKeys } = await readKeyEntry(invocation.options);
  const { key, label, custody, scope } = entry;
  return editDraft(invocation, (draft) => ({
    draft: pushKeys.reduce(addPushKey, addKey(draft, entry)),
    line: [
      `Key ${shortId(key.keyId)} "${label}" (${custody}) may sign ${scope.join(', ')}.`,
      ...pushKeys.map(describePushKey),
    ].join(' '),
    document: {
      ...{ key_id: key.keyId, pubkey_b64: key.pubkeyB64, label, custody, scope },
      push_key_ids: pushKeys.map((pushKey) => pushKey.key.keyId),
    },
  }));
}

async function addGivenPushKey(invocation: Invocation): Promise<Answer> {
  const label = invocation.options.requiredText('label');
  const entry = { key: await parsePublicKey(readArgument(invocation, 0)), label };
  return editDraft(invocation, (draft) => ({
    draft: addPushKey(draft, entry),
    line: describePushKey(entry),
    document: { key_id: entry.key.keyId, pubkey_b64: entry.key.pubkeyB64, label },
  }));
}

function describePushKey({ key, label }: PushKeyEntry): string {
  return `Push key ${shortId(key.keyId)} "${label}" may vouch for frames.`;
}

async function revokeTrustedKey(invocation: Invocation): Promise<Answer> {
  const given = readArgument(invocation, 0);
  const reason = invocation.options.requiredText('reason');
  return editDraft(invocation, (draft) => {
    // A whole id may be revoked although it is not listed: nobody shall ever list it.
    const keyId = /^[0-9a-f]{64}$/.test(given) ? given : resolveKeyId(draft, ['valid_keys', 'push_keys'], given);
    return {
      draft: revokeKey(draft, keyId, { reason, now: invocation.now() }),
      line: `Key ${shortId(keyId)} is revoked: ${reason}.`,
      document: { key_id: keyId, reason },
    };
  });
}

async function setProjectRule(invocation: Invocation): Promise<Answer> {
  const project = readArgument(invocation, 0);
  const approvals = invocation.options.integer('approvals', 0) ?? 0;
  const counterEpoch = invocation.options.integer('counter-epoch', 0);
  const needed = approvals === 0 ? 'one signature by any key in scope' : `${approvals} maintainer signature(s)`;
  return editDraft(invocation, (draft) => ({
    draft: setProject(draft, { project, approvals, counterEpoch }),
    line: `Project ${project} needs ${needed}.`,
    document: { project, approvals },
  }));
}

async function readKeyEntry(options: Options): Promise<{ entry: KeyEntry; pushKeys: readonly PushKeyEntry[] }> {
  const record = await readGivenKey(options);
  const label = options.text('label') ?? record.label;
  const custody = parseCustody(options.text('custody')) ?? record.custody;
  const scopes = asUsage(() => options.texts('scope').map(parseScope));
  const scope = scopes.length > 0 ? scopes : (record.scope ?? []);
  if (label === undefined || custody === undefined || scope.length === 0) {
    throw new Failure('usage', 'label, custody and scope are needed', {
      hint: 'for instance --label "ci" --custody maintainer --scope project:my-app',
    });
  }
  const window = { notBefore: readTime(options, 'not-before'), notAfter: readTime(options, 'not-after') };
  const given = await Promise.all(options.texts('push-key').map(parsePublicKey));
  return {
    entry: { key: record.key, label, custody, scope, ...window },
    pushKeys: [...record.pushKeys, ...given.map((key) => ({ key, label: 'push' }))],
  };
}

async function readGivenKey(options: Options): Promise<PublicRecord> {
  const file = options.text('key');
  const pubkey = options.text('pubkey');
  if ((file === undefined) === (pubkey === undefined)) throw new Failure('usage', 'expected either --key or --pubkey');
  if (file !== undefined) return readPublicRecord(file);
  return {
    key: await parsePublicKey(pubkey ?? ''),
    label: undefined,
    custody: undefined,
    scope: undefined,
    pushKeys: [],
  };
}

function readTime(options: Options, name: string): string | undefined {
  const text = options.text(name);
  return text === undefined ? undefined : asUsage(() => formatTime(parseTimeText(text, `--${name}`)));
}

/** What was typed wrong is a usage failure, not a failed verification. */
function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new Failure('usage', error.message, { cause: error });
  }
}
