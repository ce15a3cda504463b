/** `signpost root test`: tries a folder or its backup. */
import type { CommandSpec, Invocation } from '../../command.ts';
import { shortId } from '../../root/draft.ts';
import type { Answer } from '../../terminal/output.ts';
import { dirOption, openFolder, passphraseOptions, unlockKeys } from './folder-option.ts';

/** `signpost root test`. */
export const rootTest: CommandSpec = {
  words: 'root test',
  summary: 'Try whether a root folder, or a backup of it, is whole and its passphrase right; changes nothing',
  options: [dirOption, ...passphraseOptions],
  examples: ['signpost root test --dir /media/backup/root'],
  run: testRoot,
};

async function testRoot(invocation: Invocation): Promise<Answer> {
  const folder = await openFolder(invocation);
  const signers = await unlockKeys(invocation, folder.keys);
  const version = folder.inForce?.version ?? null;
  return {
    document: { keys: signers.map(({ keyId }) => keyId), trust_version: version },
    lines: [
      ...signers.map(({ keyId }) => `key ${shortId(keyId)}: the passphrase opens it`),
      version === null ? 'no list has been signed yet' : `trust list version ${version}: its signatures verify`,
    ],
  };
}
