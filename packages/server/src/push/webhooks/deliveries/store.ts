/** SQL of deliveries. What must not race stands in each `where`: an attempt holds its row by the attempt's number. */
import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { WebhookDeliveryTable } from '../../../storage/tables/webhooks.ts';
import type { EndpointRow } from '../endpoints/store.ts';

/** A stored delivery. */
export type DeliveryRow = Selectable<WebhookDeliveryTable>;

/** Adds deliveries, passing over events that their endpoints have one for. Returns how many are new. */
export async function insertDeliveries(query: Query, rows: readonly DeliveryRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const added = await query
    .insertInto('webhook_delivery')
    .values([...rows])
    .onConflict((conflict) => conflict.columns(['endpoint_id', 'event_id']).doNothing())
    .executeTakeFirst();
  return Number(added.numInsertedOrUpdatedRows ?? 0);
}

/** The endpoints that are on and have something to be sent at `now`. */
export async function listDueEndpoints(query: Query, now: number): Promise<EndpointRow[]> {
  return query
    .selectFrom('webhook_endpoint')
    .selectAll()
    .where('state', '=', 'enabled')
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('webhook_delivery')
          .select('webhook_delivery.id')
          .whereRef('webhook_delivery.endpoint_id', '=', 'webhook_endpoint.id')
          .where((row) => isDue(row, now)),
      ),
    )
    .execute();
}

/** Takes up to `limit` deliveries that are due, those that have waited longest. */
export async function claimDeliveries(
  query: Query,
  { endpointId, limit, now, leaseUntil }: { endpointId: string; limit: number; now: number; leaseUntil: number },
): Promise<DeliveryRow[]> {
  return (
    query
      .updateTable('webhook_delivery')
      .set(({ fn, ref, val }) => ({
        attempts: sql<number>`attempts + 1`,
        lease_until: leaseUntil,
        first_attempt_at: fn.coalesce(ref('first_attempt_at'), val(now)),
      }))
      .where('id', 'in', (rows) =>
        rows
          .selectFrom('webhook_delivery')
          .select('id')
          .where('endpoint_id', '=', endpointId)
          .where((row) => isDue(row, now))
          .orderBy('next_attempt_at')
          .orderBy('id')
          .limit(limit),
      )
      // Once more for the row itself: PostgreSQL looks again at a row that was taken in the meantime.
      .where((row) => isDue(row, now))
      .returningAll()
      .execute()
  );
}

function isDue(row: ExpressionBuilder<Schema, 'webhook_delivery'>, now: number) {
  return row.and([
    // The literal lets both engines use the index on what waits.
    sql<boolean>`webhook_delivery.state = 'waiting'`,
    row('webhook_delivery.next_attempt_at', '<=', now),
    row.or([row('webhook_delivery.lease_until', 'is', null), row('webhook_delivery.lease_until', '<', now)]),
  ]);
}

/** Writes the end of an attempt, and lets go of the row; false when another one has taken it, or it is gone. */
export async function settleAttempt(
  query: Query,
  { id, attempts }: Pick<DeliveryRow, 'id' | 'attempts'>,
  change: Partial<DeliveryRow>,
): Promise<boolean> {
  const result = await query
    .updateTable('webhook_delivery')
    .set({ ...change, lease_until: null })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('lease_until', 'is not', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Lets go of every delivery that is held. For the start: there is one server to a database, so nobody holds them any more. */
export async function releaseDeliveries(query: Query): Promise<void> {
  await query
    .updateTable('webhook_delivery')
    .set({ lease_until: null })
    // The literal lets both engines use the index on what waits.
    .where(sql<boolean>`state = 'waiting'`)
    .where('lease_until', 'is not', null)
    .execute();
}

/** Notes that an endpoint took something; only writes when it had failed before. */
export async function clearFailure(query: Query, endpointId: string): Promise<void> {
  await query
    .updateTable('webhook_endpoint')
    .set({ failing_since: null })
    .where('id', '=', endpointId)
    .where('failing_since', 'is not', null)
    .execute();
}

/** Which deliveries of an endpoint to list. */
interface DeliveryFilter {
  readonly endpointId: string;
  readonly state?: DeliveryRow['state'] | undefined;
  /** The id of the last one already seen. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** One page of deliveries, newest first. */
export async function listDeliveries(query: Query, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  return query
    .selectFrom('webhook_delivery')
    .selectAll()
    .where('endpoint_id', '=', filter.endpointId)
    .$if(filter.state !== undefined, (rows) => rows.where('state', '=', filter.state ?? 'waiting'))
    .$if(filter.before !== undefined, (rows) => rows.where('id', '<', filter.before ?? ''))
    .orderBy('id', 'desc')
    .limit(filter.limit)
    .execute();
}

/** Which ended deliveries of an endpoint go out again. */
type Selection = { readonly id: string } | { readonly since: number; readonly states: readonly DeliveryRow['state'][] };

/** Lets ended deliveries begin anew. Returns how many. */
export async function restartDeliveries(
  query: Query,
  endpointId: string,
  { selection, now }: { readonly selection: Selection; readonly now: number },
): Promise<number> {
  const result = await query
    .updateTable('webhook_delivery')
    .set({ state: 'waiting', attempts: 0, first_attempt_at: null, next_attempt_at: now, ended_at: null })
    .where('endpoint_id', '=', endpointId)
    .where('state', '<>', 'waiting')
    .$call((rows) =>
      'id' in selection
        ? rows.where('id', '=', selection.id)
        : rows.where('event_at', '>=', selection.since).where('state', 'in', selection.states),
    )
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** Removes deliveries of events before `before`, whatever became of them, and keys that ended before `now`. */
export async function pruneDeliveries(query: Query, { before, now }: { before: number; now: number }): Promise<void> {
  await query.deleteFrom('webhook_delivery').where('event_at', '<', before).execute();
  await query.deleteFrom('webhook_key').where('ends_at', '<', now).execute();
}

/** How an endpoint stands, in numbers. */
export interface Backlog {
  readonly endpoint_id: string;
  readonly waiting: number;
  readonly dead: number;
  /** The time of the oldest event that waits. */
  readonly oldest: number | null;
}

/** How the endpoints stand that have deliveries waiting or given up. */
export async function listBacklogs(query: Query): Promise<Backlog[]> {
  const rows = await query
    .selectFrom('webhook_delivery')
    .select(({ fn }) => [
      'endpoint_id',
      fn.sum<number | string>(sql`case when state = 'waiting' then 1 else 0 end`).as('waiting'),
      fn.sum<number | string>(sql`case when state = 'dead' then 1 else 0 end`).as('dead'),
      fn.min<number | string | null>(sql`case when state = 'waiting' then event_at end`).as('oldest'),
    ])
    .where(sql<boolean>`state in ('waiting', 'dead')`)
    .groupBy('endpoint_id')
    .execute();
  return rows.map(({ endpoint_id, waiting, dead, oldest }) => ({
    ...{ endpoint_id, waiting: Number(waiting), dead: Number(dead) },
    oldest: oldest === null ? null : Number(oldest),
  }));
}

/** Which of an organisation's events to list. */
interface PastEvents {
  readonly organisationId: string;
  readonly topics: readonly string[];
  /** Unix milliseconds. */
  readonly since: number;
  /** The id of the last one already seen. */
  readonly after: string;
  readonly limit: number;
}

/** One page of events as the outbox still has them, oldest first. */
export async function listPastEvents(query: Query, past: PastEvents) {
  return query
    .selectFrom('outbox')
    .selectAll()
    .where('organisation_id', '=', past.organisationId)
    .where('topic', 'in', [...past.topics])
    .where('created_at', '>=', past.since)
    .where('id', '>', past.after)
    .orderBy('id')
    .limit(past.limit)
    .execute();
}
