/** How webhooks, their keys and their deliveries look over HTTP. */
import { slugPattern } from '@signpost/protocol/updates/names';
import { z } from 'zod';
import { formatTime, timeSchema } from '../../http/router.ts';
import { textSchema } from '../../http/text-schema.ts';
import type { Database } from '../../storage/database.ts';
import type { DeliveryRow } from './deliveries/store.ts';
import type { ShownKey } from './endpoints/keys.ts';
import { type EndpointRow, type KeyRow, listKeys } from './endpoints/store.ts';
import { isMessageType, messageTypes } from './message.ts';
import { formatPublicKey } from './signature.ts';

/** How messages are signed. */
export const algorithmSchema = z.enum(['hmac-sha256', 'ed25519']);
/** Types of messages; all of the server's own when it is empty. */
export const typesSchema = z
  .array(z.string().refine(isMessageType, `expected app.<name>, or one of ${messageTypes.join(', ')}`))
  .max(64);

/** A webhook. */
export const webhookSchema = z.object({
  id: z.uuid(),
  url: z.string(),
  description: z.string(),
  types: z.array(z.string()).describe('All of the server itself when it is empty; those of applications are named.'),
  project: z.string().nullable(),
  state: z.enum(['enabled', 'disabled']),
  disabled_because: z.enum(['asked', 'gone', 'failing']).nullable(),
  failing_since: timeSchema.nullable(),
  keys: z.array(
    z.object({
      algorithm: algorithmSchema,
      public_key: z.string().nullable(),
      created_at: timeSchema,
      ends_at: timeSchema.nullable(),
    }),
  ),
  created_by: z.uuid().nullable(),
  created_at: timeSchema,
});

/** A new key. */
export const shownKeySchema = z.object({
  secret: z.string().optional().describe('Of hmac-sha256; it is shown only here.'),
  public_key: z.string().optional().describe('Of ed25519.'),
});

/** A delivery. */
export const deliverySchema = z.object({
  id: z.uuid(),
  event_id: z.uuid(),
  type: z.string(),
  state: z.enum(['waiting', 'delivered', 'dead']),
  attempts: z.int(),
  event_at: timeSchema,
  next_attempt_at: timeSchema.nullable(),
  ended_at: timeSchema.nullable(),
  last_status: z.int().nullable(),
  last_error: z.string().nullable(),
});

/** What a webhook is to be. */
export const wishSchema = z.strictObject({
  url: z.string().min(1).max(2048),
  description: textSchema(200).default(''),
  types: typesSchema.default([]),
  project: z.string().regex(slugPattern, 'expected a slug').optional(),
});

/** A webhook, with its keys in force. */
export async function describeWebhook(
  { database, now }: { readonly database: Database; readonly now: () => number },
  row: EndpointRow,
): Promise<z.infer<typeof webhookSchema>> {
  const keys = await listKeys(database.query, row.id, now());
  return {
    ...{ id: row.id, url: row.url, description: row.description, types: JSON.parse(row.types), project: row.project },
    ...{ state: row.state, disabled_because: row.disabled_because, failing_since: formatMaybe(row.failing_since) },
    ...{ keys: keys.map(describeStoredKey), created_by: row.created_by, created_at: formatTime(row.created_at) },
  };
}

function describeStoredKey({ algorithm, public_key, created_at, ends_at }: KeyRow) {
  return {
    ...{ algorithm, public_key: public_key === null ? null : formatPublicKey(public_key) },
    ...{ created_at: formatTime(created_at), ends_at: formatMaybe(ends_at) },
  };
}

/** A key for the one time that it is shown. */
export function describeKey(key: ShownKey): z.infer<typeof shownKeySchema> {
  return 'secret' in key ? { secret: key.secret } : { public_key: key.publicKey };
}

/** A delivery, without what is posted. */
export function describeDelivery(row: DeliveryRow): z.infer<typeof deliverySchema> {
  return {
    ...{ id: row.id, event_id: row.event_id, type: row.type, state: row.state, attempts: row.attempts },
    ...{ event_at: formatTime(row.event_at), next_attempt_at: formatMaybe(row.next_attempt_at) },
    ...{ ended_at: formatMaybe(row.ended_at), last_status: row.last_status, last_error: row.last_error },
  };
}

function formatMaybe(at: number | null): string | null {
  return at === null ? null : formatTime(at);
}
