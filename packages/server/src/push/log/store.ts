/** The SQL of the log: epochs, channels with their heads, frames, and the events that wait. */
import type { Transaction } from 'kysely';
import type { Event } from '../../storage/bus.ts';
import type { Query } from '../../storage/database.ts';
import { insertRows } from '../../storage/row-inserts.ts';
import type { Schema } from '../../storage/schema.ts';
import type {
  PushChannelTable,
  PushEventTable,
  PushFrameTable,
  PushPublicationTable,
} from '../../storage/tables/push.ts';

/** Notes an event that becomes frames; one that was noted before is left as it is, framed or not. */
export async function noteEvent(query: Query, event: Event & { readonly organisationId: string }): Promise<void> {
  await query
    .insertInto('push_event')
    .values({
      id: event.id,
      organisation_id: event.organisationId,
      topic: event.topic,
      payload: JSON.stringify(event.payload),
      at: event.at,
      framed_at: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** The organisations with events that wait, and since when the oldest of each does. */
export async function listWaiting(query: Query): Promise<{ organisation_id: string; count: number; since: number }[]> {
  const rows = await query
    .selectFrom('push_event')
    .select(({ fn }) => [
      'organisation_id',
      fn.countAll<number | string>().as('count'),
      fn.min<number | string>('at').as('since'),
    ])
    .where('framed_at', 'is', null)
    .groupBy('organisation_id')
    .orderBy('organisation_id')
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count), since: Number(row.since) }));
}

/** The events of an organisation that wait, in the order of their ids. */
export async function listWaitingEvents(
  query: Query,
  organisationId: string,
  limit: number,
): Promise<PushEventTable[]> {
  return query
    .selectFrom('push_event')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('framed_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Notes that events have become frames. */
export async function markFramed(tx: Query, ids: readonly string[], now: number): Promise<void> {
  if (ids.length === 0) return;
  await tx.updateTable('push_event').set({ framed_at: now }).where('id', 'in', ids).execute();
}

/** The epoch of an organisation's log; undefined before its first frame or channel. */
export async function findEpoch(query: Query, organisationId: string): Promise<string | undefined> {
  const row = await query
    .selectFrom('push_log')
    .select('epoch')
    .where('organisation_id', '=', organisationId)
    .executeTakeFirst();
  return row?.epoch;
}

/** Begins the log of an organisation. Throws a unique violation when it has begun. */
export async function insertLog(
  tx: Query,
  row: { organisation_id: string; epoch: string; created_at: number },
): Promise<void> {
  await tx.insertInto('push_log').values(row).execute();
}

/** The channels of an organisation that have a row, removed ones too, each with the epoch of the log. */
export async function listChannels(
  query: Query,
  organisationId: string,
): Promise<(PushChannelTable & { epoch: string })[]> {
  return query
    .selectFrom('push_channel')
    .innerJoin('push_log', 'push_log.organisation_id', 'push_channel.organisation_id')
    .selectAll('push_channel')
    .select('push_log.epoch')
    .where('push_channel.organisation_id', '=', organisationId)
    .orderBy('push_channel.name')
    .execute();
}

/** Gives a channel its row. */
export async function insertChannel(tx: Query, row: PushChannelTable): Promise<void> {
  await tx.insertInto('push_channel').values(row).execute();
}

/** Changes the row of a channel. */
export async function updateChannel(
  tx: Query,
  { organisationId, name }: { organisationId: string; name: string },
  change: Partial<PushChannelTable>,
): Promise<void> {
  await tx
    .updateTable('push_channel')
    .set(change)
    .where('organisation_id', '=', organisationId)
    .where('name', '=', name)
    .execute();
}

/** Appends frames. */
export async function insertFrames(tx: Transaction<Schema>, rows: readonly PushFrameTable[]): Promise<void> {
  if (rows.length > 0) await insertRows(tx, 'push_frame', rows);
}

/** The frames of a channel after `after`, in order. */
export async function listFrames(
  query: Query,
  place: { organisationId: string; channel: string; after: number; limit: number },
): Promise<Pick<PushFrameTable, 'sequence' | 'type' | 'frame'>[]> {
  return query
    .selectFrom('push_frame')
    .select(['sequence', 'type', 'frame'])
    .where('organisation_id', '=', place.organisationId)
    .where('channel', '=', place.channel)
    .where('sequence', '>', place.after)
    .orderBy('sequence')
    .limit(place.limit)
    .execute();
}

/** What an idempotency key has published, if anything. */
export async function findPublication(
  query: Query,
  place: { organisationId: string; channel: string; keyDigest: string },
): Promise<PushPublicationTable | undefined> {
  return query
    .selectFrom('push_publication')
    .selectAll()
    .where('organisation_id', '=', place.organisationId)
    .where('channel', '=', place.channel)
    .where('key_digest', '=', place.keyDigest)
    .executeTakeFirst();
}

/** Notes what an idempotency key has published. */
export async function insertPublication(tx: Query, row: PushPublicationTable): Promise<void> {
  await tx.insertInto('push_publication').values(row).execute();
}

/** The organisations whose logs have begun. */
export async function listLogs(query: Query): Promise<string[]> {
  const rows = await query.selectFrom('push_log').select('organisation_id').orderBy('organisation_id').execute();
  return rows.map((row) => row.organisation_id);
}

/** Puts a log into another epoch. */
export async function updateEpoch(tx: Query, organisationId: string, epoch: string): Promise<void> {
  await tx.updateTable('push_log').set({ epoch }).where('organisation_id', '=', organisationId).execute();
}

/** Deletes every frame, and what idempotency keys have published. */
export async function deleteHistory(tx: Query): Promise<void> {
  await tx.deleteFrom('push_frame').execute();
  await tx.deleteFrom('push_publication').execute();
}

/** The last sequence of a channel that is older than `before`. */
export async function findLastBefore(
  query: Query,
  place: { organisationId: string; channel: string; before: number },
): Promise<number | undefined> {
  const row = await query
    .selectFrom('push_frame')
    .select('sequence')
    .where('organisation_id', '=', place.organisationId)
    .where('channel', '=', place.channel)
    .where('at', '<', place.before)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.sequence;
}

/** Deletes the frames of a channel up to `last`. */
export async function deleteFrames(
  tx: Query,
  place: { organisationId: string; channel: string; last: number },
): Promise<void> {
  await tx
    .deleteFrom('push_frame')
    .where('organisation_id', '=', place.organisationId)
    .where('channel', '=', place.channel)
    .where('sequence', '<=', place.last)
    .execute();
}

/**
 * Deletes events that were framed long ago, unless the outbox would publish them again, and those that have waited for so long that
 * their frames would be kept no more.
 */
export async function deleteOldEvents(
  query: Query,
  { framedBefore, waitingSince }: { framedBefore: number; waitingSince: number },
): Promise<void> {
  await query
    .deleteFrom('push_event')
    .where('framed_at', '<', framedBefore)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('outbox')
            .select('outbox.id')
            .whereRef('outbox.id', '=', 'push_event.id')
            .where('outbox.published_at', 'is', null),
        ),
      ),
    )
    .execute();
  await query.deleteFrom('push_event').where('framed_at', 'is', null).where('at', '<', waitingSince).execute();
}

/** Deletes what idempotency keys have published before `before`. */
export async function deleteOldPublications(query: Query, before: number): Promise<void> {
  await query.deleteFrom('push_publication').where('at', '<', before).execute();
}
