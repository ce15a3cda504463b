/** The server program: the only file that reads the environment, and opens, starts and stops what the others share. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { Passwords } from './accounts/passwords.ts';
import { createApp } from './app.ts';
import { type Config, findUnknownVariables, parseConfig } from './config.ts';
import { Refusal } from './errors.ts';
import { createMetrics } from './http/metrics.ts';
import { PreparedAnswers } from './http/prepared.ts';
import { openListeners } from './listeners.ts';
import { createAcmeState } from './pki/acme/state.ts';
import { listSealedAuthorities } from './pki/authorities/store.ts';
import { openRevocation } from './pki/revocation/revocation.ts';
import {
  createJobs,
  createPlanes,
  createPromptJobs,
  createPublished,
  createTreeWriter,
  type Resources,
  refreshAndLog,
  runOften,
  startSchedules,
  subscribePlanes,
} from './planes.ts';
import { DownloadCounter } from './releases/public/statistics.ts';
import { openScanner } from './releases/scanner/clamd.ts';
import { PartFiles } from './releases/uploads/part-files.ts';
import roles from './roles.json' with { type: 'json' };
import { openDiskBlobs } from './storage/blobs/disk.ts';
import { createMemoryBus } from './storage/bus/memory.ts';
import { lockDataFolder } from './storage/data-folder.ts';
import { lockDatabase, openDatabase } from './storage/database/open.ts';
import type { Database } from './storage/database.ts';
import { startWorker } from './storage/jobs.ts';
import { assertMigrated } from './storage/migrations/migrate.ts';
import { startRelay } from './storage/outbox.ts';
import { registerTrustMetrics } from './trust/metrics.ts';
import { listAllPinnedRoots, listSealedKeys } from './trust/store.ts';
import { Vault } from './vault/vault.ts';

export { type Initialised, initialise, migrateData } from './setup.ts';

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

/** Above the ten seconds that the socket gives to running requests. */
const closeLimitMs = 15_000;

/** Variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts the server on an initialised and migrated data folder; it creates and migrates nothing. Throws a Refusal with
 * a hint when settings, folder, database or pinned roots are not as they must be.
 */
export async function serve(environment: Environment, options: { log?: Logger } = {}): Promise<RunningServer> {
  const config = parseConfig(environment);
  const log = options.log ?? pino({ level: config.logLevel });
  const variables = findUnknownVariables(environment);
  if (variables.length > 0) log.warn({ variables }, 'nobody reads these variables: their names may be mistyped');
  const lock = lockDataFolder(config.dataDir);
  const closers: (() => unknown)[] = [() => lock.release()];
  const stop = () => closeAll(closers.splice(0).reverse());
  try {
    return { ...(await start(config, log, closers)), stop };
  } catch (error) {
    await stop().catch((err: unknown) => log.error({ err }, 'what had been started could not be stopped'));
    throw error;
  }
}

/** Calls each of them, whatever becomes of the others; then throws what they threw. */
async function closeAll(closers: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) {
    try {
      await Promise.race([close(), failLate()]);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'the server did not stop cleanly');
}

/** A part that does not end (a disk that is gone, a database that hangs) must not keep the others open. */
async function failLate(): Promise<never> {
  await delay(closeLimitMs, undefined, { ref: false });
  throw new Error(`expected a part of the server to end within ${closeLimitMs} ms`);
}

/** Opens from the bottom up; what each step opened is closed in the opposite order. */
async function start(config: Config, log: Logger, closers: (() => unknown)[]): Promise<Omit<RunningServer, 'stop'>> {
  const now = Date.now;
  const lock = await lockDatabase(config, log);
  closers.push(() => lock.release());
  const database = await openDatabase(config, { create: false });
  closers.push(() => database.close());
  await assertMigrated(database);
  await assertPinnedRoots(database, config.trustRoots);
  const vault = await openVault(database, config, now);
  const bus = createMemoryBus();
  closers.push(() => bus.close());
  const wakers: (() => void)[] = [];
  const wakeWorker = () => {
    for (const wake of wakers) wake();
  };
  const { resources, writeTree } = await openResources({ config, database, vault, now, log, wakeWorker });
  closers.push(
    () => writeTree(),
    () => resources.downloads.flush(),
    () => resources.parts.close(),
    () => resources.revocation.stop(),
  );
  subscribePlanes(resources, bus);
  // After the subscriptions: what it publishes to nobody is not published again.
  const relay = startRelay({ database, bus, now, log });
  closers.push(() => relay.stop());
  wakers.push(() => relay.wake());
  const metrics = createMetrics();
  registerTrustMetrics(metrics.registry, resources);
  const app = createApp({
    ...resources,
    metrics,
    roles,
    planes: createPlanes(resources),
    listSealed: () => listSealed(database),
    hostsChanged: () => {
      resources.prepared.forgetAll();
      resources.revocation.statusAnswers.prepared.forgetAll();
    },
  });
  const worker = startWorker({ database, handlers: createJobs(resources), now, log, concurrency: 2 });
  wakers.push(() => worker.wake());
  closers.push(() => worker.stop());
  const prompt = startWorker({ database, handlers: createPromptJobs(resources), now, log, concurrency: 32 });
  wakers.push(() => prompt.wake());
  closers.push(() => prompt.stop());
  closers.push(startSchedules(resources));
  await writeTree();
  await refreshAndLog(resources);
  void runOften(resources);
  const listeners = await openListeners({
    app,
    config,
    prepared: [resources.prepared, resources.revocation.statusAnswers.prepared],
    log,
  });
  closers.push(() => listeners.stop());
  const { url, plainUrl } = listeners;
  log.info({ url, plainUrl, vault: vault.state, engine: database.engine }, 'the server answers');
  return { url, plainUrl, vault: vault.state };
}

async function openResources(
  opened: Pick<Resources, 'config' | 'database' | 'vault' | 'now' | 'log' | 'wakeWorker'>,
): Promise<{ resources: Resources; writeTree: () => Promise<void> }> {
  const { config, now } = opened;
  const withBlobs = {
    ...opened,
    passwords: new Passwords(),
    blobs: await openDiskBlobs(join(config.dataDir, 'blobs')),
    parts: await PartFiles.open(join(config.dataDir, 'uploads')),
    scanner: config.scan === 'off' ? undefined : openScanner(config.clamd),
    downloads: new DownloadCounter(opened),
    prepared: new PreparedAnswers(now),
    acme: createAcmeState({ ...config, now }),
    revocation: openRevocation({ ...opened, pkiUrl: config.pkiUrl }),
    version: packageJson.version,
  };
  const writeTree = createTreeWriter(withBlobs);
  return { resources: { ...withBlobs, published: createPublished(withBlobs, writeTree) }, writeTree };
}

/** A typing error in the environment must not pass for a change of roots. */
async function assertPinnedRoots(database: Database, expected: readonly string[]): Promise<void> {
  if (expected.length === 0) return;
  const pinned = (await listAllPinnedRoots(database.query)).map(({ pubkey_b64 }) => pubkey_b64);
  if (pinned.length > 0 && [...pinned].sort().join() !== [...expected].sort().join()) {
    throw new Refusal('unavailable', 'expected the pinned roots to be those of SIGNPOST_TRUST_ROOT, got others', {
      rule: 'root-mismatch',
      hint: 'compare SIGNPOST_TRUST_ROOT with the key that signpost root show prints on the offline machine',
    });
  }
}

async function openVault(database: Database, config: Config, now: () => number): Promise<Vault> {
  const vault = await Vault.open(database, now);
  if (config.vaultPasswordFile === undefined || vault.state === 'absent') return vault;
  const [password = ''] = (await readPasswordFile(config.vaultPasswordFile)).split(/\r?\n/, 1);
  await vault.unlock(password).catch((cause: unknown) => {
    if (!(cause instanceof Refusal && cause.code === 'unauthenticated')) throw cause;
    throw new Refusal('unavailable', 'the first line of SIGNPOST_VAULT_PASSWORD_FILE is not the master password', {
      rule: 'vault-password',
      hint: 'correct the file, or unset the variable and run: signpost unlock',
      cause,
    });
  });
  return vault;
}

async function readPasswordFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Refusal('unavailable', 'the file that SIGNPOST_VAULT_PASSWORD_FILE names cannot be read', {
      rule: 'vault-password-file',
      hint: 'make it readable for the user that the server runs as',
      cause,
    });
  });
}

async function listSealed(database: Database): Promise<string[]> {
  const keys = await listSealedKeys(database.query);
  const authorities = await listSealedAuthorities(database.query);
  return [
    ...keys.map(({ key_id, label, scope }) => `signing key ${label} for ${scope} (${key_id.slice(0, 16)}…)`),
    ...authorities.map(({ name, key_id }) => `authority ${name} (${key_id.slice(0, 16)}…)`),
  ];
}
