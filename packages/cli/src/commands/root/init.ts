/** `signpost root init`: a new root key and its folder. */
import type { CommandSpec, Invocation } from '../../command.ts';
import { createKeyFile, type KeyFile } from '../../keys/key-file.ts';
import { createDraft } from '../../root/draft.ts';
import { createRootFolder, keyPath } from '../../root/folder.ts';
import type { Answer } from '../../terminal/output.ts';
import { askNewPassphrase, dirOption, passphraseOptions } from './folder-option.ts';

/** `signpost root init`. */
export const rootInit: CommandSpec = {
  words: 'root init',
  summary: 'Make an offline root: a key under a passphrase, and the folder for its trust lists',
  details: [
    'Run it on a machine that you trust, at best one without a network. The key never leaves the folder; what clients and the server need is the public key that is printed.',
    "When several people shall hold roots, each runs this on their own machine, and one of them adds the others' public keys by `signpost root add-root`.",
  ],
  options: [dirOption, { flags: '--label <name>', text: 'a name for the key', fallback: 'root' }, ...passphraseOptions],
  examples: [
    'signpost root init --dir ~/root --label alice',
    'signpost root init --dir /media/stick/root --passphrase-fd 3 --json 3<passphrase.txt',
  ],
  run: initialiseRoot,
};

async function initialiseRoot(invocation: Invocation): Promise<Answer> {
  const { options, now } = invocation;
  const dir = options.requiredText('dir');
  const label = options.requiredText('label');
  const passphrase = await askNewPassphrase(invocation, 'the new root key');
  const key = await createKeyFile({ purpose: 'root', label, now: now() }, passphrase);
  await createRootFolder(dir, createDraft(key), key);
  const path = keyPath(dir, key.keyId);
  return {
    document: { key_id: key.keyId, pubkey_b64: key.pubkeyB64, label, dir, key_file: path },
    lines: [
      `Root key ${key.keyId}`,
      '',
      'Pin this public key in your clients and on the server:',
      `  ${key.pubkeyB64}`,
      '',
      ...recoveryHint(dir, key),
    ],
  };
}

/** What to back up, and why. */
function recoveryHint(dir: string, key: KeyFile): string[] {
  return [
    'Recovery: without this key and its passphrase, no trust list can ever be signed again.',
    `  1. Copy the whole folder ${dir} to two media kept in different places, again after each \`root sign\`.`,
    `     What cannot be made again is keys/${key.keyId.slice(0, 16)}.json; draft.json and lists/ are public.`,
    '  2. Keep the passphrase apart from the media, on paper or in a password manager. Nobody can reset it.',
    '  3. Try the backup now: `signpost root test --dir COPY` asks for the passphrase and changes nothing.',
    '  4. Better than backups alone: several holders and a threshold (`signpost root add-root --help`).',
  ];
}
