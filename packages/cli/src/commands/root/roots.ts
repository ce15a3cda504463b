/** `signpost root add-root`, `remove-root`, `set-threshold`, `rotate`: who may sign trust lists. */
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { createKeyFile, type KeyFile } from '../../keys/key-file.ts';
import {
  addRoot,
  assertSignable,
  type Draft,
  removeRoot,
  replaceRoot,
  resolveKeyId,
  shortId,
} from '../../root/draft.ts';
import { addKeyFile, type RootFolder, writeDraft } from '../../root/folder.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { askNewPassphrase, dirOption, editDraft, openFolder, passphraseOptions } from './folder-option.ts';

const thresholdOption: OptionSpec = { flags: '--threshold <m>', text: 'how many roots must sign from then on' };

const chainNote =
  'Clients follow a change of roots when the new list is signed by a threshold of the old roots and a threshold of the new ones; `signpost root sign` says who is missing.';

/** `signpost root add-root`. */
export const rootAddRoot: CommandSpec = {
  words: 'root add-root',
  arguments: '<public-key>',
  summary: 'Add the root of another holder',
  details: [chainNote],
  options: [dirOption, thresholdOption],
  examples: ['signpost root add-root 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --threshold 2'],
  run: addOtherRoot,
};

/** `signpost root remove-root`. */
export const rootRemoveRoot: CommandSpec = {
  words: 'root remove-root',
  arguments: '<key-id>',
  summary: 'Take a root out',
  details: [chainNote],
  options: [dirOption, thresholdOption],
  examples: ['signpost root remove-root 21fe31dfa154a261 --threshold 1'],
  run: removeOtherRoot,
};

/** `signpost root set-threshold`. */
export const rootSetThreshold: CommandSpec = {
  words: 'root set-threshold',
  arguments: '<m>',
  summary: 'Set how many roots must sign a trust list',
  details: [chainNote],
  options: [dirOption],
  examples: ['signpost root set-threshold 2'],
  run: changeThreshold,
};

/** `signpost root rotate`. */
export const rootRotate: CommandSpec = {
  words: 'root rotate',
  summary: 'Make a new root key and put it in the place of the one in this folder',
  details: [
    chainNote,
    'The old key stays in the folder, because it must sign the list that replaces it. Clients that know one pinned root only must be given the new one by an update of their own.',
  ],
  options: [dirOption, { flags: '--label <name>', text: 'a name for the new key' }, ...passphraseOptions],
  examples: ['signpost root rotate --dir ~/root --label alice-2027'],
  run: rotateRoot,
};

async function addOtherRoot(invocation: Invocation): Promise<Answer> {
  const { keyId, pubkeyB64 } = await parsePublicKey(readArgument(invocation, 0));
  return editDraft(invocation, (draft) => ({
    draft: withThreshold(invocation, addRoot(draft, { keyId, pubkeyB64 })),
    line: `Root ${shortId(keyId)} is added.`,
    document: { key_id: keyId, pubkey_b64: pubkeyB64 },
  }));
}

async function removeOtherRoot(invocation: Invocation): Promise<Answer> {
  const prefix = readArgument(invocation, 0);
  return editDraft(invocation, (draft) => {
    const keyId = resolveKeyId(draft, ['root_keys'], prefix);
    return {
      draft: withThreshold(invocation, removeRoot(draft, keyId)),
      line: `Root ${shortId(keyId)} is taken out.`,
      document: { key_id: keyId },
    };
  });
}

async function changeThreshold(invocation: Invocation): Promise<Answer> {
  const text = readArgument(invocation, 0);
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Failure('usage', `expected a number of at least 1, got "${text}"`);
  const threshold = Number(text);
  return editDraft(invocation, (draft) => ({
    draft: { ...draft, threshold },
    line: `${threshold} root(s) must sign.`,
    document: { threshold },
  }));
}

function withThreshold({ options }: Invocation, draft: Draft): Draft {
  return { ...draft, threshold: options.integer('threshold', 1) ?? draft.threshold };
}

async function rotateRoot(invocation: Invocation): Promise<Answer> {
  const folder = await openFolder(invocation);
  const old = findOwnRoot(folder);
  const label = invocation.options.text('label') ?? old.label;
  const passphrase = await askNewPassphrase(invocation, 'the new root key');
  const key = await createKeyFile({ purpose: 'root', label, now: invocation.now() }, passphrase);
  const draft = replaceRoot(folder.draft, old.keyId, key);
  await assertSignable(draft);
  await addKeyFile(folder.dir, key);
  await writeDraft(folder.dir, draft);
  return {
    document: { key_id: key.keyId, pubkey_b64: key.pubkeyB64, replaces: old.keyId },
    lines: [
      `Root ${shortId(key.keyId)} takes the place of ${shortId(old.keyId)}; its public key is`,
      `  ${key.pubkeyB64}`,
      'It takes effect with `signpost root sign`, which signs with both. Back up the folder again.',
    ],
  };
}

function findOwnRoot(folder: RootFolder): KeyFile {
  const own = folder.keys.filter(({ keyId }) => JSON.stringify(folder.draft.root_keys).includes(keyId));
  const [key] = own;
  if (!key || own.length > 1)
    throw new Failure('refused', `expected one key of this folder among the roots, got ${own.length}`);
  return key;
}
