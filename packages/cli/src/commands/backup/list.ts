/** `signpost backup list` and `signpost backup key`. */
import { stat } from 'node:fs/promises';
import type { CommandSpec, Invocation } from '../../command.ts';
import { createFileAtomically, errorCodeOf } from '../../files/atomic-write.ts';
import { asObject, type JsonObject, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';

/** `signpost backup list`. */
export const backupList: CommandSpec = {
  words: 'backup list',
  summary: 'List the backups that the server keeps, and whether it makes one every night',
  examples: ['signpost backup list'],
  run: list,
};

/** `signpost backup key`. */
export const backupKey: CommandSpec = {
  words: 'backup key',
  summary: 'Make a key pair for backups: the file opens them, the public key is for the server',
  details: [
    'Keep the file away from the server, with the offline root: a server that is stolen together with its backups then gives away neither. It has the format of age-keygen.',
  ],
  options: [{ flags: '--out <file>', text: 'where to write the secret key', fallback: 'signpost-backup-key.txt' }],
  examples: ['signpost backup key --out /media/stick/signpost-backup-key.txt'],
  run: createKey,
};

async function list(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read('/api/backups');
  const table = answerTable(document, 'backups', ['name', 'size_bytes', 'stored_at', 'encrypted']);
  const schedule = asObject(document.schedule);
  const nightly = schedule.nightly
    ? `Every night at 02:41 UTC one is made for ${textsOf(schedule, 'recipients').join(', ')}; ${schedule.keep_days} days are kept.`
    : 'None is made by itself: set SIGNPOST_BACKUP_RECIPIENTS to the public key of signpost backup key.';
  return { ...table, lines: [...table.lines, nightly, ...describeStanding(asObject(document.standing))] };
}

function describeStanding({ state, made_at: madeAt, rule }: JsonObject): string[] {
  if (state === 'late') return [`The newest is too old: ${madeAt}.`];
  return state === 'failed' ? [`The last one failed: ${rule}. signpost backup create says what is wrong.`] : [];
}

async function createKey({ options }: Invocation): Promise<Answer> {
  const path = options.requiredText('out');
  if (
    await stat(path).then(
      () => true,
      () => false,
    )
  )
    throw refuseExisting(path);
  const { createKeyPair } = await import('@signpost/server/backup/keys');
  const { recipient, identity } = createKeyPair();
  await createFileAtomically(path, `# public key: ${recipient}\n${identity}\n`).catch((error: unknown) => {
    throw errorCodeOf(error) === 'EEXIST' ? refuseExisting(path) : error;
  });
  return {
    document: { file: path, recipient },
    lines: [
      `Public key: ${recipient}`,
      `Keep ${path} away from the server: without it no backup made for this key opens.`,
    ],
  };
}

function refuseExisting(path: string): Failure {
  return new Failure('refused', `${path} exists already`, { hint: 'what was made for its key would open no more' });
}
