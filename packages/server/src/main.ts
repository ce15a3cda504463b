/** The server program: the only file that reads the environment; it holds the locks and the socket. */
import { type Logger, pino } from 'pino';
import { Passwords } from './accounts/passwords.ts';
import { RestoreDesk } from './backup/desk.ts';
import { openServerSwap, recoverRestore } from './backup/trial.ts';
import { findUnknownVariables, parseConfig } from './config.ts';
import { closeAll, openGeneration, type Process } from './generation.ts';
import { readConsole, readPageScripts } from './http/console/files.ts';
import { openListeners } from './listeners.ts';
import { readWeakKeys } from './pki/profiles/weak-keys.ts';
import { openOnTrial, Reign } from './reign.ts';
import { lockDataFolder } from './storage/data-folder.ts';
import { lockDatabase } from './storage/database/open.ts';
import type { Vault } from './vault/vault.ts';

/** A server that answers. */
export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Where it answers in the clear beside TLS, if anywhere. */
  readonly plainUrl: string | undefined;
  readonly vault: Vault['state'];
  /** Ends running requests and jobs, then closes everything. */
  stop(): Promise<void>;
}

/** What a server may be handed. */
export interface ServeOptions {
  readonly log?: Logger;
  /** Others than those of Argon2id are for tests. */
  readonly passwords?: Passwords;
}

/** Above what the parts of a generation may take, each for itself. */
const stopLimitMs = 120_000;

/** Variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts the server on an initialised and migrated data folder; it creates and migrates nothing. Throws a Refusal with
 * a hint when settings, folder, database or pinned roots are not as they must be.
 */
export async function serve(environment: Environment, options: ServeOptions = {}): Promise<RunningServer> {
  const config = parseConfig(environment);
  const log = options.log ?? pino({ level: config.logLevel });
  const variables = findUnknownVariables(environment);
  if (variables.length > 0) log.warn({ variables }, 'nobody reads these variables: their names may be mistyped');
  const lock = lockDataFolder(config.dataDir);
  const closers: (() => unknown)[] = [() => lock.release()];
  const stop = () => closeAll(closers.splice(0).reverse(), stopLimitMs);
  try {
    const { passwords = new Passwords() } = options;
    return { ...(await start({ config, log, passwords }, closers)), stop };
  } catch (error) {
    await stop().catch((err: unknown) => log.error({ err }, 'what had been started could not be stopped'));
    throw error;
  }
}

/** Locks, then what a restore exchanges, then the socket; what each step opened is closed in the opposite order. */
async function start(
  { config, log, passwords }: Pick<Process, 'config' | 'log' | 'passwords'>,
  closers: (() => unknown)[],
): Promise<Omit<RunningServer, 'stop'>> {
  const lock = await lockDatabase(config, log);
  closers.push(() => lock.release());
  const swap = await openServerSwap(config);
  const state = await recoverRestore(swap, config);
  const process: Process = {
    ...{ config, log, now: Date.now, swap, passwords, backupKeys: new Map() },
    console: config.console === 'off' ? { kind: 'off' } : await readConsole(),
    pageScripts: await readPageScripts(),
    weakKeys: await readWeakKeys(config.weakKeyLists),
    restoreDesk: new RestoreDesk((prepared) => reign.replace(prepared)),
  };
  const first = state === 'trial' ? await openOnTrial(process) : await openGeneration(process);
  const reign = new Reign(process, first);
  closers.push(() => reign.close());
  await first.begin();
  const listeners = await openListeners({ reign, config, log, now: process.now, weakKeys: process.weakKeys });
  closers.push(() => listeners.stop());
  closers.push(() => reign.letGo());
  const { url, plainUrl } = listeners;
  const { vault, database } = first;
  log.info({ url, plainUrl, vault: vault.state, engine: database.engine }, 'the server answers');
  return { url, plainUrl, vault: vault.state };
}
