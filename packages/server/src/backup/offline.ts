/** What the command does without a running server: make, verify, try out and restore backups. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { systemActor } from '../audit/audit.ts';
import { recordAudit, verifyAuditChain } from '../audit/store.ts';
import { type Config, parseConfig } from '../config.ts';
import type { Environment } from '../config-reader.ts';
import { openDiskBlobs } from '../storage/blobs/disk.ts';
import { assertVacant, createDataFolder, lockDataFolder } from '../storage/data-folder.ts';
import { lockDatabase, openDatabase } from '../storage/database/open.ts';
import type { Database } from '../storage/database.ts';
import { assertMigrated } from '../storage/migrations/migrate.ts';
import { createEnvelope } from './age/encryption.ts';
import type { BackupProgress } from './archive/compose.ts';
import type { Manifest } from './archive/manifest.ts';
import { createBackup, type MadeBackup } from './create.ts';
import { type InspectionReport, inspectServer } from './inspect.ts';
import { type PreparedRestore, prepareRestore, type RestoreRequest, restoreFolder } from './restore.ts';
import { findDefaultOrganisation } from './store.ts';
import { backupFolder, hasDatabase, openServerSwap, recoverRestore } from './trial.ts';
import { openBackup, type UnpackProgress, type UnpackTools, unpackFiles, unpackRows } from './unpack.ts';
import { type LockWords, type OpenerWords, parseLock, parseOpener } from './words.ts';

const bytesPerMib = 1024 * 1024;

/** Makes a backup of a data folder that no server uses, in `dir` or else where the server keeps them. */
export async function makeBackup(
  environment: Environment,
  order: {
    lock: LockWords;
    dir?: string | undefined;
    report: (progress: BackupProgress) => void;
    signal?: AbortSignal | undefined;
  },
): Promise<MadeBackup> {
  const lock = parseLock(order.lock);
  const config = parseConfig(environment);
  return withLocks(config, async () => {
    const database = await openDatabase(config, { create: false });
    try {
      const source = { config, blobs: await openDiskBlobs(join(config.dataDir, 'blobs')), now: Date.now };
      const made = await createBackup(
        { ...source, version: packageJson.version },
        {
          dir: order.dir ?? backupFolder(config),
          envelope: lock && (await createEnvelope(lock)),
          report: order.report,
          signal: order.signal ?? new AbortController().signal,
        },
      );
      await recordMade(database, made, lock !== undefined);
      return made;
    } finally {
      await database.close();
    }
  });
}

async function recordMade(database: Database, made: MadeBackup, encrypted: boolean): Promise<void> {
  await database.transaction(async (transaction) =>
    recordAudit(transaction, Date.now(), {
      organisationId: await findDefaultOrganisation(transaction),
      actor: systemActor,
      action: 'backup.created',
      object: { kind: 'backup', id: made.name },
      detail: { sha256: made.sha256, size_bytes: made.sizeBytes, encrypted },
    }),
  );
}

/** How a backup is taken apart outside a server. */
export interface TrialOrder {
  readonly opener: OpenerWords;
  readonly report: (progress: UnpackProgress) => void;
  /** Aborted when the work shall end; nothing is left of it then. */
  readonly signal?: AbortSignal | undefined;
}

/** Proves everything in the backup at `path`, in a scratch folder that is removed. Throws `upload_refused`. */
export async function verifyBackup(environment: Environment, path: string, order: TrialOrder): Promise<Manifest> {
  return withScratch(environment, order, async (tools) => {
    const backup = await openBackup(path, tools);
    try {
      await unpackFiles(backup, tools);
      const database = await openDatabase(
        { dataDir: join(tools.dir, 'data'), databaseUrl: undefined },
        { create: true },
      );
      await unpackRows(database, backup, tools).finally(() => database.close());
      return backup.manifest;
    } finally {
      backup.close();
    }
  });
}

/** Restores the backup at `path` into a scratch folder, inspects what came out, and removes it. Throws `upload_refused`. */
export async function drillBackup(
  environment: Environment,
  path: string,
  order: TrialOrder,
): Promise<InspectionReport & { readonly manifest: Manifest }> {
  return withScratch(environment, order, async (tools) => {
    const config = { dataDir: join(tools.dir, 'data'), databaseUrl: undefined };
    await createDataFolder(config.dataDir);
    const blobs = await openDiskBlobs(join(config.dataDir, 'blobs'));
    const restoreMaxUnpackedMb = tools.maxUnpackedBytes / bytesPerMib;
    const swap = await openServerSwap(config);
    const parts = { config: { ...config, restoreMaxUnpackedMb }, blobs, swap, current: undefined, now: Date.now };
    const { opener, report, signal } = tools;
    const request = { path, opener, otherVault: false, actor: systemActor, report, signal };
    const { manifest, place } = await prepareRestore(parts, request);
    await place();
    const database = await openDatabase(config, { create: false });
    try {
      const at = Date.parse(manifest.made_at);
      return { ...(await inspectServer({ database, blobs, at })), manifest };
    } finally {
      await database.close();
    }
  });
}

/** Restores the backup at `path` into the data folder of `environment`, which no server uses and which may be new. */
export async function restoreBackup(
  environment: Environment,
  path: string,
  order: TrialOrder & { otherVault: boolean },
): Promise<Pick<PreparedRestore, 'manifest' | 'migrations'>> {
  const opener = parseOpener(order.opener);
  const config = parseConfig(environment);
  if (!hasDatabase(config) && !existsSync(restoreFolder(config.dataDir))) await assertVacant(config.dataDir);
  await createDataFolder(config.dataDir);
  return withLocks(config, async () => {
    const swap = await openServerSwap(config);
    // One that never answered gives way to what did.
    if ((await recoverRestore(swap, config)) === 'trial') await swap.undo();
    const prepared = await prepareOffline(config, { ...order, path, opener });
    await prepared.place();
    try {
      await assertAnswers(config);
    } catch (error) {
      await swap.undo();
      throw error;
    }
    await swap.confirm();
    return { manifest: prepared.manifest, migrations: prepared.migrations };
  });
}

async function prepareOffline(config: Config, order: Omit<RestoreRequest, 'actor'>): Promise<PreparedRestore> {
  const blobs = await openDiskBlobs(join(config.dataDir, 'blobs'));
  const swap = await openServerSwap(config);
  // A database that does not even open is no reason to keep the backup out.
  const current = hasDatabase(config)
    ? await openDatabase(config, { create: false }).catch((error: unknown) => {
        if (config.databaseUrl !== undefined) throw error;
        return undefined;
      })
    : undefined;
  try {
    return await prepareRestore({ config, blobs, swap, current, now: Date.now }, { ...order, actor: systemActor });
  } finally {
    await current?.close();
  }
}

/** What a server would need of it at its start. */
async function assertAnswers(config: Config): Promise<void> {
  const database = await openDatabase(config, { create: false });
  try {
    await assertMigrated(database);
    await verifyAuditChain(database);
  } finally {
    await database.close();
  }
}

async function withScratch<T>(
  environment: Environment,
  order: TrialOrder,
  work: (tools: UnpackTools) => Promise<T>,
): Promise<T> {
  const opener = parseOpener(order.opener);
  const maxUnpackedBytes = parseConfig(environment).restoreMaxUnpackedMb * bytesPerMib;
  const dir = await mkdtemp(join(tmpdir(), 'signpost-drill-'));
  try {
    return await work({ dir, opener, maxUnpackedBytes, report: order.report, signal: order.signal });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function withLocks<T>(config: Config, work: () => Promise<T>): Promise<T> {
  const folderLock = lockDataFolder(config.dataDir);
  try {
    const lock = await lockDatabase(config);
    try {
      return await work();
    } finally {
      await lock.release();
    }
  } finally {
    folderLock.release();
  }
}
