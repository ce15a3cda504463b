/** Starts a real clamd with a database of one signature, so that no download is needed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { waitUntil } from '../../../../protocol/test/wait-until.ts';
import { openScanner } from '../../../src/releases/scanner/clamd.ts';

/** A running clamd. */
export interface RunningClamd {
  /** Its Unix socket, as SIGNPOST_CLAMD takes it. */
  readonly address: string;
  /** Adds a signature for the bytes and waits until it is known. */
  learn(name: string, bytes: Uint8Array): Promise<void>;
  /** Ends the process and removes its folder. */
  stop(): Promise<void>;
}

/** The test file of the antivirus industry, in two parts so that no scanner minds this source file. */
export const eicar: Buffer = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''),
);

const reason = 'clamd is not installed (apt-get install clamav-daemon)';

/** Why tests with clamd cannot run: false when they can. Under CI=true a missing clamd is an error instead. */
export function clamdMissing(): string | false {
  if (findClamd() !== undefined) return false;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** Starts clamd and waits until it answers. `settings` are lines of clamd.conf. */
export async function startClamd(settings: readonly string[] = []): Promise<RunningClamd> {
  const program = findClamd();
  if (program === undefined) throw new Error(reason);
  const folder = await mkdtemp(join(tmpdir(), 'signpost-clamd-'));
  const address = join(folder, 'clamd.sock');
  await writeFile(join(folder, 'test.ndb'), `Eicar-Test-Signature:0:*:${eicar.toString('hex')}\n`);
  await writeFile(join(folder, 'clamd.conf'), `${[...configure(folder), ...settings].join('\n')}\n`);
  const child = spawn(program, ['--config-file', join(folder, 'clamd.conf')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const learn = async (name: string, bytes: Uint8Array) => {
    const line = `${name}:0:*:${Buffer.from(bytes).toString('hex')}\n`;
    await appendFile(join(folder, 'test.ndb'), line);
    await reload(address, bytes);
  };
  try {
    await waitUntil('clamd to answer', async () => {
      if (child.exitCode !== null) throw new Error(`clamd ended with ${child.exitCode}`);
      return (await openScanner(address).probe()) !== undefined;
    });
    return { address, learn, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** clamd reloads in the background: it is done when it finds the bytes. */
async function reload(address: string, bytes: Uint8Array): Promise<void> {
  const socket = connect(address);
  socket.end('zRELOAD\0');
  await once(socket.resume(), 'close');
  await waitUntil('clamd to know the new signature', async () => {
    const verdict = await openScanner(address).scan(Readable.from([Buffer.from(bytes)]), bytes.length, () => undefined);
    return verdict.kind === 'infected';
  });
}

function findClamd(): string | undefined {
  return ['/usr/sbin/clamd', '/usr/local/sbin/clamd', '/opt/homebrew/sbin/clamd'].find((path) => existsSync(path));
}

function configure(folder: string): string[] {
  return [
    `LocalSocket ${join(folder, 'clamd.sock')}`,
    `DatabaseDirectory ${folder}`,
    `TemporaryDirectory ${folder}`,
    'Foreground yes',
    'AlertExceedsMax yes',
    'AlertEncryptedArchive yes',
    'StreamMaxLength 4M',
    'MaxThreads 2',
  ];
}
