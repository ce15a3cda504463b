/** The outbox: an event is recorded in the transaction that causes it, so it is published if and only if that commits. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import type { Bus, Event } from './bus.ts';
import type { Database, Query } from './database.ts';
import type { OutboxTable } from './schema.ts';
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
  await transaction.insertInto('outbox').values(rows).execute();
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
/** Between two pages that are not full: noting each event as published by itself would cost a commit each. */
const gatherMs = 25;
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
  for (;;) {
    const rows = await readWaiting(parts.database);
    if (rows.length === 0) return;
    await publishPage(parts, rows, isStopped);
    if (rows.length < pageSize && !isStopped()) await sleep(gatherMs);
    if (isStopped()) return;
  }
}

async function publishPage(parts: RelayParts, rows: OutboxTable[], isStopped: () => boolean): Promise<void> {
  const published: string[] = [];
  try {
    for (const row of rows) {
      if (isStopped()) break;
      await parts.bus.publish(parseRow(row));
      published.push(row.id);
    }
  } finally {
    if (published.length > 0) await markPublished(parts, published);
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

async function readWaiting(database: Database): Promise<OutboxTable[]> {
  return database.query
    .selectFrom('outbox')
    .selectAll()
    .where('published_at', 'is', null)
    .orderBy('id')
    .limit(pageSize)
    .execute();
}

async function markPublished(parts: RelayParts, ids: readonly string[]): Promise<void> {
  await parts.database.query
    .updateTable('outbox')
    .set({ published_at: parts.now() })
    .where('id', 'in', ids)
    .where('published_at', 'is', null)
    .execute();
}

async function pruneOutbox(database: Database, before: number): Promise<void> {
  await database.query.deleteFrom('outbox').where('published_at', '<', before).execute();
}
