/** HTTP of the channels: which there are, those that applications declare, and publishing on them. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import type { Feed, FeedChannel } from '../hub/feed.ts';
import type { Hub } from '../hub/hub.ts';
import type { Sequencer } from '../log/sequencer.ts';
import { mayHear } from './access.ts';
import { type ChannelParts, declareChannel, removeChannel } from './channel.ts';
import { publishMessage } from './publish.ts';

/** How requests name channels; judged by `parseNames`. */
export const channelsSchema: z.ZodString = z
  .string()
  .max(16 * 65)
  .openapi({ description: 'Names of channels, separated by commas', example: 'releases,trust' });

/** How they say where they stand; judged by `parseCursor`. */
export const sinceSchema: z.ZodString = z
  .string()
  .max(16 * 83 + 17)
  .openapi({
    description: 'Where to go on: the id of the last event',
    example: '0123456789abcdef:releases.7,trust.3',
  });

const nameSchema = z.string().max(64);
const channelSchema = z
  .object({
    name: nameSchema,
    visibility: z.enum(['public', 'private']),
    epoch: z.string(),
    head: z.int(),
    oldest: z.int(),
    listeners: z.int(),
  })
  .openapi('PushChannel');

const listRoute = createRoute({
  method: 'get',
  path: '/api/push/channels',
  tags: ['push'],
  summary: 'The channels that the caller may hear',
  responses: {
    200: jsonAnswer(
      '`head` is the last sequence, `oldest` the first that can still be had, `listeners` a count without names',
      z.object({ channels: z.array(channelSchema) }),
    ),
  },
});

const declareRoute = createRoute({
  method: 'post',
  path: '/api/push/channels',
  tags: ['push'],
  summary: 'Declare a channel of an application, `app.<name>`',
  request: { body: jsonBody(z.object({ name: nameSchema, visibility: z.enum(['public', 'private']) })) },
  responses: { 201: jsonAnswer('The channel', channelSchema) },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/api/push/channels/{channel}',
  tags: ['push'],
  summary: 'Remove a channel of an application; those who listen are let go',
  request: { params: z.object({ channel: nameSchema }) },
  responses: { 204: { description: 'It is gone.' } },
});

const publishRoute = createRoute({
  method: 'post',
  path: '/api/push/channels/{channel}/frames',
  tags: ['push'],
  summary: 'Publish a frame on a channel of an application',
  request: {
    params: z.object({ channel: nameSchema }),
    headers: z.object({
      'idempotency-key': z.string().min(1).max(64).optional().openapi({
        description: 'Publishing again under the same key, within a day, publishes nothing and answers the same',
      }),
    }),
    body: jsonBody(z.object({ type: nameSchema, data: z.record(z.string(), z.unknown()).optional() })),
  },
  responses: {
    202: jsonAnswer('The frame is durable, and on its way', z.object({ epoch: z.string(), sequence: z.int() })),
  },
});

/** What the routes work with. */
export interface ChannelRouteParts extends ChannelParts {
  readonly hub: Hub;
  readonly sequencer: Sequencer;
}

/** `/api/push/channels`. */
export function channelRoutes(parts: ChannelRouteParts): OpenAPIHono<AppEnv> {
  const { hub } = parts;
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const feed = await hub.feedOf(c.var.organisation.id);
    const heard = [...feed.channels.values()].filter(({ removed }) => !removed);
    const shown = heard.filter((channel) => mayHear(c.var.principal, channel)).map(({ name }) => name);
    return c.json({ channels: shown.sort().map((name) => describe(feed, name)) }, 200);
  });
  router.openapi(declareRoute, async (c) => {
    const feed = await hub.feedOf(c.var.organisation.id);
    const channel = await declareChannel(parts, callerOf(c.var), c.req.valid('json'));
    hub.place(feed.organisationId, channel);
    return c.json(describe(feed, channel.name), 201);
  });
  router.openapi(removeRoute, async (c) => {
    const channel = await removeChannel(parts, callerOf(c.var), c.req.valid('param').channel);
    hub.place(c.var.organisation.id, channel);
    return c.body(null, 204);
  });
  router.openapi(publishRoute, async (c) => {
    const { type, data } = c.req.valid('json');
    const idempotencyKey = c.req.valid('header')['idempotency-key'];
    const { channel } = c.req.valid('param');
    // What JSON can say and a frame cannot is refused there.
    const message = { channel, type, data: data as SignableObject | undefined, idempotencyKey };
    return c.json(await publishMessage(parts, callerOf(c.var), message), 202);
  });
  return router;
}

function describe(feed: Feed, name: string): z.input<typeof channelSchema> {
  const { visibility, head, oldest } = feed.channels.get(name) as FeedChannel;
  let listeners = 0;
  for (const { names, listeners: set } of feed.audiences) if (names.includes(name)) listeners += set.size;
  return { name, visibility, epoch: feed.epoch, head, oldest, listeners };
}
