/** HTTP of notifications by mail. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../http/router.ts';
import { severities } from '../watch/drift/kinds.ts';
import type { NotificationParts } from './parts.ts';
import { listSubscriptions, type SubscriptionRow } from './subscriptions/store.ts';
import { confirmSubscription, subscribe, tryOut, unsubscribe } from './subscriptions/subscription.ts';

const tags = ['notifications'];
const path = '/api/notifications';
const idSchema = z.object({ id: z.uuid() });

const wishSchema = z.strictObject({
  address: z.string().min(3).max(254),
  kind: z.enum(['watch.finding']).default('watch.finding'),
  least_severity: z.enum(severities).default('medium'),
  pace: z
    .enum(['immediately', 'daily'])
    .default('immediately')
    .openapi({ description: 'daily: one mail at 06:00 UTC.' }),
});

const subscriptionSchema = z
  .object({
    id: z.uuid(),
    address: z.string(),
    kind: z.enum(['watch.finding']),
    least_severity: z.enum(severities),
    pace: z.enum(['immediately', 'daily']),
    confirmed_at: timeSchema.nullable(),
    sent_at: timeSchema.nullable().openapi({ description: 'When a mail was taken last.' }),
    created_at: timeSchema,
  })
  .openapi('MailSubscription');

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'Who is told of findings by mail',
  responses: {
    200: jsonAnswer(
      'Oldest first. `enabled`: whether this server sends mail at all.',
      z.object({ enabled: z.boolean(), subscriptions: z.array(subscriptionSchema) }),
    ),
  },
});

const addRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Have an address told of findings, once whoever reads it has confirmed',
  request: { body: jsonBody(wishSchema) },
  responses: { 201: jsonAnswer('The subscription; its address is asked.', subscriptionSchema) },
});

const removeRoute = createRoute({
  method: 'delete',
  path: `${path}/{id}`,
  tags,
  summary: 'Tell an address nothing more',
  request: { params: idSchema },
  responses: { 204: { description: 'It is gone.' } },
});

const testRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/test`,
  tags,
  summary: 'Send a mail that shows whether mail arrives',
  request: { params: idSchema },
  responses: { 202: jsonAnswer('It is under way.', subscriptionSchema) },
});

const confirmRoute = createRoute({
  method: 'post',
  path: `${path}/confirmation`,
  tags,
  summary: 'Confirm an address by the code that was sent to it',
  request: { body: jsonBody(z.strictObject({ code: z.string().regex(/^[A-Za-z0-9_-]{32}$/, 'expected a code') })) },
  responses: { 200: jsonAnswer('The address is told from now on.', z.object({ confirmed: z.literal(true) })) },
});

/** The routes of notifications. */
export function notificationRoutes(parts: NotificationParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const { database } = parts;
  router.openapi(listRoute, async (c) => {
    const rows = await listSubscriptions(database.query, c.var.organisation.id);
    return c.json({ enabled: parts.mailer !== undefined, subscriptions: rows.map(describe) }, 200);
  });
  router.openapi(addRoute, async (c) => {
    const row = await subscribe(parts, callerOf(c.var), c.req.valid('json'));
    parts.wakeWorker();
    return c.json(describe(row), 201);
  });
  router.openapi(removeRoute, async (c) => {
    await unsubscribe(parts, callerOf(c.var), c.req.valid('param').id);
    return c.body(null, 204);
  });
  router.openapi(testRoute, async (c) => {
    const row = await tryOut(parts, callerOf(c.var), c.req.valid('param').id);
    parts.wakeWorker();
    return c.json(describe(row), 202);
  });
  router.openapi(confirmRoute, async (c) => {
    await confirmSubscription(parts, c.req.valid('json').code);
    return c.json({ confirmed: true as const }, 200);
  });
  return router;
}

function describe(row: SubscriptionRow): z.infer<typeof subscriptionSchema> {
  const { id, address, kind, least_severity, pace } = row;
  const [confirmed_at, sent_at] = [row.confirmed_at, row.sent_at].map((at) => (at === null ? null : formatTime(at)));
  return {
    ...{ id, address, kind, least_severity, pace, created_at: formatTime(row.created_at) },
    ...{ confirmed_at: confirmed_at ?? null, sent_at: sent_at ?? null },
  };
}
