/** HTTP of the event stream. */

import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../../http/context.ts';
import type { DirectResponders } from '../../http/direct-responders.ts';
import type { DirectStream } from '../../http/direct-streams.ts';
import { createRouter } from '../../http/router.ts';
import { channelsSchema, sinceSchema } from '../channels/routes.ts';
import { type Entered, enterHub, type ListenParts, prepareEntry } from '../hub/enter.ts';
import { rememberLast } from '../hub/remember-last.ts';
import { EventStream } from './event-stream.ts';

const streamRoute = createRoute({
  method: 'get',
  path: '/api/push/stream',
  tags: ['push'],
  summary: 'Signed frames as an event stream',
  description:
    'Each event without a name is one frame, byte for byte as it was signed; its id is a cursor. Events named `keys` carry the certificates of the keys that sign. Private channels want a member of the organisation.',
  request: {
    query: z.object({ channels: channelsSchema, since: sinceSchema.optional() }),
    headers: z.object({ 'last-event-id': sinceSchema.optional() }),
  },
  responses: {
    200: {
      description: 'The stream; it ends after some minutes.',
      content: { 'text/event-stream': { schema: z.string() } },
    },
  },
});

const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // A cache must not keep it, and a proxy must neither compress nor hold back what is there.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
} as const;

/** What the route works with. */
export interface StreamParts extends ListenParts {
  readonly streams: DirectResponders<DirectStream>;
}

/** `GET /api/push/stream`. */
export function streamRoutes(parts: StreamParts): OpenAPIHono<AppEnv> {
  const { streams } = parts;
  const router = createRouter();
  router.openapi(streamRoute, async (c) => {
    const { channels, since } = c.req.valid('query');
    const asked = { channels, since: c.req.valid('header')['last-event-id'] ?? since, transport: 'sse' } as const;
    const { generation } = streams;
    const entered = await enterHub(parts, c.var, asked);
    const { headers } = c.body(null, 200, streamHeaders);
    openStream(c.env.outgoing, [...headers].flat(), entered);
    const [target = ''] = (c.env.incoming.url ?? '').split('?', 1);
    const place = { host: c.req.header('host') ?? '', target, generation };
    if (!streams.find(place.host, target)) streams.keep(place, createDirectStream(parts, c.var.organisation.id));
    return RESPONSE_ALREADY_SENT as never;
  });
  return router;
}

// What is needed for the first bytes alone is not kept for as long as the stream lasts.
function openStream(response: ServerResponse, headers: readonly string[], { start, leave }: Entered): void {
  try {
    // Whoever went away while they were let in: nothing would tell of their end any more.
    if (response.closed) {
      leave();
      return;
    }
    const listener = start(EventStream.open(response, headers));
    response.on('close', () => {
      listener.leave();
      leave();
    });
  } catch (error) {
    leave();
    throw error;
  }
}

/** Opens streams of an organisation to strangers, once one has passed the application: after a restart all of them come together. */
function createDirectStream(parts: StreamParts, organisationId: string): DirectStream {
  const readQuery = rememberLast(parseQuery);
  return {
    route: 'GET /api/push/stream',
    headers: Object.entries(streamHeaders),
    prepare: ({ query, lastEventId, client }) => {
      const asked = readQuery(query);
      if (!asked) return undefined;
      const listening = { channels: asked.channels, since: lastEventId ?? asked.since, transport: 'sse' } as const;
      const enter = prepareEntry(parts, { organisationId, client }, listening);
      return enter && ((response, headers) => openStream(response, headers, enter()));
    },
  };
}

/** Undefined for anything but the parameters of a stream; the application says what is wrong with it. */
function parseQuery(query: string): { readonly channels: string; readonly since: string | undefined } | undefined {
  const asked = new URLSearchParams(query);
  const [channels, since] = [asked.get('channels'), asked.get('since')];
  if (channels === null || asked.size > (since === null ? 1 : 2)) return undefined;
  return { channels, since: since ?? undefined };
}
