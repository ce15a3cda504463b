/** A real server on a new data folder, with an admin who is logged in by API key, and a pinned offline root. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Initialised, initialise } from '@signpost/server/setup';
import { createWorkplace, type Ending, type Run, run, runJson, start } from './run.ts';

/** A running server and the folder that everything of the test lies in. */
export interface TestServer {
  readonly cwd: string;
  readonly base: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command as the admin. */
  signpost(...words: string[]): Promise<Run>;
  /** The same with `--json --yes`; a failure is an error. */
  json(...words: string[]): Promise<Record<string, unknown>>;
  /** Ends the server before the test does. */
  stop(): Promise<void>;
}

/** What differs from the usual server. */
export interface ServerWish {
  /** Further settings, once the working folder is there for what they name. */
  readonly prepare?: (cwd: string) => Readonly<Record<string, string>>;
  /** What the admin's commands need besides address and key. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it. `pass` holds the passphrase of keys, `mp` the master password, `ap` the admin's. */
export async function startServer(t: Ending, wish: ServerWish = {}): Promise<TestServer> {
  let stop = async () => {};
  // Before the folder is removed: hooks run in the order in which they were given.
  t.after(() => stop());
  const cwd = await createWorkplace(t);
  await writeFile(join(cwd, 'mp'), 'a master password\n', { mode: 0o600 });
  await writeFile(join(cwd, 'ap'), 'an admin password\n', { mode: 0o600 });
  const made = await found(cwd);
  const settings = {
    SIGNPOST_SCAN: 'off',
    SIGNPOST_LOG_LEVEL: 'fatal',
    SIGNPOST_READS_PER_MINUTE: '0',
    SIGNPOST_VAULT_PASSWORD_FILE: 'mp',
    ...wish.prepare?.(cwd),
  };
  const child = start(['serve', '--data', 'data', '--listen', '127.0.0.1:0', '--json'], { cwd, env: settings });
  stop = () => endProcess(child);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text)),
    once(child, 'close').then(() => Promise.reject(new Error(`the server ended: ${complaints}`))),
  ]);
  const { base } = JSON.parse(line) as { base: string };
  const env = { SIGNPOST_SERVER: base, SIGNPOST_API_KEY: made.apiKey, ...wish.env };
  return {
    cwd,
    base,
    env,
    signpost: (...words) => run(words, { cwd, env }),
    json: (...words) => runJson([...words, '--yes'], { cwd, env }),
    stop: () => stop(),
  };
}

/** What `signpost init` makes, but for the cost of opening its vault: every start of the server pays that again. */
function found(cwd: string): Promise<Initialised> {
  return initialise(
    { SIGNPOST_DATA: join(cwd, 'data') },
    {
      masterPassword: 'a master password',
      organisationName: 'Default',
      admin: { email: 'alice@example.org', name: 'Admin', password: 'an admin password' },
    },
    { vaultCost: { passes: 1, memoryKib: 64, parallelism: 1 } },
  );
}

/** Makes a root in `root/` and returns its public key. */
export async function createRoot({ json }: TestServer): Promise<string> {
  return String((await json('root', 'init', '--dir', 'root', '--passphrase-file', 'pass')).pubkey_b64);
}

/** Signs the draft of `root/` and publishes it; `pin` is given the first time. */
export async function publishTrust({ json }: TestServer, pin?: string): Promise<void> {
  await json('root', 'sign', '--dir', 'root', '--out', 'trust.json', '--passphrase-file', 'pass');
  await json('trust', 'import', 'trust.json', ...(pin === undefined ? [] : ['--pin', pin]));
}

/** Makes a server key for `scope`, has the root list it and activates it. */
export async function installServerKey(server: TestServer, scope: string, pin?: string): Promise<string> {
  const key = await server.json('key', 'create', '--label', 'server', '--scope', scope);
  await writeFile(join(server.cwd, 'server-key.json'), JSON.stringify(key));
  await server.json('root', 'add-key', '--dir', 'root', '--key', 'server-key.json');
  await publishTrust(server, pin);
  await server.json('key', 'activate', String(key.key_id).slice(0, 12));
  return String(key.key_id);
}

async function endProcess(child: ReturnType<typeof start>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
