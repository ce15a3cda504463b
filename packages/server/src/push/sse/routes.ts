/** HTTP of the event stream. */

import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../../http/context.ts';
import { createRouter } from '../../http/router.ts';
import { channelsSchema, sinceSchema } from '../channels/routes.ts';
import { enterHub, type ListenParts } from '../hub/enter.ts';
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

/** `GET /api/push/stream`. */
export function streamRoutes(parts: ListenParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(streamRoute, async (c) => {
    const { channels, since } = c.req.valid('query');
    const asked = { channels, since: c.req.valid('header')['last-event-id'] ?? since, transport: 'sse' } as const;
    // What is needed for the first bytes alone is not kept for as long as the stream lasts.
    const { start, leave } = await enterHub(parts, c.var, asked);
    try {
      const { headers } = c.body(null, 200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        // A cache must not keep it, and a proxy must neither compress nor hold back what is there.
        'Cache-Control': 'no-store, no-transform',
        'X-Accel-Buffering': 'no',
      });
      const response = c.env.outgoing;
      const listener = start(EventStream.open(response, headers));
      response.on('close', () => {
        listener.leave();
        leave();
      });
      return RESPONSE_ALREADY_SENT as never;
    } catch (error) {
      leave();
      throw error;
    }
  });
  return router;
}
