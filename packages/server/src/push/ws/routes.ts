/** HTTP of the WebSocket: the handshake is a request like all others, and passes the same guard. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import type { AppEnv } from '../../http/context.ts';
import { createRouter } from '../../http/router.ts';
import { channelsSchema, sinceSchema } from '../channels/routes.ts';
import { enterHub, type ListenParts } from '../hub/enter.ts';
import type { ClientFrameParts } from './client-frames.ts';
import { createSocketServer, subprotocol } from './socket-server.ts';

const socketRoute = createRoute({
  method: 'get',
  path: '/api/push/ws',
  tags: ['push'],
  summary: 'Signed frames over a WebSocket, both ways',
  description: `The subprotocol is \`${subprotocol}\`. Messages of the server are arrays of 1 to 10 frames, or \`{"channel_keys":[…]}\`; those of a client are single frames, signed with a session key.`,
  request: { query: z.object({ channels: channelsSchema, since: sinceSchema.optional() }) },
  responses: { 101: { description: 'The connection is a WebSocket now.' } },
});

/** `GET /api/push/ws`. */
export function socketRoutes(parts: ListenParts & ClientFrameParts): OpenAPIHono<AppEnv> {
  const server = createSocketServer(parts);
  const router = createRouter();
  router.openapi(socketRoute, async (c) => {
    const { upgrade } = c.env;
    assertHandshake(parts, c.req.raw);
    if (!upgrade) throw notWebSocket();
    const { channels, since } = c.req.valid('query');
    const entered = await enterHub(parts, c.var, { channels, since, transport: 'ws' });
    server.accept(upgrade, { organisation: c.var.organisation, entered });
    return RESPONSE_ALREADY_SENT as never;
  });
  return router;
}

/** Throws `forbidden` for a page of another origin, and `invalid` for what is no handshake for frames. */
function assertHandshake({ metrics }: Pick<ListenParts, 'metrics'>, { headers, url }: Request): void {
  const origin = headers.get('origin');
  // Browsers let any page open a WebSocket and send cookies along; only the server can tell (RFC 6455, 10.2).
  if (origin !== null && URL.parse(origin)?.host !== new URL(url).host) {
    metrics.countAuthFailure();
    throw new Refusal('forbidden', 'expected a WebSocket from a page of this server', { rule: 'origin' });
  }
  const offered = (headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim());
  if (!offered.includes(subprotocol)) throw notWebSocket();
}

function notWebSocket(): Refusal {
  return new Refusal('invalid', `expected the handshake of a WebSocket of the subprotocol ${subprotocol}`, {
    rule: 'push-websocket',
    hint: 'without WebSocket: GET /api/push/stream, or GET /api/push/frames',
  });
}
