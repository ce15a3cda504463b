/** `signpost restore`: a running server over its API, or a data folder that no server uses. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, type JsonObject, numberOf, textOf } from '../../http/answer.ts';
import { type Client, ServerRefusal } from '../../http/client.ts';
import { connectForLogin } from '../../http/connect.ts';
import { headersOf } from '../../http/credentials.ts';
import { askPerson, personOptions } from '../../http/person.ts';
import { type LogInWords, openSession, type Session } from '../../http/session.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { environmentOf, untilInterrupted } from '../server/server-package.ts';
import { showStep } from './verify.ts';
import { openerOptions, readOpener } from './words.ts';

/** `signpost restore`. */
export const restore: CommandSpec = {
  words: 'restore',
  arguments: '<file>',
  summary: 'Restore the whole server from a backup; what is not in it is gone afterwards',
  details: [
    'Everything is proved first; then database and files change hands in one step. When the restored state does not answer, the old one comes back by itself. A running server needs no restart; all sessions end.',
    'With --data no server is asked: the folder may be new, and SIGNPOST_DATABASE may name another engine than that of the backup.',
    'The master password in force stays, where the backup is of the same vault; a new machine, and another vault, open with that of the time of the backup.',
  ],
  options: [
    { flags: '--data <dir>', text: 'restore into this data folder, which no server uses' },
    ...openerOptions,
    { flags: '--other-vault', text: 'take a backup of another vault' },
    ...personOptions(),
  ],
  examples: [
    'signpost restore signpost-backup-2026-11-21.zip.age --data /var/lib/signpost --identity signpost-backup-key.txt',
    'signpost restore signpost-backup-2026-11-21.zip.age --email alice@example.org',
  ],
  run: (invocation) =>
    invocation.options.text('data') === undefined ? restoreServer(invocation) : restoreFolder(invocation),
};

const pollMs = 500;
const patienceMs = 3_600_000;

async function restoreFolder(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const path = readArgument(invocation, 0);
  const opener = await readOpener(invocation, path);
  await prompt.confirm(`Replace what is in ${options.requiredText('data')} by ${basename(path)}?`);
  const { restoreBackup } = await import('@signpost/server/backup/offline');
  const order = {
    opener,
    otherVault: options.flag('other-vault'),
    report: (step: { stage: string; done: number; total: number }) => showStep(invocation, step),
  };
  const { manifest, migrations } = await untilInterrupted(invocation, (signal) =>
    restoreBackup(environmentOf(invocation), path, { ...order, signal }),
  );
  return describe({ made_at: manifest.made_at, migrations: [...migrations] });
}

async function restoreServer(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const path = readArgument(invocation, 0);
  const opener = await readOpener(invocation, path);
  const client = await connectForLogin(invocation);
  const words = await askPerson(invocation);
  const { password } = words;
  await prompt.confirm(`Replace what is on ${client.base} by ${basename(path)}?`);
  const session = await openSession(client, words);
  await send(invocation, client, { session, path });
  const body = { password, ...opener, other_vault: options.flag('other-vault') };
  const watching = new AbortController();
  const watch = showServer(invocation, client, { session, signal: watching.signal });
  try {
    return describe(await session.request('POST', '/api/restore', body));
  } catch (error) {
    // Whoever stands in between may not wait as long as a restore takes; the server goes on.
    if (!(error instanceof Failure) || error.reason !== 'unavailable' || isRefusal(error)) throw error;
    return describe(await awaitOutcome(client, { ...words, askCode: refuseCode }));
  } finally {
    watching.abort();
    await watch;
    invocation.progress.finish();
  }
}

async function send(
  { progress }: Invocation,
  client: Client,
  { session, path }: { session: Session; path: string },
): Promise<void> {
  const { size } = await stat(path);
  let done = 0;
  const bytes = async function* () {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      done += chunk.length;
      progress.update('sending', done, size);
      yield chunk;
    }
  };
  const stream = Readable.toWeb(Readable.from(bytes(), { objectMode: false })) as ReadableStream<Uint8Array>;
  const headers = { ...headersOf(session.proof), 'Content-Type': 'application/octet-stream' };
  await client.request('PUT', '/api/restore', { stream, headers });
}

/** Shows how far the server is, until `signal` is aborted; what it does not tell is not shown. */
async function showServer(
  invocation: Invocation,
  client: Client,
  { session, signal }: { session: Session; signal: AbortSignal },
): Promise<void> {
  const headers = headersOf(session.proof);
  while (!signal.aborted) {
    const status = await client.request('GET', '/api/restore', { headers, signal }).catch(() => undefined);
    if (status?.state === 'swapping') invocation.progress.update('taking it into force', 0, 1, 'steps');
    if (status && status.progress !== null) {
      const step = asObject(status.progress);
      showStep(invocation, {
        stage: textOf(step, 'stage'),
        done: numberOf(step, 'done'),
        total: numberOf(step, 'total'),
      });
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

/** How it ended, asked in a new session: the old one ended with the old state. */
async function awaitOutcome(client: Client, who: LogInWords): Promise<JsonObject> {
  for (let waited = 0; waited < patienceMs; waited += 10 * pollMs) {
    await sleep(10 * pollMs);
    const status = await askOutcome(client, who);
    if (status?.state === 'restored') return { made_at: textOf(status, 'made_at'), migrations: [] };
    if (status?.state === 'refused') throw new Failure('refused', textOf(status, 'message'));
  }
  throw new Failure('unavailable', 'the server does not tell how the restore ended', { hint: 'signpost audit list' });
}

async function askOutcome(client: Client, who: LogInWords): Promise<JsonObject | undefined> {
  try {
    const session = await openSession(client, who);
    const status = await client.request('GET', '/api/restore', { headers: headersOf(session.proof) });
    await session.close();
    return status;
  } catch (error) {
    if (error instanceof Failure && error.reason === 'unavailable') return undefined;
    throw error;
  }
}

/** A code counts once, and this log-in is tried again and again. */
async function refuseCode(): Promise<never> {
  throw new Failure(
    'refused',
    'the connection broke while the server was restoring, and it asks for a second factor again',
    {
      hint: 'see how it ended: signpost login, then signpost audit list',
    },
  );
}

/** The server's own word on the restore, not that of a proxy. */
function isRefusal(error: Failure): boolean {
  return error instanceof ServerRefusal && typeof error.problem.rule === 'string' && error.problem.rule !== 'restoring';
}

function describe(restored: JsonObject): Answer {
  return {
    document: restored,
    lines: [
      `Restored the backup of ${textOf(restored, 'made_at')}. All sessions have ended.`,
      'What was revoked since then (API keys, certificates, signing keys) must be revoked again: compare the audit logs.',
    ],
  };
}
