/** Backups of a running server as jobs: asked for by somebody, or every night. */
import type { Logger } from 'pino';
import { type Actor, type Caller, systemActor } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Database } from '../storage/database.ts';
import { createId } from '../storage/ids.ts';
import { attemptLimit } from '../storage/job-queue.ts';
import { enqueueJob, type RunJob } from '../storage/jobs.ts';
import { createEnvelope, type Envelope, type Lock } from './age/encryption.ts';
import { parseRecipient } from './age/keys.ts';
import { type BackupSource, createBackup, type MadeBackup } from './create.ts';
import { explainFailure } from './failure.ts';
import { pruneBackups } from './folder.ts';
import { backupJobKind } from './names.ts';
import { findDefaultOrganisation, listMadeBackups } from './store.ts';
import { backupFolder } from './trial.ts';

/** What backups of a running server work with. */
export interface BackupDependencies extends BackupSource {
  readonly database: Database;
  readonly log: Pick<Logger, 'error'>;
  /** Lets the worker look for jobs at once. */
  readonly wakeWorker: () => void;
  /** File keys of the backups that wait, by job. In memory only: a job that outlives its process asks to be asked again. */
  readonly backupKeys: Map<string, Envelope>;
}

interface Payload {
  readonly scheduled: boolean;
  readonly encrypted: boolean;
  readonly actor: Actor;
  readonly organisation_id: string | null;
}

const reportEveryMs = 300;

/** Asks for a backup; returns the id of its job, which tells in its progress how far it is and how it ended. */
export async function requestBackup(
  dependencies: BackupDependencies,
  { organisationId, actor }: Caller,
  lock: Lock | undefined,
): Promise<string> {
  const { database, now, wakeWorker, backupKeys } = dependencies;
  const at = now();
  const id = createId(at);
  if (lock) backupKeys.set(id, await createEnvelope(lock));
  const payload: Payload = { scheduled: false, encrypted: lock !== undefined, actor, organisation_id: organisationId };
  try {
    await database.transaction((transaction) =>
      enqueueJob(transaction, {
        ...{ id, organisationId, kind: backupJobKind, payload: { ...payload }, runAt: at, now: at },
      }),
    );
  } catch (error) {
    // It was there first, since a job is taken up at once; without the job nobody would ever forget it.
    backupKeys.delete(id);
    throw error;
  }
  wakeWorker();
  return id;
}

/** Asks for the backup of the night, when there is somebody to encrypt it to. */
export async function requestNightlyBackup({ config, database, now }: BackupDependencies): Promise<void> {
  if (config.backupRecipients.length === 0) return;
  const at = now();
  const payload: Payload = {
    scheduled: true,
    encrypted: true,
    actor: systemActor,
    organisation_id: await findDefaultOrganisation(database.query),
  };
  await database.transaction((transaction) =>
    enqueueJob(transaction, {
      ...{ id: createId(at), organisationId: payload.organisation_id, kind: backupJobKind, payload: { ...payload } },
      ...{ dedupeKey: `${backupJobKind}:nightly`, runAt: at, now: at },
    }),
  );
}

/** Throws `invalid` unless every recipient in the settings is a key: better at the start than in the night. */
export function assertRecipients({ backupRecipients }: BackupSource['config']): void {
  for (const recipient of backupRecipients) parseRecipient(recipient);
}

/**
 * Runs the job. One that somebody waits for ends with its first failure, with the reason in its progress; that of a night is
 * tried again, but for what a refusal says. The key is forgotten with the end of the job alone, or a second attempt would blame a restart.
 */
export function createBackupJob(dependencies: BackupDependencies): RunJob {
  return async (job, report) => {
    const payload = job.payload as unknown as Payload;
    const isLast = job.attempt >= attemptLimit;
    try {
      const envelope = await findEnvelope(dependencies, job.id, payload);
      const made = await makeAndTell(dependencies, { envelope, signal: job.signal, report });
      await recordMade(dependencies, payload, made);
      if (payload.scheduled) await removeOld(dependencies, payload.organisation_id);
      await report({ stage: 'done', name: made.name, size_bytes: made.sizeBytes, sha256: made.sha256 });
    } catch (error) {
      if (job.signal.aborted || (payload.scheduled && !isLast && !(error instanceof Refusal))) throw error;
      await tellFailed(dependencies, payload, { id: job.id, error, isLast, report });
    }
    dependencies.backupKeys.delete(job.id);
  };
}

async function tellFailed(
  dependencies: BackupDependencies,
  payload: Payload,
  { id, error, isLast, report }: { id: string; error: unknown; isLast: boolean; report: Parameters<RunJob>[1] },
): Promise<void> {
  const refusal = explainFailure(error);
  const { rule = refusal.code, message, hint = '' } = refusal;
  dependencies.log.error({ rule, err: error }, 'a backup could not be made');
  if (isLast) dependencies.backupKeys.delete(id);
  await recordFailed(dependencies, payload, { id, rule });
  await report({ stage: 'failed', rule, message, hint });
}

async function findEnvelope(
  { backupKeys, config }: BackupDependencies,
  id: string,
  { scheduled, encrypted }: Payload,
): Promise<Envelope | undefined> {
  if (!encrypted) return undefined;
  if (scheduled) return createEnvelope(config.backupRecipients.map(parseRecipient));
  const envelope = backupKeys.get(id);
  if (envelope) return envelope;
  throw new Refusal('unavailable', 'the server was started again before the backup was made', {
    rule: 'backup-key-lost',
    hint: 'ask for the backup again',
  });
}

async function makeAndTell(
  dependencies: BackupDependencies,
  run: { envelope: Envelope | undefined; signal: AbortSignal; report: Parameters<RunJob>[1] },
): Promise<MadeBackup> {
  let toldAt = 0;
  let telling: Promise<void> = Promise.resolve();
  const made = await createBackup(dependencies, {
    dir: backupFolder(dependencies.config),
    envelope: run.envelope,
    signal: run.signal,
    report: (progress) => {
      const at = performance.now();
      if (at - toldAt < reportEveryMs) return;
      toldAt = at;
      // A job that was lost is aborted by its signal; here only the last word counts.
      telling = telling.then(() => run.report(progress)).catch(() => undefined);
    },
  });
  await telling;
  return made;
}

async function recordMade(
  { database, now }: BackupDependencies,
  payload: Payload,
  { name, sha256, sizeBytes }: MadeBackup,
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      ...{ organisationId: payload.organisation_id, actor: payload.actor, action: 'backup.created' },
      object: { kind: 'backup', id: name },
      detail: { sha256, size_bytes: sizeBytes, encrypted: payload.encrypted },
    }),
  );
}

async function recordFailed(
  { database, now }: BackupDependencies,
  payload: Payload,
  { id, rule }: { id: string; rule: string },
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      ...{ organisationId: payload.organisation_id, actor: payload.actor, action: 'backup.failed' },
      ...{ object: { kind: 'job', id }, outcome: 'refused', detail: { rule } },
    }),
  );
}

async function removeOld({ config, database, now }: BackupDependencies, organisationId: string | null): Promise<void> {
  const made = await listMadeBackups(database.query);
  const retention = { days: config.backupKeepDays, now: now(), made };
  for (const { name } of await pruneBackups(backupFolder(config), retention)) {
    await database.transaction((transaction) =>
      recordAudit(transaction, now(), {
        ...{ organisationId, actor: systemActor, action: 'backup.removed', object: { kind: 'backup', id: name } },
      }),
    );
  }
}
