/** What comes into the log by the clock: certificates, what is revoked, and the head of the audit chain that tells of all that. */
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Database, Query } from '../../storage/database.ts';
import { appendAll, type Loggable, type LogParts } from './append.ts';
import { findSweptTo } from './audit-heads.ts';
import { type AuditedRow, findAuditedEnd, findOpenLog, listAudited } from './store.ts';
import { findServersOwn } from './transparency-log.ts';

/** What of the audit log belongs into the log. */
export interface LoggedRows {
  /** Of the objects that such rows are about. */
  readonly kinds: readonly string[];
  /** What rows about them tell of. */
  readonly describe: (query: Query, rows: readonly AuditedRow[]) => Promise<readonly Loggable[]>;
}

/** What a sweep works with. */
export interface SweepParts extends LogParts {
  readonly database: Database;
  readonly logged: LoggedRows;
}

/** What is more than this waits for the next sweep, which comes behind whatever else waits by then. */
const maxRows = 20_000;
/** Of those that belong into the log. */
const pageRows = 1000;

/** What a sweep came to. */
export interface Sweep {
  /** Entries that came in. */
  readonly appended: number;
  /** Whether there was more than one sweep takes. */
  readonly isBehind: boolean;
}

/**
 * Appends what the audit log tells of since the last sweep, and after each page the hash of the chain up to there. A sweep that was cut off
 * begins again at the last head of this chain that is in the log; nothing comes in twice.
 */
export async function sweepAudit(parts: SweepParts): Promise<Sweep> {
  const { query } = parts.database;
  const log = await findOpenLog(query);
  const organisationId = await findServersOwn(query);
  // Without the key nothing could be signed; the heads wait where they are.
  if (!log || organisationId === null || parts.vault.state !== 'unlocked') return nothing;
  const from = await findSweptTo(query, log);
  const end = await findAuditedEnd(query, { after: from, limit: maxRows });
  let appended = 0;
  for (let after = from; end && after < end.sequence; ) {
    const { kinds, describe } = parts.logged;
    const rows = await listAudited(query, { after, until: end.sequence, kinds, limit: pageRows });
    // Most rows are of nothing that belongs here: a server that publishes all the time writes thousands a minute.
    const { sequence, hash } = rows[pageRows - 1] ?? end;
    // What was read may be in no file yet, and the log may not run ahead of it.
    await parts.database.settle();
    const head = { type: 'audit-head', sequence, sha256: hash } as const;
    appended += await appendAll(parts, [...(await describe(query, rows)), { organisationId, entry: head }]);
    after = sequence;
    await giveWay();
  }
  return { appended, isBehind: end !== undefined && end.sequence - from >= maxRows };
}

const nothing: Sweep = { appended: 0, isBehind: false };

/**
 * Sweeps, and again for as long as a sweep is behind: each time at the end of what `enqueue` has waiting by then, so that a log that is far behind
 * holds nothing up.
 */
export async function catchUp(
  enqueue: <T>(work: () => Promise<T>) => Promise<T>,
  sweep: () => Promise<boolean>,
): Promise<void> {
  for (let isBehind = true; isBehind; ) isBehind = await enqueue(sweep);
}
