/** HTTP of the long poll: for clients whose proxies keep streams from them, and for reading what was missed. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv, Principal } from '../../http/context.ts';
import { createRouter, jsonAnswer } from '../../http/router.ts';
import type { Database } from '../../storage/database.ts';
import { assertMayHear } from '../channels/access.ts';
import { channelsSchema, sinceSchema } from '../channels/routes.ts';
import { requireStanding, type StandingParts } from '../channels/standing.ts';
import { blockFrames, isAtHead, readMissed } from '../hub/catch-up.ts';
import { admit, type ListenParts } from '../hub/enter.ts';
import type { Feed } from '../hub/feed.ts';
import type { Reader } from '../hub/reader.ts';

/** What the poll works with. */
export interface PollParts extends ListenParts {
  readonly database: Database;
  readonly now: () => number;
  readonly keys: { listCertificates(organisationId: string): Promise<readonly string[]> };
}

/** Seconds that an answer may be waited for: proxies give up after 60. */
const maxWaitSeconds = 30;

const pollRoute = createRoute({
  method: 'get',
  path: '/api/push/frames',
  tags: ['push'],
  summary: 'Signed frames after a cursor, at once or when there are some',
  description:
    'At most 1,000 frames; `more` says that others follow. The last ones are a fresh heartbeat of each channel, by which the older ones are proved. Without `since` from now on.',
  request: {
    query: z.object({
      channels: channelsSchema,
      since: sinceSchema.optional(),
      wait: z.coerce
        .number()
        .int()
        .min(0)
        .max(maxWaitSeconds)
        .default(0)
        .openapi({ description: 'Seconds to wait for a frame when there is none' }),
    }),
  },
  responses: {
    200: jsonAnswer(
      'Frames as they were signed, the cursor for the next request, and the certificates of the keys that sign',
      z.object({
        frames: z.array(z.unknown()),
        cursor: z.string(),
        keys: z.array(z.unknown()),
        more: z.boolean().optional(),
      }),
    ),
  },
});

/** `GET /api/push/frames`. */
export function pollRoutes(parts: PollParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(pollRoute, async (c) => {
    const { channels, since, wait } = c.req.valid('query');
    const { reader, names, leave } = await admit(parts, c.var, { channels, transport: 'poll' });
    try {
      const feed = await parts.hub.feedOf(c.var.organisation.id);
      const poll = { reader, names, since, waitMs: wait * 1000, signal: c.req.raw.signal };
      const text = await answer(parts, feed, poll);
      await assertMayHearStill(parts, feed, { principal: c.var.principal, ...poll });
      const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
      return c.body(text, 200, headers) as never;
    } finally {
      leave();
    }
  });
  return router;
}

interface Poll {
  readonly reader: Reader;
  readonly names: readonly string[];
  readonly since: string | undefined;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

async function answer(
  { hub, database, keys, metrics }: PollParts,
  feed: Feed,
  { reader, names, since, waitMs, signal }: Poll,
): Promise<string> {
  const { positions, snapshots } = await hub.resume(feed, names, since);
  if (snapshots.length === 0 && waitMs > 0) await hub.wait(feed, { reader, positions, ms: waitMs, signal });
  const missed = await readMissed(database.query, feed, { positions, limit: blockFrames });
  const beats = await hub.heartbeats(feed, names);
  const certificates = await keys.listCertificates(feed.organisationId);
  const texts = [...snapshots, ...missed.pieces.map(({ text }) => text), ...beats.texts];
  metrics.countDeliveries(texts.length);
  const more = isAtHead(feed, missed.positions) ? '' : ',"more":true';
  const cursor = JSON.stringify(feed.formatCursor(missed.positions));
  return `{"frames":[${texts.join(',')}],"cursor":${cursor},"keys":[${certificates.join(',')}]${more}}`;
}

/**
 * Throws as the next request would: a session, a role or a channel may have changed while this one waited. It is looked at after the frames were
 * read, so that none of a later moment is given away.
 */
async function assertMayHearStill(
  parts: StandingParts,
  feed: Feed,
  { reader, principal, names }: Poll & { readonly principal: Principal },
): Promise<void> {
  const holder = reader.principal && { organisationId: feed.organisationId, ...reader.principal };
  assertMayHear(feed, holder ? await requireStanding(parts, holder) : principal, names);
}
