/** Sends again what was given up, and what an endpoint missed while it was off or not there yet. */
import type { Caller } from '../../../audit/audit.ts';
import { Refusal } from '../../../errors.ts';
import type { Database } from '../../../storage/database.ts';
import { createId } from '../../../storage/ids.ts';
import { recordEndpointAct, requireEndpoint } from '../endpoints/endpoint.ts';
import type { EndpointRow } from '../endpoints/store.ts';
import { messageOf, messageTopics, testType, writeMessage } from '../message.ts';
import { createDelivery, isWanted } from './record.ts';
import { type DeliveryRow, insertDeliveries, listPastEvents, restartDeliveries } from './store.ts';

/** What is replayed with. */
interface ReplayParts {
  readonly database: Database;
  readonly now: () => number;
}

const pageSize = 200;

/**
 * Sends again everything since `since` that was given up, everything that was taken, too, if `delivered`, and the events of the last seven days
 * that the endpoint wants and has not had. The messages keep their ids. Returns how many. Throws `not_found`, and `conflict` for an
 * endpoint that is off.
 */
export async function replaySince(
  { database, now }: ReplayParts,
  caller: Caller,
  { id, since, delivered }: { readonly id: string; readonly since: number; readonly delivered: boolean },
): Promise<number> {
  const states: DeliveryRow['state'][] = delivered ? ['dead', 'delivered'] : ['dead'];
  const { row, restarted } = await database.transaction(async (tx) => {
    const at = now();
    const found = await requireEnabled(tx, caller.organisationId, id);
    const count = await restartDeliveries(tx, id, { selection: { since, states }, now: at });
    const detail = { since: new Date(since).toISOString(), delivered };
    await recordEndpointAct(tx, caller, { row: found, action: 'webhook.replayed', at, detail });
    return { row: found, restarted: count };
  });
  return restarted + (await recordMissed({ database, now }, row, since));
}

/** Sends one delivery again. Throws `not_found`, and `conflict` when it waits to be sent anyway, or its endpoint is off. */
export async function replayOne(
  { database, now }: ReplayParts,
  caller: Caller,
  { id, delivery }: { readonly id: string; readonly delivery: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const row = await requireEnabled(tx, caller.organisationId, id);
    if ((await restartDeliveries(tx, id, { selection: { id: delivery }, now: at })) === 0) {
      const hint = `signpost webhook deliveries ${id}`;
      throw new Refusal('not_found', 'there is no such delivery that has ended', { rule: 'webhook-delivery', hint });
    }
    await recordEndpointAct(tx, caller, { row, action: 'webhook.replayed', at, detail: { delivery } });
  });
}

/** Sends a message of type `webhook.test`, whatever types the endpoint asks for; it is tried once. Returns its delivery. Throws as `replaySince`. */
export async function sendTest({ database, now }: ReplayParts, caller: Caller, id: string): Promise<DeliveryRow> {
  return database.transaction(async (tx) => {
    const at = now();
    const row = await requireEnabled(tx, caller.organisationId, id);
    const event = { id: createId(at), at };
    const delivery = createDelivery(row, { event, message: writeMessage(testType, { webhook: id }, at), at });
    await insertDeliveries(tx, [delivery]);
    await recordEndpointAct(tx, caller, { row, action: 'webhook.tested', at });
    return delivery;
  });
}

async function requireEnabled(tx: Parameters<typeof requireEndpoint>[0], organisationId: string, id: string) {
  const row = await requireEndpoint(tx, organisationId, id);
  if (row.state === 'enabled') return row;
  const hint = `signpost webhook enable ${id}`;
  throw new Refusal('conflict', 'this webhook is switched off', { rule: 'webhook-disabled', hint });
}

/** From the outbox, page by page: others write in between. */
async function recordMissed({ database, now }: ReplayParts, row: EndpointRow, since: number): Promise<number> {
  let recorded = 0;
  for (let after = firstIdAt(since); ; ) {
    const rows = await listPastEvents(database.query, {
      ...{ organisationId: row.organisation_id, topics: messageTopics, since, after, limit: pageSize },
    });
    const at = now();
    const deliveries = rows.flatMap(({ id, topic, payload, created_at }) => {
      const event = { id, topic, organisationId: row.organisation_id, payload: JSON.parse(payload), at: created_at };
      const message = messageOf(event);
      return message && isWanted(row, message) ? [createDelivery(row, { event, message, at })] : [];
    });
    recorded += await insertDeliveries(database.query, deliveries);
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return recorded;
    after = last.id;
  }
}

/** Before every UUIDv7 of that millisecond (RFC 9562, 5.7): ids may run ahead of the clock, and never behind. */
function firstIdAt(at: number): string {
  const hex = Math.max(0, at).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
