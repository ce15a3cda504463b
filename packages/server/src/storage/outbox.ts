/** The outbox: an event is recorded in the transaction that causes it, so it is published if and only if that commits. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import type { Bus, Event } from './bus.ts';
import type { Database, Query } from './database.ts';
import { insertRows } from './row-inserts.ts';
import type { OutboxTable } from './tables/platform.ts';
import { createQueue, startTurns } from './turns.ts';

/** Records `event` to be published once `transaction` has committed. */
export async function recordEvent(transaction: Query, event: Event): Promise<void> {
  await recordEvents(transaction, [event]);
}

/** Records several, in the order of their ids. */
export async function recordEvents(transaction: Query, events: readonly Event[]): Promise<void> {
  const rows = events.map((event) => ({
    id: event.id,
    organisation_id: event.organisationId,
    topic: event.topic,
    payload: JSON.stringify(event.payload),
    created_at: event.at,
    published_at: null,
  }));
  await insertRows(transaction, 'outbox', rows);
}

/** Carries recorded events to the bus. */
export interface Relay {
  /** Looks at once; call it after a transaction that recorded events. */
  wake(): void;
  /** Publishes all that waits. Rejects when the bus did not take an event. */
  drain(): Promise<void>;
  /** Resolves when the event under way is published; the others wait for the next start. */
  stop(): Promise<void>;
}

/** What a relay works with. */
export interface RelayParts {
  readonly database: Database;
  readonly bus: Bus;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'warn'>;
}

const pageSize = 100;
const pollMs = 1000;
/** Between two pages that are not full: reading each event by itself would cost more than publishing it. */
const gatherMs = 25;
/** Noting what was published costs a commit, which others wait for: under load one is for many pages. */
const noteEveryMs = 1000;
const noteLimit = 1024;
/** Ids in one statement: few texts, so that each is prepared once. */
const noteSizes = [1, 16, 128] as const;
const keepMs = 7 * 24 * 3600 * 1000;
const pruneEveryMs = 3600 * 1000;

/**
 * Starts publishing, in the order of ids, each event at least once: what was published before a crash could be noted
 * is published again. An event that the bus does not take is tried again, after longer and longer pauses, before any
 * other. Rows are kept for 7 days.
 */
export function startRelay(parts: RelayParts): Relay {
  const { now, log } = parts;
  const enqueue = createQueue();
  let stopped = false;
  let failures = 0;
  let prunedAt = Number.NEGATIVE_INFINITY;
  const publish = () => enqueue(() => publishWaiting(parts, () => stopped));
  const turns = startTurns(async () => {
    try {
      await publish();
      failures = 0;
      if (now() - prunedAt >= pruneEveryMs) {
        await pruneOutbox(parts.database, now() - keepMs);
        prunedAt = now();
      }
      return pollMs;
    } catch (err) {
      failures++;
      log.warn({ err, failures }, 'events wait: publishing failed');
      return pauseAfter(failures);
    }
  });
  return {
    wake: () => turns.wake(),
    drain: publish,
    stop: () => {
      stopped = true;
      return turns.stop();
    },
  };
}

function pauseAfter(failures: number): number {
  return Math.min(60_000, 250 * 2 ** Math.min(failures, 10));
}

async function publishWaiting(parts: RelayParts, isStopped: () => boolean): Promise<void> {
  const published: string[] = [];
  let notedAt = performance.now();
  const note = async () => {
    if (published.length > 0) await markPublished(parts, published.splice(0));
    notedAt = performance.now();
  };
  try {
    for (;;) {
      // Having noted, from the beginning again: on PostgreSQL an earlier id may be committed later.
      const rows = await readWaiting(parts.database, published.at(-1) ?? '');
      if (rows.length === 0 && published.length === 0) return;
      // Nobody is told of what a power cut could still undo.
      await parts.database.settle();
      for (const row of rows) {
        if (isStopped()) return;
        await parts.bus.publish(parseRow(row));
        published.push(row.id);
      }
      const isDue = performance.now() - notedAt >= noteEveryMs || published.length >= noteLimit;
      if (rows.length === 0 || isDue) await note();
      if (rows.length > 0 && rows.length < pageSize && !isStopped()) await sleep(gatherMs);
    }
  } finally {
    await note();
  }
}

function parseRow(row: OutboxTable): Event {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    topic: row.topic,
    payload: JSON.parse(row.payload),
    at: row.created_at,
  };
}

async function readWaiting(database: Database, after: string): Promise<OutboxTable[]> {
  return database.query
    .selectFrom('outbox')
    .selectAll()
    .where('published_at', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(pageSize)
    .execute();
}

async function markPublished({ database, now }: RelayParts, ids: readonly string[]): Promise<void> {
  const at = now();
  await database.transaction(async (transaction) => {
    for (const part of splitIds(ids)) {
      await transaction
        .updateTable('outbox')
        .set({ published_at: at })
        .where('id', 'in', part)
        .where('published_at', 'is', null)
        .execute();
    }
  });
}

/** In parts of `noteSizes`; the last one is filled up with its last id. */
function* splitIds(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; ) {
    const left = ids.length - at;
    const size = noteSizes.find((one) => one >= left) ?? 128;
    yield Array.from({ length: size }, (_, index) => ids[Math.min(at + index, ids.length - 1)] ?? '');
    at += size;
  }
}

async function pruneOutbox(database: Database, before: number): Promise<void> {
  await database.query.deleteFrom('outbox').where('published_at', '<', before).execute();
}
