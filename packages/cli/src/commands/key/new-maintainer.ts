/** `signpost key new-maintainer`: a signing key that stays on the maintainer's machine. */
import type { CommandSpec, Invocation } from '../../command.ts';
import { createFileAtomically, errorCodeOf } from '../../files/atomic-write.ts';
import { createKeyFile } from '../../keys/key-file.ts';
import { encodePublicRecord } from '../../keys/public-record.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { askNewPassphrase, passphraseOptions } from '../root/folder-option.ts';

/** `signpost key new-maintainer`. */
export const keyNewMaintainer: CommandSpec = {
  words: 'key new-maintainer',
  summary: 'Make a signing key for a maintainer, on this machine and without a server',
  details: [
    'The key approves releases by `signpost approve`. Give what is printed to a holder of the root, who lists it by `signpost root add-key`.',
  ],
  options: [
    { flags: '--out <file>', text: 'the key file to write', required: true },
    { flags: '--label <name>', text: 'a name for people', fallback: 'maintainer' },
    ...passphraseOptions,
  ],
  examples: [
    'signpost key new-maintainer --out ~/bob.key.json --label bob',
    'signpost key new-maintainer --out bob.key.json --label bob --json > bob.pub.json',
  ],
  run: createMaintainerKey,
};

async function createMaintainerKey(invocation: Invocation): Promise<Answer> {
  const out = invocation.options.requiredText('out');
  const label = invocation.options.requiredText('label');
  const passphrase = await askNewPassphrase(invocation, 'the new key');
  const key = await createKeyFile({ purpose: 'maintainer', label, now: invocation.now() }, passphrase);
  await createFileAtomically(out, key.text).catch((cause) => {
    if (errorCodeOf(cause) !== 'EEXIST') throw cause;
    throw new Failure('refused', `${out} exists`, {
      hint: 'choose another file by --out; keys are never overwritten',
      cause,
    });
  });
  const record = encodePublicRecord(key);
  return {
    document: record,
    lines: [
      `Key file ${out}; back it up, and keep the passphrase apart from it.`,
      'For `signpost root add-key --key FILE`:',
      JSON.stringify(record),
    ],
  };
}
