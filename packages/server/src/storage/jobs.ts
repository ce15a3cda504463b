/** Work for later that survives a crash: recorded in a transaction, leased while it runs, tried up to five times. */
import type { BaseLogger } from 'pino';
import type { Database, Query } from './database.ts';
import { attemptLimit, claimJob, failAbandonedJobs, insertJob, pruneJobs, updateClaimed } from './job-queue.ts';
import type { JobTable } from './tables/platform.ts';
import { createQueue, startTurns } from './turns.ts';

/** A job to be recorded. */
export interface JobRequest {
  /** UUIDv7. */
  readonly id: string;
  readonly organisationId: string | null;
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** While a job with this key waits or runs, no second one is taken. */
  readonly dedupeKey?: string;
  /** Not before this time, in Unix milliseconds. */
  readonly runAt: number;
  readonly now: number;
}

/** Records a job in `transaction`. Returns false, and records nothing, when an open job has the same `dedupeKey`. */
export async function enqueueJob(transaction: Query, request: JobRequest): Promise<boolean> {
  return insertJob(transaction, {
    id: request.id,
    organisation_id: request.organisationId,
    kind: request.kind,
    payload: JSON.stringify(request.payload),
    dedupe_key: request.dedupeKey ?? null,
    state: 'waiting',
    run_at: request.runAt,
    lease_until: null,
    attempts: 0,
    progress: null,
    last_error: null,
    created_at: request.now,
    finished_at: null,
  });
}

/** The row of a job, or undefined. Ended jobs are kept for 30 days. */
export async function readJob(query: Query, id: string): Promise<JobTable | undefined> {
  return query.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst();
}

/** A job that runs. */
export interface Job {
  readonly id: string;
  readonly organisationId: string | null;
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted when the worker stops, and when the lease was lost to another worker. */
  readonly signal: AbortSignal;
}

/** Stores how far a job is, as JSON. Throws when the job was lost to another worker. */
type ReportProgress = (progress: unknown) => Promise<void>;

/** Does the work of one kind; must bear being run again. Throwing means: try again later. */
export type RunJob = (job: Job, report: ReportProgress) => Promise<void>;

/** What a worker works with. */
export interface WorkerParts {
  readonly database: Database;
  /** By kind; jobs of other kinds are left alone. */
  readonly handlers: Readonly<Record<string, RunJob>>;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'warn'>;
  /** How many jobs run at once. */
  readonly concurrency: number;
  /** `organisations` take turns, one job each, for work that takes long; otherwise the job that is due longest comes first, whosever it is. */
  readonly order?: 'organisations' | 'time';
  /** How long a job is held without a sign of life (60 s). */
  readonly leaseMs?: number;
}

/** Runs jobs. */
export interface Worker {
  /** Looks for jobs at once; call it after a transaction that recorded one. */
  wake(): void;
  /** Resolves when no job is due and none runs. */
  drain(): Promise<void>;
  /** Takes no more jobs, aborts those that run and resolves when they have ended; unfinished ones wait again. */
  stop(): Promise<void>;
}

const pollMs = 1000;
const defaultLeaseMs = 60_000;
const keepMs = 30 * 24 * 3600 * 1000;
const pruneEveryMs = 3600 * 1000;
const errorLengthLimit = 500;

/** Starts taking jobs. A job whose process died is taken again when its lease is over. */
export function startWorker(parts: WorkerParts): Worker {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const enqueue = createQueue();
  const served = new Set<string>();
  const start = (row: JobTable) => {
    const run = runJob(parts, row, stopping.signal).finally(() => {
      running.delete(run);
      turns.wake();
    });
    running.add(run);
  };
  const fill = () =>
    enqueue(async () => {
      await failAbandonedJobs(parts.database, parts.now());
      while (running.size < parts.concurrency && !stopping.signal.aborted) {
        const row = await claimNext(parts, served);
        if (!row) return;
        start(row);
      }
    });
  const turns = startTurns(createTurn(parts, fill));
  return {
    wake: () => turns.wake(),
    drain: async () => {
      for (;;) {
        await fill();
        if (running.size === 0) return;
        await Promise.race(running);
      }
    },
    stop: async () => {
      stopping.abort(new Error('the worker stops'));
      await turns.stop();
      await Promise.all(running);
    },
  };
}

function createTurn(parts: WorkerParts, fill: () => Promise<void>): () => Promise<number> {
  const { database, now, log } = parts;
  let prunedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    try {
      await fill();
      if (now() - prunedAt >= pruneEveryMs) {
        await pruneJobs(database, now() - keepMs);
        prunedAt = now();
      }
    } catch (err) {
      log.warn({ err }, 'jobs wait: the database did not answer');
    }
    return pollMs;
  };
}

/** `served` are the organisations that had their turn in this round. */
async function claimNext(parts: WorkerParts, served: Set<string>): Promise<JobTable | undefined> {
  const now = parts.now();
  const request = { kinds: Object.keys(parts.handlers), now, leaseUntil: now + leaseOf(parts), except: [...served] };
  const row = await claimJob(parts.database, request);
  if (row && parts.order === 'organisations') served.add(row.organisation_id ?? '');
  if (row || served.size === 0) return row;
  served.clear();
  return claimNext(parts, served);
}

function leaseOf(parts: WorkerParts): number {
  return parts.leaseMs ?? defaultLeaseMs;
}

async function runJob(parts: WorkerParts, row: JobTable, stopping: AbortSignal): Promise<void> {
  const { database, now, log } = parts;
  const lost = new AbortController();
  const hold = async (change: Partial<JobTable>) => {
    const held = await updateClaimed(database, row, { ...change, lease_until: now() + leaseOf(parts) });
    if (!held) lost.abort(new Error(`expected to hold job ${row.id}, lost it`));
    lost.signal.throwIfAborted();
  };
  const renewal = setInterval(() => {
    hold({}).catch((err) => log.warn({ err, job: row.id, kind: row.kind }, 'a job could not be held'));
  }, leaseOf(parts) / 3);
  const attempt = attemptJob(parts, row, { signal: AbortSignal.any([stopping, lost.signal]), hold });
  try {
    await attempt.finally(() => clearInterval(renewal));
    await endAttempt(parts, row, { state: 'done', finished_at: now(), lease_until: null, last_error: null });
  } catch (err) {
    log.warn({ err, job: row.id, kind: row.kind, attempt: row.attempts }, 'a job failed');
    await endAttempt(parts, row, stopping.aborted ? releaseJob(row, now()) : failAttempt(row, now(), err));
  }
}

async function attemptJob(
  parts: WorkerParts,
  row: JobTable,
  grip: { readonly signal: AbortSignal; readonly hold: (change: Partial<JobTable>) => Promise<void> },
): Promise<void> {
  const run = parts.handlers[row.kind];
  if (!run) throw new TypeError(`expected somebody to run ${row.kind}`);
  const job: Job = {
    id: row.id,
    organisationId: row.organisation_id,
    kind: row.kind,
    payload: JSON.parse(row.payload),
    attempt: row.attempts,
    signal: grip.signal,
  };
  await run(job, (progress) => grip.hold({ progress: JSON.stringify(progress) }));
}

/** Writes the end of an attempt; if the database does not answer, the lease ends it. */
async function endAttempt(parts: WorkerParts, row: JobTable, change: Partial<JobTable>): Promise<void> {
  try {
    const held = await updateClaimed(parts.database, row, change);
    if (!held) parts.log.warn({ job: row.id, kind: row.kind }, 'a job ended after another worker took it');
  } catch (err) {
    parts.log.warn({ err, job: row.id, kind: row.kind }, 'the end of a job could not be recorded');
  }
}

function releaseJob(row: JobTable, now: number): Partial<JobTable> {
  return { state: 'waiting', run_at: now, lease_until: null, attempts: row.attempts - 1 };
}

function failAttempt(row: JobTable, now: number, error: unknown): Partial<JobTable> {
  const text = error instanceof Error ? error.message : String(error);
  const ended = {
    lease_until: null,
    last_error: text.slice(0, errorLengthLimit).toWellFormed().replaceAll('\u0000', ''),
  };
  if (row.attempts >= attemptLimit) return { ...ended, state: 'failed', finished_at: now };
  return { ...ended, state: 'waiting', run_at: now + pauseAfter(row.attempts) };
}

// 5 s, 20 s, 80 s, 320 s.
function pauseAfter(attempts: number): number {
  return 5000 * 4 ** (attempts - 1);
}
