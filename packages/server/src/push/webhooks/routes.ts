/** HTTP of webhooks. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { slugPattern } from '@signpost/protocol/updates/names';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { textSchema } from '../../http/text-schema.ts';
import { replayOne, replaySince, sendTest } from './deliveries/replay.ts';
import { type DeliveryRow, listDeliveries } from './deliveries/store.ts';
import {
  changeEndpoint,
  createEndpoint,
  type EndpointParts,
  removeEndpoint,
  requireEndpoint,
  rotateEndpointKey,
  switchEndpoint,
} from './endpoints/endpoint.ts';
import type { ShownKey } from './endpoints/keys.ts';
import { type EndpointRow, type KeyRow, listEndpoints, listKeys } from './endpoints/store.ts';
import { messageTypes } from './message.ts';
import { formatPublicKey } from './signature.ts';

/** What the routes work with. */
export interface WebhookRouteParts extends EndpointParts {
  /** Has what waits be sent. */
  readonly wake: () => void;
}

const algorithmSchema = z.enum(['hmac-sha256', 'ed25519']);
const typesSchema = z
  .array(z.string().refine((type) => messageTypes.includes(type), `expected one of ${messageTypes.join(', ')}`))
  .max(messageTypes.length)
  .openapi({ example: ['release.activated', 'key.revoked'] });

const webhookSchema = z
  .object({
    id: z.uuid(),
    url: z.string(),
    description: z.string(),
    types: z.array(z.string()).openapi({ description: 'All when it is empty.' }),
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
  })
  .openapi('Webhook');

const shownKeySchema = z.object({
  secret: z.string().optional().openapi({ description: 'Of hmac-sha256; it is shown only here.' }),
  public_key: z.string().optional().openapi({ description: 'Of ed25519.' }),
});

const deliverySchema = z
  .object({
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
  })
  .openapi('WebhookDelivery');

const wishSchema = z.strictObject({
  url: z.string().min(1).max(2048),
  description: textSchema(200).default(''),
  types: typesSchema.default([]),
  project: z.string().regex(slugPattern, 'expected a slug').optional(),
});

const tags = ['webhooks'];
const path = '/api/webhooks';
const idSchema = z.object({ id: z.uuid() });

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'Where events are posted',
  responses: { 200: jsonAnswer('Oldest first.', z.object({ webhooks: z.array(webhookSchema) })) },
});

const createEndpointRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Have events posted to an address, signed as Standard Webhooks says',
  request: { body: jsonBody(wishSchema.extend({ algorithm: algorithmSchema.default('hmac-sha256') })) },
  responses: {
    201: jsonAnswer('The webhook, with its secret or public key.', webhookSchema.extend(shownKeySchema.shape)),
  },
});

const showRoute = createRoute({
  method: 'get',
  path: `${path}/{id}`,
  tags,
  summary: 'One webhook',
  request: { params: idSchema },
  responses: { 200: jsonAnswer('The webhook.', webhookSchema) },
});

const changeRoute = createRoute({
  method: 'patch',
  path: `${path}/{id}`,
  tags,
  summary: 'Change where a webhook posts, or what',
  request: {
    params: idSchema,
    body: jsonBody(
      z.strictObject({
        url: wishSchema.shape.url.optional(),
        description: textSchema(200).optional(),
        types: typesSchema.optional(),
        project: z.string().regex(slugPattern, 'expected a slug').nullable().optional(),
      }),
    ),
  },
  responses: { 200: jsonAnswer('The webhook.', webhookSchema) },
});

const removeRoute = createRoute({
  method: 'delete',
  path: `${path}/{id}`,
  tags,
  summary: 'Remove a webhook, its keys and its deliveries',
  request: { params: idSchema },
  responses: { 204: { description: 'Done.' } },
});

const enableRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/enable`,
  tags,
  summary: 'Switch a webhook on; what waits goes out',
  request: { params: idSchema },
  responses: { 200: jsonAnswer('The webhook.', webhookSchema) },
});

const disableRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/disable`,
  tags,
  summary: 'Switch a webhook off',
  request: { params: idSchema },
  responses: { 200: jsonAnswer('The webhook.', webhookSchema) },
});

const rotateRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/rotate`,
  tags,
  summary: 'Exchange the key of a webhook; the one before signs beside it for a while',
  request: {
    params: idSchema,
    body: jsonBody(z.strictObject({ overlap_hours: z.int().min(0).max(720).optional() })),
  },
  responses: {
    200: jsonAnswer('The new secret or public key.', shownKeySchema.extend({ overlap_ends_at: timeSchema })),
  },
});

const testRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/test`,
  tags,
  summary: 'Post a message of type webhook.test, once',
  request: { params: idSchema },
  responses: { 202: jsonAnswer('The delivery, which is under way.', deliverySchema) },
});

const deliveriesRoute = createRoute({
  method: 'get',
  path: `${path}/{id}/deliveries`,
  tags,
  summary: 'What was posted, waits, or was given up; kept for 30 days',
  request: {
    params: idSchema,
    query: z.strictObject({
      state: deliverySchema.shape.state.optional(),
      before: z.uuid().optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: { 200: jsonAnswer('Newest first.', z.object({ deliveries: z.array(deliverySchema) })) },
});

const replayOneRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/deliveries/{delivery}/replay`,
  tags,
  summary: 'Post one delivery again',
  request: { params: idSchema.extend({ delivery: z.uuid() }) },
  responses: { 202: jsonAnswer('It is under way.', z.object({ replayed: z.literal(1) })) },
});

const replayRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/replay`,
  tags,
  summary: 'Post again what was given up since a time, and what the webhook missed in the last seven days',
  request: {
    params: idSchema,
    body: jsonBody(z.strictObject({ since: timeSchema, delivered: z.boolean().default(false) })),
  },
  responses: { 202: jsonAnswer('How many are under way.', z.object({ replayed: z.int() })) },
});

/** The routes of webhooks. */
export function webhookRoutes(parts: WebhookRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addEndpointRoutes(router, parts);
  addSwitchRoutes(router, parts);
  addDeliveryRoutes(router, parts);
  return router;
}

function addEndpointRoutes(router: OpenAPIHono<AppEnv>, parts: WebhookRouteParts): void {
  const { database } = parts;
  router.openapi(listRoute, async (c) => {
    const rows = await listEndpoints(database.query, c.var.organisation.id);
    return c.json({ webhooks: await Promise.all(rows.map((row) => describe(parts, row))) }, 200);
  });
  router.openapi(createEndpointRoute, async (c) => {
    const wish = c.req.valid('json');
    const { row, key } = await createEndpoint(parts, callerOf(c.var), { ...wish, project: wish.project });
    c.header('Cache-Control', 'no-store');
    return c.json({ ...(await describe(parts, row)), ...describeKey(key) }, 201);
  });
  router.openapi(showRoute, async (c) => {
    const row = await requireEndpoint(database.query, c.var.organisation.id, c.req.valid('param').id);
    return c.json(await describe(parts, row), 200);
  });
  router.openapi(changeRoute, async (c) => {
    const { url, description, types, project } = c.req.valid('json');
    const wish = {
      ...(url !== undefined && { url }),
      ...(description !== undefined && { description }),
      ...(types !== undefined && { types }),
      ...(project !== undefined && { project }),
    };
    const row = await changeEndpoint(parts, callerOf(c.var), { id: c.req.valid('param').id, wish });
    return c.json(await describe(parts, row), 200);
  });
  router.openapi(removeRoute, async (c) => {
    await removeEndpoint(parts, callerOf(c.var), c.req.valid('param').id);
    return c.body(null, 204);
  });
}

function addSwitchRoutes(router: OpenAPIHono<AppEnv>, parts: WebhookRouteParts): void {
  router.openapi(enableRoute, async (c) => {
    const { id } = c.req.valid('param');
    const row = await switchEndpoint(parts, callerOf(c.var), { id, state: 'enabled' });
    parts.wake();
    return c.json(await describe(parts, row), 200);
  });
  router.openapi(disableRoute, async (c) => {
    const { id } = c.req.valid('param');
    const row = await switchEndpoint(parts, callerOf(c.var), { id, state: 'disabled' });
    return c.json(await describe(parts, row), 200);
  });
  router.openapi(rotateRoute, async (c) => {
    const wish = { id: c.req.valid('param').id, overlapHours: c.req.valid('json').overlap_hours };
    const { key, overlapEndsAt } = await rotateEndpointKey(parts, callerOf(c.var), wish);
    c.header('Cache-Control', 'no-store');
    return c.json({ ...describeKey(key), overlap_ends_at: formatTime(overlapEndsAt) }, 200);
  });
}

function addDeliveryRoutes(router: OpenAPIHono<AppEnv>, parts: WebhookRouteParts): void {
  const { database } = parts;
  router.openapi(testRoute, async (c) => {
    const delivery = await sendTest(parts, callerOf(c.var), c.req.valid('param').id);
    parts.wake();
    return c.json(describeDelivery(delivery), 202);
  });
  router.openapi(deliveriesRoute, async (c) => {
    const { id } = await requireEndpoint(database.query, c.var.organisation.id, c.req.valid('param').id);
    const rows = await listDeliveries(database.query, { ...c.req.valid('query'), endpointId: id });
    return c.json({ deliveries: rows.map(describeDelivery) }, 200);
  });
  router.openapi(replayOneRoute, async (c) => {
    await replayOne(parts, callerOf(c.var), c.req.valid('param'));
    parts.wake();
    return c.json({ replayed: 1 as const }, 202);
  });
  router.openapi(replayRoute, async (c) => {
    const { since, delivered } = c.req.valid('json');
    const wish = { id: c.req.valid('param').id, since: Date.parse(since), delivered };
    const replayed = await replaySince(parts, callerOf(c.var), wish);
    parts.wake();
    return c.json({ replayed }, 202);
  });
}

async function describe(
  { database, now }: WebhookRouteParts,
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

function describeKey(key: ShownKey): z.infer<typeof shownKeySchema> {
  return 'secret' in key ? { secret: key.secret } : { public_key: key.publicKey };
}

function describeDelivery(row: DeliveryRow): z.infer<typeof deliverySchema> {
  return {
    ...{ id: row.id, event_id: row.event_id, type: row.type, state: row.state, attempts: row.attempts },
    ...{ event_at: formatTime(row.event_at), next_attempt_at: formatMaybe(row.next_attempt_at) },
    ...{ ended_at: formatMaybe(row.ended_at), last_status: row.last_status, last_error: row.last_error },
  };
}

function formatMaybe(at: number | null): string | null {
  return at === null ? null : formatTime(at);
}
