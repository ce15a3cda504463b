/** HTTP of looking: whoever knows that something happened asks for a look. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRateLimit } from '../../http/rate-limit.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import type { WatchParts } from '../parts.ts';
import { parseNotification } from './notification.ts';
import { awaitLook, requestLook, requestLooks } from './request.ts';
import type { Observing } from './scheduler.ts';

const tags = ['watch'];
/** Of one key or person. */
const asksPerMinute = 120;
const maxWaitSeconds = 60;

const observeRoute = createRoute({
  method: 'post',
  path: '/api/watch/observe',
  tags,
  summary: 'Ask for a look at a source that is watched, now',
  description:
    'What there is to see is found out by the watch itself. With a tag, version or digest that one is looked at in any case.',
  request: {
    body: jsonBody(
      z.strictObject({
        reference: lineSchema(1024).openapi({ example: 'ghcr.io/org/app:1.2.3' }),
        wait_seconds: z.int().min(0).max(maxWaitSeconds).default(0),
      }),
    ),
  },
  responses: {
    202: jsonAnswer(
      'What became of it within the time.',
      z.object({
        id: z.uuid(),
        source: z.string(),
        state: z.enum(['observed', 'unanswered', 'waiting']),
        reason: z.string().nullable(),
      }),
    ),
  },
});

const notificationRoute = createRoute({
  method: 'post',
  path: '/api/watch/notifications/registry',
  tags,
  summary: 'Take a notification of a container registry',
  description:
    'The body is an envelope of events as CNCF Distribution sends it. What is not watched is passed over. `registry` says under which name it is watched.',
  request: { query: z.object({ registry: z.string().min(1).max(255).optional() }) },
  responses: {
    202: jsonAnswer('How many references are looked at.', z.object({ asked: z.int(), passed_over: z.int() })),
  },
});

/** The routes of looking. */
export function observingRoutes(
  parts: WatchParts & { readonly observing: Pick<Observing, 'wake'> },
): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const limit = createRateLimit(asksPerMinute, parts.now);
  router.openapi(observeRoute, async (c) => {
    const caller = callerOf(c.var);
    limit.take(`${caller.organisationId} ${caller.actor.id}`);
    const { reference, wait_seconds } = c.req.valid('json');
    const asked = await requestLook(parts, caller, reference);
    parts.observing.wake();
    const waited = await awaitLook(parts.database.query, asked, wait_seconds * 1000);
    return c.json({ id: asked.source.id, source: asked.source.key, ...waited }, 202);
  });
  router.openapi(notificationRoute, async (c) => {
    const caller = callerOf(c.var);
    limit.take(`${caller.organisationId} ${caller.actor.id}`);
    const references = parseNotification(await c.req.text(), c.req.valid('query').registry);
    const { length: asked } = await requestLooks(parts, caller, references);
    if (asked > 0) parts.observing.wake();
    return c.json({ asked, passed_over: references.length - asked }, 202);
  });
  return router;
}
