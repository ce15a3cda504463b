/** HTTP of webhooks. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { slugPattern } from '@signpost/protocol/updates/names';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { nextSchema } from '../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { textSchema } from '../../http/text-schema.ts';
import { cutPage } from '../../storage/pages.ts';
import { replayOne, replaySince, sendTest } from './deliveries/replay.ts';
import { listDeliveries } from './deliveries/store.ts';
import {
  changeEndpoint,
  createEndpoint,
  type EndpointParts,
  removeEndpoint,
  requireEndpoint,
  rotateEndpointKey,
  switchEndpoint,
} from './endpoints/endpoint.ts';
import { listEndpoints } from './endpoints/store.ts';
import {
  algorithmSchema,
  describeDelivery,
  describeKey,
  describeWebhook,
  deliverySchema as plainDeliverySchema,
  webhookSchema as plainWebhookSchema,
  shownKeySchema,
  typesSchema,
  wishSchema,
} from './webhook-format.ts';

/** What the routes work with. */
export interface WebhookRouteParts extends EndpointParts {
  /** Has what waits be sent. */
  readonly wake: () => void;
}

const webhookSchema = plainWebhookSchema.openapi('Webhook');
const deliverySchema = plainDeliverySchema.openapi('WebhookDelivery');

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
  responses: { 200: jsonAnswer('Newest first.', z.object({ deliveries: z.array(deliverySchema), next: nextSchema })) },
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
    return c.json({ webhooks: await Promise.all(rows.map((row) => describeWebhook(parts, row))) }, 200);
  });
  router.openapi(createEndpointRoute, async (c) => {
    const wish = c.req.valid('json');
    const { row, key } = await createEndpoint(parts, callerOf(c.var), { ...wish, project: wish.project });
    c.header('Cache-Control', 'no-store');
    return c.json({ ...(await describeWebhook(parts, row)), ...describeKey(key) }, 201);
  });
  router.openapi(showRoute, async (c) => {
    const row = await requireEndpoint(database.query, c.var.organisation.id, c.req.valid('param').id);
    return c.json(await describeWebhook(parts, row), 200);
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
    return c.json(await describeWebhook(parts, row), 200);
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
    return c.json(await describeWebhook(parts, row), 200);
  });
  router.openapi(disableRoute, async (c) => {
    const { id } = c.req.valid('param');
    const row = await switchEndpoint(parts, callerOf(c.var), { id, state: 'disabled' });
    return c.json(await describeWebhook(parts, row), 200);
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
    const { limit, ...filter } = c.req.valid('query');
    const found = await listDeliveries(database.query, { ...filter, limit: limit + 1, endpointId: id });
    const { rows, next } = cutPage(found, { limit }, (delivery) => delivery.id);
    return c.json({ deliveries: rows.map(describeDelivery), next }, 200);
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
