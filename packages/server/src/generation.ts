/** What a restore exchanges while the server runs: everything above the locks and below the socket. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import packageJson from '../package.json' with { type: 'json' };
import { countTotp } from './accounts/factors/store.ts';
import { createApp } from './app.ts';
import { assertRecipients } from './backup/job.ts';
import { registerBackupMetrics } from './backup/verification.ts';
import { Refusal } from './errors.ts';
import { createSbomInspection } from './evidence/sboms/inspection.ts';
import { Spool } from './evidence/spool.ts';
import { registerTrustRootMetrics } from './evidence/trust-roots/metrics.ts';
import type { Console } from './http/console/files.ts';
import type { Behind } from './http/front.ts';
import { createMetrics } from './http/metrics.ts';
import { PreparedAnswers } from './http/prepared.ts';
import { createRasterDecoding } from './images/raster/decode.ts';
import { createHeavyJobs, createJobs, createPromptJobs } from './jobs.ts';
import { createMailer } from './mail/mailer.ts';
import { createCatalogues } from './modules/catalogue/keeper.ts';
import { registerCatalogueMetrics } from './modules/catalogue/metrics.ts';
import { registerMailMetrics } from './notifications/metrics.ts';
import { createAcmeState } from './pki/acme/state.ts';
import { listSealedAuthorities } from './pki/authorities/store.ts';
import { countSealedKeys } from './pki/certificates/downloads/store.ts';
import { openRevocation } from './pki/revocation/revocation.ts';
import { listTimestampAuthorities } from './pki/timestamps/store.ts';
import { createPlanes, createPublished, openEvidence, openObserving, subscribePlanes, webhookParts } from './planes.ts';
import { registerChannelKeyMetrics } from './push/keys/metrics.ts';
import { listSealedPushKeys } from './push/keys/store.ts';
import { openPush } from './push/push.ts';
import { startDispatcher } from './push/webhooks/deliveries/dispatcher.ts';
import { releaseDeliveries } from './push/webhooks/deliveries/store.ts';
import { countSealedWebhookKeys } from './push/webhooks/endpoints/store.ts';
import { registerWebhookMetrics } from './push/webhooks/metrics.ts';
import { joinCatalogues } from './releases/projects/catalogues.ts';
import type { FindSignature } from './releases/public/detached-signature.ts';
import { DownloadCounter } from './releases/public/statistics.ts';
import { createTreeWriter } from './releases/public/tree-writer.ts';
import { openScanner } from './releases/scanner/clamd.ts';
import { PartFiles } from './releases/uploads/part-files.ts';
import type { Resources } from './resources.ts';
import roles from './roles.json' with { type: 'json' };
import { keepLog, logFailure, refreshAndLog, runOften, startSchedules } from './schedules.ts';
import { openDiskBlobs } from './storage/blobs/disk.ts';
import { type Forwarder, startForwarder } from './storage/bus/forwarder.ts';
import { createMemoryBus } from './storage/bus/memory.ts';
import { registerBusMetrics } from './storage/bus/metrics.ts';
import { openOuterBus } from './storage/bus/open.ts';
import type { Bus } from './storage/bus.ts';
import { openDatabase } from './storage/database/open.ts';
import type { Database } from './storage/database.ts';
import { startWorker } from './storage/jobs.ts';
import { assertMigrated } from './storage/migrations/migrate.ts';
import { startRelay } from './storage/outbox.ts';
import { registerLogMetrics } from './trust/log/lag.ts';
import { findOpenLog } from './trust/log/store.ts';
import { registerTrustMetrics } from './trust/metrics.ts';
import { listAllPinnedRoots, listSealedKeys } from './trust/store.ts';
import { Vault, type VaultInheritance } from './vault/vault.ts';
import { AdmissionFigures } from './watch/admission/metrics.ts';
import { openFollowing } from './watch/clusters/open.ts';
import { listSealedClusters } from './watch/clusters/store.ts';
import { registerWatchMetrics } from './watch/observing/metrics.ts';
import { listSealedCredentials } from './wordpress/credentials/store.ts';
import { recoverDeploys } from './wordpress/deploy/deploy.ts';
import { clearSessions } from './wordpress/deploy/staging.ts';
import { recoverPreflights } from './wordpress/preflight/preflight.ts';
import { createPackageSigning, findPackageSignature } from './wordpress/updates/signature.ts';

/** What lives as long as the process. */
export type Process = Pick<
  Resources,
  'config' | 'log' | 'now' | 'swap' | 'passwords' | 'backupKeys' | 'restoreDesk' | 'weakKeys' | 'pageScripts'
> & { readonly console?: Console };

/** Everything that is open on one state of the database. */
export interface Generation {
  readonly behind: Behind;
  readonly vault: Vault;
  readonly database: Database;
  /**
   * Begins what happens without being asked: jobs, schedules, events, and what signs by itself. Called once the state is in force for good: what a state on trial had
   * signed would contradict what the state before it signs when it comes back.
   */
  begin(): Promise<void>;
  /** Lets those go who listen, over `ms`, so that the requests under way can end. */
  letGo(ms: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens from the bottom up what the database in force leads to; `close` ends it in the opposite order. It answers, and signs nothing by itself before `begin`. Throws a Refusal
 * with a hint when database, vault or pinned roots are not as they must be; nothing is left open then.
 */
export async function openGeneration(process: Process, inheritance?: VaultInheritance): Promise<Generation> {
  const closers: (() => unknown)[] = [];
  const close = () => closeAll(closers.splice(0).reverse(), partLimitMs);
  try {
    return { ...(await open(process, closers, inheritance)), close };
  } catch (error) {
    await close().catch((err: unknown) => process.log.error({ err }, 'what had been opened could not be closed'));
    throw error;
  }
}

/** Above the ten seconds that the socket gives to running requests. */
const partLimitMs = 15_000;

/** Calls each of them, whatever becomes of the others, and waits for `limitMs` at most; then throws what they threw. */
export async function closeAll(closers: readonly (() => unknown)[], limitMs: number): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) {
    try {
      await Promise.race([close(), failLate(limitMs)]);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'the server did not stop cleanly');
}

/** A part that does not end (a disk that is gone, a database that hangs) must not keep the others open. */
async function failLate(limitMs: number): Promise<never> {
  await delay(limitMs, undefined, { ref: false });
  throw new Error(`expected a part of the server to end within ${limitMs} ms`);
}

async function open(
  process: Process,
  closers: (() => unknown)[],
  inheritance: VaultInheritance | undefined,
): Promise<Omit<Generation, 'close'>> {
  const { config } = process;
  const database = await openDatabase(config, { create: false });
  closers.push(() => database.close());
  await assertMigrated(database);
  await assertPinnedRoots(database, config.trustRoots);
  const vault = await openVault(database, process, inheritance);
  const bus = createMemoryBus();
  closers.push(() => bus.close());
  const wakers: (() => void)[] = [];
  const wakeWorker = () => {
    for (const wake of wakers) wake();
  };
  // The first of them.
  const wakeRelay = () => wakers[0]?.();
  const { resources, writeTree } = await openResources({ ...process, database, vault, wakeWorker, wakeRelay });
  assertRecipients(config);
  closers.push(
    () => writeTree(),
    () => resources.downloads.flush(),
    () => resources.parts.close(),
    () => resources.acme.validations.stop(),
    () => resources.revocation.stop(),
    () => resources.push.close(),
  );
  const forwarder = await openForwarder(resources, closers);
  const behind = createBehind(resources, forwarder, process.console);
  await clearSessions(resources);
  await recoverDeploys(resources);
  await recoverPreflights(resources);
  await releaseDeliveries(database.query);
  await writeTree();
  const begin = () => beginWork(resources, { bus, forwarder, closers, wakers });
  return { behind, vault, database, begin, letGo: (ms) => resources.push.drain(ms) };
}

/** What work is begun with, and what ends and wakes it. */
interface Works {
  readonly bus: Bus;
  readonly forwarder: Forwarder | undefined;
  readonly closers: (() => unknown)[];
  readonly wakers: (() => void)[];
}

async function beginWork(resources: Resources, { bus, forwarder, closers, wakers }: Works): Promise<void> {
  const { database, now, log } = resources;
  subscribePlanes(resources, bus);
  if (forwarder) bus.subscribe('*', forwarder.take);
  // After the subscriptions: what it publishes to nobody is not published again.
  const relay = startRelay({ database, bus, now, log });
  closers.push(() => relay.stop());
  wakers.push(() => relay.wake());
  const inTurns = { database, now, log, order: 'organisations' } as const;
  const worker = startWorker({ ...inTurns, handlers: createJobs(resources), concurrency: 2 });
  wakers.push(() => worker.wake());
  closers.push(() => worker.stop());
  const prompt = startWorker({ database, handlers: createPromptJobs(resources), now, log, concurrency: 32 });
  wakers.push(() => prompt.wake());
  closers.push(() => prompt.stop());
  const heavy = startWorker({ ...inTurns, handlers: createHeavyJobs(resources), concurrency: 1 });
  wakers.push(() => heavy.wake());
  closers.push(() => heavy.stop());
  const webhooks = startDispatcher(webhookParts(resources));
  wakers.push(() => webhooks.wake());
  closers.push(() => webhooks.stop());
  resources.observing.start();
  resources.following.start();
  closers.push(() => resources.observing.stop());
  closers.push(() => resources.following.stop());
  closers.push(startSchedules(resources));
  await logFailure(resources, refreshAndLog);
  void keepLog(resources).then(() => runOften(resources));
}

/** Tells other processes of events, where the settings name a bus for them. */
async function openForwarder(
  { config, database, now, log }: Resources,
  closers: (() => unknown)[],
): Promise<Forwarder | undefined> {
  const outer = await openOuterBus(config, database);
  if (!outer) return undefined;
  const forwarder = startForwarder({ database, outer, now, log });
  closers.push(() => forwarder.stop());
  return forwarder;
}

function createBehind(resources: Resources, forwarder: Forwarder | undefined, console: Process['console']): Behind {
  const { database, passwords } = resources;
  const { statusAnswers } = resources.revocation;
  const { streams } = resources.push;
  const prepared = [resources.prepared, statusAnswers.prepared];
  const metrics = createMetrics();
  registerTrustMetrics(metrics.registry, resources);
  registerLogMetrics(metrics.registry, resources);
  registerBackupMetrics(metrics.registry, resources);
  registerTrustRootMetrics(metrics.registry, resources);
  registerChannelKeyMetrics(metrics.registry, resources.push.keys);
  registerBusMetrics(metrics.registry, resources);
  registerWatchMetrics(metrics.registry, resources);
  registerCatalogueMetrics(metrics.registry, resources);
  resources.admissions.register(metrics.registry);
  resources.push.register(metrics.registry);
  registerWebhookMetrics(metrics.registry, { ...resources, attempts: resources.webhookAttempts });
  registerMailMetrics(metrics.registry, resources);
  const app = createApp({
    ...resources,
    ...{
      metrics,
      roles,
      passwords,
      console,
      isBusWell: forwarder?.isWell,
      watchState: () => resources.observing.state(),
    },
    isPushWell: () => resources.push.isWell(),
    planes: createPlanes(resources),
    listSealed: () => listSealed(database),
    hostsChanged: () => {
      for (const answers of [...prepared, statusAnswers.responders, streams]) answers.forgetAll();
    },
  });
  const settle = () => database.settle();
  return { ...app, prepared, settle, responders: statusAnswers.responders, streams, reads: app.limits.reads };
}

async function openResources(
  opened: Process & Pick<Resources, 'database' | 'vault' | 'wakeWorker' | 'wakeRelay'>,
): Promise<{ resources: Resources; writeTree: () => Promise<void> }> {
  const { config, now } = opened;
  const evidence = openEvidence(opened);
  const observing = openObserving({ ...opened, ...evidence });
  const withBlobs = {
    ...opened,
    ...evidence,
    blobs: await openDiskBlobs(join(config.dataDir, 'blobs')),
    parts: await PartFiles.open(join(config.dataDir, 'uploads')),
    spool: await Spool.open(join(config.dataDir, 'incoming')),
    inspectSbom: createSbomInspection(),
    pictures: createRasterDecoding(),
    scanner: config.scan === 'off' ? undefined : openScanner(config.clamd),
    downloads: new DownloadCounter(opened),
    catalogues: joinCatalogues(createCatalogues({ ...opened, baseUrl: config.baseUrl }), createPackageSigning(opened)),
    prepared: new PreparedAnswers(now),
    acme: createAcmeState({ ...opened, dnsServers: config.dnsServers }),
    revocation: openRevocation({ ...opened, pkiUrl: config.pkiUrl }),
    webhookAttempts: new Map(),
    mailer: config.mail && createMailer(config.mail),
    mailAttempts: new Map(),
    push: openPush(opened),
    admissions: new AdmissionFigures(),
    observing,
    following: openFollowing({ ...opened, observing }),
    version: packageJson.version,
  };
  const findSignature: FindSignature = (project, file) => findPackageSignature(opened, project, file);
  const writeTree = createTreeWriter({ ...withBlobs, findSignature });
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

async function openVault(
  database: Database,
  { config, now }: Process,
  inheritance: VaultInheritance | undefined,
): Promise<Vault> {
  const vault = await Vault.open(database, now, { inheritance });
  if (config.vaultPasswordFile === undefined || vault.state !== 'locked') return vault;
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
  const timestamps = await listTimestampAuthorities(database.query);
  const certificateKeys = await countSealedKeys(database.query);
  const webhookKeys = await countSealedWebhookKeys(database.query);
  const pushKeys = await listSealedPushKeys(database.query);
  const plugins = await listSealedCredentials(database.query);
  const clusters = await listSealedClusters(database.query);
  const apps = await countTotp(database.query);
  const log = await findOpenLog(database.query);
  return [
    ...keys.map(({ key_id, label, scope }) => `signing key ${label} for ${scope} (${key_id.slice(0, 16)}…)`),
    ...(log ? [`the key of the transparency log ${log.origin}, which ends`] : []),
    ...clusters.map(({ name }) => `the credential for the cluster ${name}`),
    ...authorities.map(({ name, key_id }) => `authority ${name} (${key_id.slice(0, 16)}…)`),
    ...timestamps.map(({ name }) => `timestamps of ${name}`),
    ...(webhookKeys === 0 ? [] : [`${webhookKeys} keys of webhooks`]),
    ...pushKeys.map(({ key_id, label }) => `push key ${label} (${key_id.slice(0, 16)}…)`),
    ...plugins.map(({ organisation, slug }) => `password of the WordPress plugin ${slug} (${organisation})`),
    ...(apps === 0 ? [] : [`authenticator apps of ${apps} people`]),
    ...(certificateKeys === 0 ? [] : [`private keys of ${certificateKeys} certificates`]),
  ];
}
