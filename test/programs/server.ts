/** A real server: its own process, in a folder of its own, on a free port of loopback. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { initialise } from '../../packages/server/src/setup.ts';
import { waitForAnswer } from './answer.ts';
import { askCommand, startCommand, type Variables } from './command.ts';

/** A data folder, with what opens it. */
export interface Installation {
  readonly folder: string;
  readonly dataDir: string;
  readonly variables: Variables;
  readonly admin: { readonly email: string; readonly password: string };
  /** The admin's. */
  readonly apiKey: string;
  /** Deletes it all, and ends servers that still run on it: a test that fails half-way would wait for them for ever. */
  remove(): Promise<void>;
}

/** A running server process. */
export interface RunningServer {
  readonly base: string;
  readonly process: ChildProcess;
  /** Milliseconds from the start of the process to its first answer. */
  readonly startMs: number;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
  /** SIGKILL: whatever it was doing stays as it is. */
  kill(): Promise<void>;
}

/**
 * Makes a data folder in a new temporary one. Scanning is off and reads are not limited unless `variables` says so. It is
 * what `signpost init` makes, but for the cost of opening its vault: every start of the server pays that again.
 */
export function install(variables: Variables = {}): Promise<Installation> {
  return installBy(variables, async (all, { email, password }) => {
    const made = await initialise(
      all,
      { masterPassword: password, organisationName: 'Default', admin: { email, name: 'Admin', password } },
      { vaultCost: { passes: 1, memoryKib: 64, parallelism: 1 } },
    );
    return made.apiKey;
  });
}

/** The same by `signpost init`, as an operator does it. */
export function installByCommand(variables: Variables = {}): Promise<Installation> {
  return installBy(variables, async (all, { email }) => {
    const passwords = [
      ...['--password-file', all.SIGNPOST_VAULT_PASSWORD_FILE],
      ...['--master-password-file', all.SIGNPOST_VAULT_PASSWORD_FILE],
    ];
    const answer = await askCommand(['init', '--email', email, ...passwords], all);
    return (answer as { readonly api_key: string }).api_key;
  });
}

type Settings = Variables & { readonly SIGNPOST_DATA: string; readonly SIGNPOST_VAULT_PASSWORD_FILE: string };

/** `initialise` makes the data folder that the settings name, and gives the admin's API key. */
async function installBy(
  variables: Variables,
  initialise: (settings: Settings, admin: Installation['admin']) => Promise<string>,
): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-'));
  const passwordFile = join(folder, 'password');
  const admin = { email: 'admin@example.org', password: 'correct horse battery staple' };
  await writeFile(passwordFile, `${admin.password}\n`, { mode: 0o600 });
  const settings = {
    SIGNPOST_DATA: join(folder, 'data'),
    SIGNPOST_VAULT_PASSWORD_FILE: passwordFile,
    SIGNPOST_SCAN: 'off',
    SIGNPOST_READS_PER_MINUTE: '0',
    SIGNPOST_LOG_LEVEL: 'error',
    ...variables,
  };
  return {
    folder,
    dataDir: settings.SIGNPOST_DATA,
    variables: settings,
    admin,
    apiKey: await initialise(settings, admin),
    remove: async () => {
      for (const server of running.get(settings) ?? []) await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** By the settings of their installation. */
const running = new WeakMap<Variables, Set<Pick<RunningServer, 'kill'>>>();

/** Starts `signpost serve`, on a free port unless one is named, and waits for its first answer. Throws with what it printed when it ends before. */
export async function startServer(
  { variables }: Pick<Installation, 'variables'>,
  port?: number | undefined,
): Promise<RunningServer> {
  return startOnPort(variables, port ?? (await chooseFreePort()));
}

async function startOnPort(variables: Variables, port: number): Promise<RunningServer> {
  const base = `http://127.0.0.1:${port}`;
  const child = startCommand(['serve'], { ...variables, SIGNPOST_LISTEN: `127.0.0.1:${port}` });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-10_000);
    });
  }
  // A test that fails half-way leaves no server behind.
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  ended.then(() => process.off('exit', killWithUs));
  const endedEarly = ended.then(() => {
    throw new Error(`signpost serve ended with ${child.exitCode ?? child.signalCode}: ${output}`);
  });
  endedEarly.catch(() => undefined);
  const startMs = await Promise.race([waitForAnswer(`${base}/healthz`), endedEarly]).catch((error: unknown) => {
    // A server that nobody waits for any more would keep the tests from ending.
    child.kill('SIGKILL');
    throw error;
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  const server = { base, process: child, startMs, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
  const all = running.get(variables) ?? new Set();
  running.set(variables, all.add(server));
  void ended.then(() => all.delete(server));
  return server;
}
