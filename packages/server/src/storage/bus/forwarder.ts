/** Forwards events to an outer bus: each is durable here before it counts as published, and stays until it was carried. */

import { sql } from 'kysely';
import type { BaseLogger } from 'pino';
import type { Event } from '../bus.ts';
import type { Database } from '../database.ts';
import { startTurns } from '../turns.ts';
import type { CarriedEvent, OuterBus } from './outer-bus.ts';

/** What a forwarder works with. */
export interface ForwarderParts {
  readonly database: Database;
  readonly outer: OuterBus;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'warn'>;
}

/** Forwards events. */
export interface Forwarder {
  /** Notes an event, once however often it comes: a subscriber of the bus in memory. */
  take(event: Event): Promise<void>;
  /** Carries all that waits. Rejects while the bus is away. */
  drain(): Promise<void>;
  /** Whether the last attempt succeeded. */
  isWell(): boolean;
  /** Resolves when the batch under way is carried; the rest waits for the next start. */
  stop(): Promise<void>;
}

const pageSize = 500;
const pollMs = 1000;
const maxPauseMs = 30_000;
const keepMs = 7 * 24 * 3600 * 1000;
const pruneEveryMs = 3600 * 1000;

/** Starts forwarding what waits, in order, again and again with longer pauses while the bus is away. */
export function startForwarder(parts: ForwarderParts): Forwarder {
  const { database, now, log } = parts;
  let failures = 0;
  let prunedAt = Number.NEGATIVE_INFINITY;
  const turns = startTurns(async () => {
    try {
      await carryWaiting(parts);
      failures = 0;
      if (now() - prunedAt >= pruneEveryMs) {
        await pruneCarried(database, now() - keepMs);
        prunedAt = now();
      }
      return pollMs;
    } catch (err) {
      failures++;
      log.warn({ err, failures }, 'events for other processes wait: the bus did not take them');
      return Math.min(maxPauseMs, 250 * 2 ** Math.min(failures, 10));
    }
  });
  return {
    take: async (event) => {
      await noteEvent(database, event);
      turns.wake();
    },
    drain: () => carryWaiting(parts),
    isWell: () => failures === 0,
    stop: async () => {
      await turns.stop();
      await parts.outer.close();
    },
  };
}

/** One relay publishes, one event after the other: nobody else takes the next position meanwhile. */
async function noteEvent(database: Database, { id, at, ...event }: Event): Promise<void> {
  const { organisationId, topic, payload } = event;
  await database.query
    .insertInto('bus_event')
    .columns(['id', 'position', 'event', 'at', 'carried_at'])
    .values({
      ...{
        id,
        at,
        carried_at: null,
        event: JSON.stringify({ id, organisation_id: organisationId, topic, at, payload }),
      },
      position: sql<number>`(select coalesce(max(position), 0) + 1 from bus_event)`,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

async function carryWaiting({ database, outer, now }: ForwarderParts): Promise<void> {
  if ((await outer.open()) === 'lost') await forgetCarried(database);
  for (;;) {
    const events = await readWaiting(database);
    if (events.length === 0) return;
    await outer.carry(events);
    await markCarried(database, { from: events[0]?.position ?? 0, to: events.at(-1)?.position ?? 0, at: now() });
    if (events.length < pageSize) return;
  }
}

async function readWaiting(database: Database): Promise<CarriedEvent[]> {
  const rows = await database.query
    .selectFrom('bus_event')
    .selectAll()
    // The literal lets both engines use the index on what waits.
    .where(sql<boolean>`carried_at is null`)
    .orderBy('position')
    .limit(pageSize)
    .execute();
  return rows.map(({ id, position, event }) => {
    const document: Readonly<Record<string, unknown>> = JSON.parse(event);
    return { id, position, topic: String(document.topic), text: JSON.stringify({ position, ...document }) };
  });
}

async function markCarried(
  database: Database,
  { from, to, at }: { from: number; to: number; at: number },
): Promise<void> {
  await database.query
    .updateTable('bus_event')
    .set({ carried_at: at })
    .where('position', '>=', from)
    .where('position', '<=', to)
    .execute();
}

/** Everything that is kept goes out again: the bus has lost what it had. */
async function forgetCarried(database: Database): Promise<void> {
  await database.query.updateTable('bus_event').set({ carried_at: null }).execute();
}

/** The last one stays: the next position is taken from it. */
async function pruneCarried(database: Database, before: number): Promise<void> {
  await database.query
    .deleteFrom('bus_event')
    .where('carried_at', '<', before)
    .where('position', '<', (query) => query.selectFrom('bus_event').select(({ fn }) => fn.max('position').as('last')))
    .execute();
}

/** How many events wait to be carried, and since when the oldest one (Unix milliseconds). */
export async function measureWaiting(database: Database): Promise<{ count: number; oldest: number | undefined }> {
  const row = await database.query
    .selectFrom('bus_event')
    .select(({ fn }) => [fn.countAll().as('count'), fn.min('at').as('oldest')])
    .where(sql<boolean>`carried_at is null`)
    .executeTakeFirst();
  const oldest = row?.oldest ?? null;
  return { count: Number(row?.count ?? 0), oldest: oldest === null ? undefined : Number(oldest) };
}
