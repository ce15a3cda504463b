/** SQL of endpoints and their keys. */
import { type Selectable, sql } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import type { WebhookEndpointTable, WebhookKeyTable } from '../../../storage/tables/webhooks.ts';

/** A stored endpoint. */
export type EndpointRow = Selectable<WebhookEndpointTable>;
/** A stored key of one. */
export type KeyRow = Selectable<WebhookKeyTable>;

/** Adds an endpoint. */
export async function insertEndpoint(query: Query, row: EndpointRow): Promise<void> {
  await query.insertInto('webhook_endpoint').values(row).execute();
}

/** The endpoint of an organisation, or undefined. */
export async function findEndpoint(
  query: Query,
  { organisationId, id }: { readonly organisationId: string; readonly id: string },
): Promise<EndpointRow | undefined> {
  return query
    .selectFrom('webhook_endpoint')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The endpoints of an organisation, or of all, oldest first. */
export async function listEndpoints(query: Query, organisationId?: string): Promise<EndpointRow[]> {
  return query
    .selectFrom('webhook_endpoint')
    .selectAll()
    .$if(organisationId !== undefined, (rows) => rows.where('organisation_id', '=', organisationId ?? ''))
    .orderBy('id')
    .execute();
}

/** The endpoints of an organisation that are on and name types of applications. */
export async function listAskingForApps(query: Query, organisationId: string): Promise<EndpointRow[]> {
  return (
    query
      .selectFrom('webhook_endpoint')
      .selectAll()
      .where('organisation_id', '=', organisationId)
      .where('state', '=', 'enabled')
      // A list of types, as JSON. For a pattern that is a parameter SQLite prepares the statement again each time.
      .where('types', 'like', sql.lit('%"app.%'))
      .execute()
  );
}

/** Changes an endpoint. */
export async function updateEndpoint(query: Query, id: string, change: Partial<EndpointRow>): Promise<void> {
  await query.updateTable('webhook_endpoint').set(change).where('id', '=', id).execute();
}

/** Notes that an attempt failed, unless one before it has; the first one since the last that was taken. */
export async function noteFailure(query: Query, id: string, at: number): Promise<number | undefined> {
  const row = await query
    .updateTable('webhook_endpoint')
    .set(({ fn, ref, val }) => ({ failing_since: fn.coalesce(ref('failing_since'), val(at)) }))
    .where('id', '=', id)
    .returning('failing_since')
    .executeTakeFirst();
  return row?.failing_since ?? undefined;
}

/** Switches an endpoint off; undefined when it is off, or gone. */
export async function disableEnabled(
  query: Query,
  id: string,
  because: NonNullable<EndpointRow['disabled_because']>,
): Promise<EndpointRow | undefined> {
  return query
    .updateTable('webhook_endpoint')
    .set({ state: 'disabled', disabled_because: because })
    .where('id', '=', id)
    .where('state', '=', 'enabled')
    .returningAll()
    .executeTakeFirst();
}

/** Removes an endpoint with its keys and everything that was or was to be delivered. */
export async function deleteEndpoint(query: Query, id: string): Promise<void> {
  await query.deleteFrom('webhook_delivery').where('endpoint_id', '=', id).execute();
  await query.deleteFrom('webhook_key').where('endpoint_id', '=', id).execute();
  await query.deleteFrom('webhook_endpoint').where('id', '=', id).execute();
}

/** Adds a key. */
export async function insertKey(query: Query, row: KeyRow): Promise<void> {
  await query.insertInto('webhook_key').values(row).execute();
}

/** The keys of an endpoint that are in force at `now`, newest first. */
export async function listKeys(query: Query, endpointId: string, now: number): Promise<KeyRow[]> {
  return query
    .selectFrom('webhook_key')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .where((key) => key.or([key('ends_at', 'is', null), key('ends_at', '>', now)]))
    .orderBy('id', 'desc')
    .execute();
}

/** Lets the current key of an endpoint end at `endsAt`. */
export async function endCurrentKey(query: Query, endpointId: string, endsAt: number): Promise<void> {
  await query
    .updateTable('webhook_key')
    .set({ ends_at: endsAt })
    .where('endpoint_id', '=', endpointId)
    .where('ends_at', 'is', null)
    .execute();
}

/** Removes keys of an endpoint other than `kept`. */
export async function deleteOtherKeys(query: Query, endpointId: string, kept: readonly string[]): Promise<void> {
  await query.deleteFrom('webhook_key').where('endpoint_id', '=', endpointId).where('id', 'not in', kept).execute();
}

/** How many keys are sealed. */
export async function countSealedWebhookKeys(query: Query): Promise<number> {
  const row = await query
    .selectFrom('webhook_key')
    .select(({ fn }) => fn.countAll().as('n'))
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}
