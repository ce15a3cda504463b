/** Notes for each endpoint what it is to be sent: durable before the event counts as taken, and once however often it comes. */
import type { Event } from '../../../storage/bus.ts';
import type { Database, Query } from '../../../storage/database.ts';
import { createId } from '../../../storage/ids.ts';
import type { PublishedDrafts } from '../../log/sequencer.ts';
import { type EndpointRow, listAskingForApps, listEndpoints } from '../endpoints/store.ts';
import { type Message, messageOf, writeMessage } from '../message.ts';
import { type DeliveryRow, insertDeliveries } from './store.ts';

/** What is noted with. */
interface RecordParts {
  readonly database: Database;
  readonly now: () => number;
}

/** Notes an event for the endpoints that want it. Returns how many deliveries are new. */
export async function recordDeliveries({ database, now }: RecordParts, event: Event): Promise<number> {
  const message = messageOf(event);
  if (!message || event.organisationId === null) return 0;
  const endpoints = (await listEndpoints(database.query, event.organisationId)).filter(
    (endpoint) => endpoint.state === 'enabled' && isWanted(endpoint, message),
  );
  const at = now();
  return insertDeliveries(
    database.query,
    endpoints.map((endpoint) => createDelivery(endpoint, { event, message, at })),
  );
}

/**
 * Notes what applications publish for the endpoints that name its type, in the transaction that publishes it. Whoever asks for all
 * types means those of the server. Returns how many deliveries are new.
 */
export async function recordPublished(tx: Query, { organisationId, drafts, at }: PublishedDrafts): Promise<number> {
  const endpoints = await listAskingForApps(tx, organisationId);
  if (endpoints.length === 0) return 0;
  const rows = drafts.flatMap(({ type, data = {}, since }) => {
    const event = { id: createId(at), at: since };
    const message = writeMessage(type, data, since);
    return endpoints
      .filter((endpoint) => isWanted(endpoint, message))
      .map((endpoint) => createDelivery(endpoint, { event, message, at }));
  });
  return insertDeliveries(tx, rows);
}

/** Whether an endpoint asks for such messages. */
export function isWanted({ types, project }: EndpointRow, message: Message): boolean {
  const wanted: readonly string[] = JSON.parse(types);
  return (wanted.length === 0 || wanted.includes(message.type)) && (project === null || project === message.project);
}

/** A delivery that waits to be sent at once. */
export function createDelivery(
  { id }: Pick<EndpointRow, 'id'>,
  { event, message, at }: { event: Pick<Event, 'id' | 'at'>; message: Message; at: number },
): DeliveryRow {
  return {
    ...{ id: createId(at), endpoint_id: id, event_id: event.id, type: message.type, body: message.body },
    ...{ event_at: event.at, state: 'waiting', attempts: 0, first_attempt_at: null, next_attempt_at: at },
    ...{ lease_until: null, last_status: null, last_error: null, ended_at: null },
  };
}
