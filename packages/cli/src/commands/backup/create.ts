/** `signpost backup create`: of a running server over its API, or of a data folder that no server uses. */
import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandSpec, Invocation } from '../../command.ts';
import { openFileSink } from '../../files/local-file.ts';
import { asObject, type JsonObject, numberOf, textOf, textsOf } from '../../http/answer.ts';
import { type Client, ServerRefusal } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { askPerson, personOptions, withPerson } from '../../http/person.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { environmentOf, untilInterrupted } from '../server/server-package.ts';
import { isLockChosen, type LockWords, lockOptions, readLock } from './words.ts';

/** `signpost backup create`. */
export const backupCreate: CommandSpec = {
  words: 'backup create',
  summary: 'Back up the whole server: database, files and settings in one encrypted archive',
  details: [
    'The server goes on meanwhile. The archive comes here and is removed from the server; --keep leaves it there as well, --no-download there alone. With --data no server is asked: none may be using that folder.',
    'When nothing is said of the encryption, it is for the recipients that the settings of the server name, and for a passphrase where they name none. Any other choice is for an admin in person: an API key makes and fetches only what those recipients can open, and removes nothing.',
    'It is a file of age: `age --decrypt` opens it, too. The master password and the offline roots are in no backup; what the vault seals stays sealed in it.',
  ],
  options: [
    { flags: '--data <dir>', text: 'back up this data folder, which no server uses' },
    { flags: '--out <dir>', text: 'where the archive goes, made if it is not there', fallback: '.' },
    ...lockOptions,
    ...personOptions(),
    { flags: '--keep', text: 'leave the archive on the server as well' },
    { flags: '--no-download', text: 'leave it on the server alone' },
  ],
  examples: [
    'signpost backup create',
    'signpost backup create --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --out /mnt/backups',
    'signpost backup create --data /var/lib/signpost --passphrase-file passphrase',
  ],
  run: (invocation) =>
    invocation.options.text('data') === undefined ? backUpServer(invocation) : backUpFolder(invocation),
};

const pollMs = 250;

/** The names that a server gives; it must not choose a path on this machine. */
const namePattern = /^signpost-backup-\d{4}-\d{2}-\d{2}(?:-\d{1,4})?\.zip(?:\.age)?$/;

async function backUpFolder(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const lock = await readLock(invocation);
  await mkdir(options.requiredText('out'), { recursive: true });
  const { makeBackup } = await import('@signpost/server/backup/offline');
  const report = (step: { stage: string; done: number; total: number }) => showProgress(invocation, step);
  const made = await untilInterrupted(invocation, (signal) =>
    makeBackup(environmentOf(invocation), { lock, dir: options.requiredText('out'), report, signal }),
  );
  return describe({ file: made.path, sha256: made.sha256, sizeBytes: made.sizeBytes });
}

async function backUpServer(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  // Before anything is made that could then not be put anywhere.
  if (invocation.options.flag('download')) await mkdir(invocation.options.requiredText('out'), { recursive: true });
  if (!isLockChosen(invocation) && (await namesRecipients(client))) {
    return makeOnServer(invocation, {
      request: (method, path, body) => client.request(method, path, { body }),
      body: {},
      fetch: (path) => client.send('GET', path),
    });
  }
  const lock = await readLock(invocation);
  const proof = await askPerson(invocation);
  const { password } = proof;
  return withPerson(invocation, proof, (session) =>
    makeOnServer(invocation, {
      request: session.request,
      body: { ...bodyOf(lock), password },
      fetch: (path) => session.send('POST', `${path}/download`, { password }),
    }),
  );
}

/** Whether the server encrypts backups by itself. */
async function namesRecipients(client: Client): Promise<boolean> {
  return textsOf(asObject((await client.read('/api/backups')).schedule), 'recipients').length > 0;
}

/** In whose name a backup is asked for and fetched. */
interface BackupAsker {
  readonly request: (method: string, path: string, body?: JsonObject) => Promise<JsonObject>;
  readonly body: JsonObject;
  readonly fetch: (path: string) => Promise<Response>;
}

async function makeOnServer(invocation: Invocation, asker: BackupAsker): Promise<Answer> {
  const { options } = invocation;
  const job = textOf(await asker.request('POST', '/api/backups', asker.body), 'job');
  const made = await awaitBackup(invocation, asker, job);
  const name = textOf(made, 'name');
  if (!namePattern.test(name)) throw new Failure('refused', 'expected the server to give the name of a backup');
  const facts = { sha256: textOf(made, 'sha256'), sizeBytes: numberOf(made, 'size_bytes') };
  if (!options.flag('download')) return describe({ file: name, ...facts });
  const file = join(options.requiredText('out'), name);
  await download(invocation, asker, { name, file, ...facts });
  const isRemoved = !options.flag('keep') && (await remove(asker, name));
  return describe({ file, ...facts, ...(!isRemoved && { left: name }) });
}

/** Whether it is gone: a key may not remove it, and then it goes with the days that the server keeps. */
async function remove({ request }: BackupAsker, name: string): Promise<boolean> {
  try {
    await request('DELETE', `/api/backups/${name}`);
    return true;
  } catch (error) {
    if (error instanceof ServerRefusal && error.status === 403) return false;
    throw error;
  }
}

function bodyOf({ recipients, passphrase }: LockWords): JsonObject {
  if (recipients) return { recipients };
  return passphrase === undefined ? { plain: true } : { passphrase };
}

/** What the job says at its end. Throws Failure when there is no backup. */
async function awaitBackup(invocation: Invocation, { request }: BackupAsker, id: string): Promise<JsonObject> {
  try {
    for (;;) {
      const job = await request('GET', `/api/jobs/${id}`);
      const step = job.progress === null ? {} : asObject(job.progress);
      if (step.stage === 'done') return step;
      if (step.stage === 'failed') {
        throw new Failure('refused', textOf(step, 'message'), {
          hint: textOf(step, 'hint'),
          code: textOf(step, 'rule'),
        });
      }
      if (job.state === 'failed') {
        throw new Failure('refused', 'the backup failed', { hint: 'the log of the server says why' });
      }
      if (typeof step.stage === 'string') {
        showProgress(invocation, { stage: step.stage, done: numberOf(step, 'done'), total: numberOf(step, 'total') });
      }
      await sleep(pollMs);
    }
  } finally {
    invocation.progress.finish();
  }
}

/** The file appears under its name, for the owner's eyes only, once all of it is here and is what the server made. */
async function download(
  { progress }: Invocation,
  asker: BackupAsker,
  { name, file, sizeBytes, sha256 }: { name: string; file: string; sizeBytes: number; sha256: string },
): Promise<void> {
  if (
    await stat(file).then(
      () => true,
      () => false,
    )
  ) {
    throw new Failure('refused', `${file} exists already`, {
      hint: `it is on the server as ${name}: choose another --out, or rename the file`,
    });
  }
  const response = await asker.fetch(`/api/backups/${name}`);
  const sink = await openFileSink(file, 0o600);
  const hash = createHash('sha256');
  let done = 0;
  try {
    for await (const chunk of response.body ?? []) {
      done += chunk.length;
      hash.update(chunk);
      await sink.write(chunk);
      progress.update('downloading', done, sizeBytes);
    }
    if (done !== sizeBytes) throw new Failure('unavailable', `expected ${sizeBytes} bytes, got ${done}`);
    const digest = hash.digest('hex');
    if (digest !== sha256) throw new Failure('unverified', `expected the SHA-256 ${sha256}, got ${digest}`);
    await sink.commit();
  } catch (error) {
    await sink.abort();
    throw error;
  } finally {
    progress.finish();
  }
}

function showProgress({ progress }: Invocation, step: { stage: string; done: number; total: number }): void {
  // Nobody knows how many rows there are until they were read.
  if (step.stage === 'database') progress.update('reading the database', 0, 1, 'steps');
  else progress.update('packing files', step.done, step.total);
}

function describe(made: { file: string; sha256: string; sizeBytes: number; left?: string }): Answer {
  const { file, sha256, sizeBytes, left } = made;
  return {
    document: { file, sha256, size_bytes: sizeBytes },
    lines: [
      `${file}, ${sizeBytes} bytes, SHA-256 ${sha256}`,
      ...(left === undefined ? [] : ['The server keeps its copy as well, for as many days as it is set to.']),
      'Try it out now and then: signpost backup drill FILE',
    ],
  };
}
