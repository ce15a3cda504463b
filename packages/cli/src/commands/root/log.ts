/** `signpost root set-log`, `remove-log`: the transparency log that the next trust list names. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { readLogKey } from '../../log/log-key.ts';
import { removeLog, setLog, shortId } from '../../root/draft.ts';
import type { Answer } from '../../terminal/output.ts';
import { dirOption, editDraft } from './folder-option.ts';

/** `signpost root set-log`. */
export const rootSetLog: CommandSpec = {
  words: 'root set-log',
  arguments: '<verifier-key>',
  summary: 'Name the transparency log that every release must be proven to be in',
  details: [
    '`signpost log show` prints the verifier key. From then on clients refuse a release without a proof, also while the vault of the server is locked and nothing can be logged. Another log in the place of one that is named is begun anew by every client.',
  ],
  options: [dirOption],
  examples: ['signpost root set-log updates.example.org/log+91d84f0c+AfchRKgBkTBnWgs7JGJHTYrLQQ4Gl5Xiq+sOlK1TcYWi'],
  run: nameLog,
};

/** `signpost root remove-log`. */
export const rootRemoveLog: CommandSpec = {
  words: 'root remove-log',
  summary: 'Name no transparency log: clients ask for no more proofs',
  options: [dirOption],
  examples: ['signpost root remove-log'],
  run: (invocation) =>
    editDraft(invocation, (draft) => ({
      draft: removeLog(draft),
      line: 'No log is named: clients ask for no proofs.',
      document: { log: null },
    })),
};

async function nameLog(invocation: Invocation): Promise<Answer> {
  const log = await readLogKey(readArgument(invocation, 0));
  const { origin, key } = log;
  return editDraft(invocation, (draft) => ({
    draft: setLog(draft, log),
    line: `Every release must be in log ${origin} of key ${shortId(key.keyId)}.`,
    document: { log: { origin, key_id: key.keyId, pubkey_b64: key.pubkeyB64 } },
  }));
}
