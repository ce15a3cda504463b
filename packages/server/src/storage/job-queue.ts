/** The statements of the job table. What must not race stands in each `where`: a job is held by its attempt's number. */
import { type ExpressionBuilder, sql } from 'kysely';
import type { Database, Query } from './database.ts';
import type { Schema } from './schema.ts';
import type { JobTable } from './tables/platform.ts';

/** How often a job is tried before it counts as failed. */
export const attemptLimit = 5;

/** One attempt at a job: the right to change its row, until the lease is over and somebody else has taken it. */
export interface Claim {
  readonly id: string;
  readonly attempts: number;
}

/** Which job to take, and until when it is held. */
export interface ClaimRequest {
  readonly kinds: readonly string[];
  readonly now: number;
  readonly leaseUntil: number;
  /** Jobs of these organisations are left alone; the empty name is of the server's own. */
  readonly except?: readonly string[];
}

/** Takes the job that is due longest, of one of `kinds`; a running one counts when its lease is over. */
export async function claimJob(database: Database, claim: ClaimRequest): Promise<JobTable | undefined> {
  const { except = [] } = claim;
  return (
    database.query
      .updateTable('job')
      .set((row) => ({ state: 'running', lease_until: claim.leaseUntil, attempts: row('attempts', '+', 1) }))
      .where('id', '=', (query) =>
        query
          .selectFrom('job')
          .select('id')
          .where('kind', 'in', claim.kinds)
          .where((row) => isDue(row, claim.now))
          .$if(except.length > 0, (jobs) => jobs.where(sql<string>`coalesce(organisation_id, '')`, 'not in', except))
          .orderBy('run_at')
          .orderBy('id')
          .limit(1),
      )
      // Once more for the row itself: PostgreSQL looks again at a row that another worker took in the meantime.
      .where((row) => isDue(row, claim.now))
      .returningAll()
      .executeTakeFirst()
  );
}

function isDue(row: ExpressionBuilder<Schema, 'job'>, now: number) {
  return row.and([
    // The literal lets both engines use the index on open jobs.
    sql<boolean>`state in ('waiting', 'running')`,
    row('attempts', '<', attemptLimit),
    row.or([
      row.and([row('state', '=', 'waiting'), row('run_at', '<=', now)]),
      row.and([row('state', '=', 'running'), row('lease_until', '<', now)]),
    ]),
  ]);
}

/** Gives up jobs that took the server down with them each time. */
export async function failAbandonedJobs(database: Database, now: number): Promise<void> {
  await database.query
    .updateTable('job')
    .set({ state: 'failed', lease_until: null, finished_at: now, last_error: 'the server ended during each attempt' })
    .where(sql<boolean>`state in ('waiting', 'running')`)
    .where('state', '=', 'running')
    .where('lease_until', '<', now)
    .where('attempts', '>=', attemptLimit)
    .execute();
}

/** Ends the jobs of one kind that a server has left running; nobody else runs any. */
export async function endHeldJobs(query: Query, kind: string, now: number): Promise<void> {
  await query
    .updateTable('job')
    .set({ state: 'failed', lease_until: null, finished_at: now, last_error: 'the server ended' })
    .where('kind', '=', kind)
    .where('state', '=', 'running')
    .execute();
}

/** Changes the row of a held job; false when it is no longer held. */
export async function updateClaimed(database: Database, claim: Claim, change: Partial<JobTable>): Promise<boolean> {
  const result = await database.query
    .updateTable('job')
    .set(change)
    .where('id', '=', claim.id)
    .where('state', '=', 'running')
    .where('attempts', '=', claim.attempts)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Adds a waiting job; false when an open one has the same `dedupe_key`. */
export async function insertJob(query: Query, job: JobTable): Promise<boolean> {
  const result = await query
    .insertInto('job')
    .values(job)
    .onConflict((conflict) =>
      conflict.column('dedupe_key').where(sql<boolean>`state in ('waiting', 'running')`).doNothing(),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Ends the waiting job with that `dedupe_key`, if there is one: its work is done already. */
export async function completeWaitingJob(query: Query, dedupeKey: string, now: number): Promise<void> {
  await query
    .updateTable('job')
    .set({ state: 'done', finished_at: now })
    .where('dedupe_key', '=', dedupeKey)
    // A literal, so that the partial index is used.
    .where('state', '=', sql.lit('waiting'))
    .execute();
}

/** Removes jobs that ended before `before`. */
export async function pruneJobs(database: Database, before: number): Promise<void> {
  await database.query.deleteFrom('job').where('finished_at', '<', before).execute();
}
