/** HTTP of announcements: who is expected to sign, said by people or by a signer whom they know. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { WatchParts } from '../parts.ts';
import type { AnnouncedSigners } from '../recording/teach.ts';
import { identitySchema } from '../sources/routes.ts';
import { announce, withdrawAnnouncement } from './announcement.ts';
import { type ListedAnnouncement, listSaid } from './store.ts';

const tags = ['watch'];
const path = '/api/watch/sources/{id}/announcements';
const idSchema = z.object({ id: z.uuid() });
const pageLimit = 100;

const announcementSchema = z
  .object({ id: z.uuid(), valid_from: timeSchema, valid_to: timeSchema, reason: z.string() })
  .openapi('Announcement');
const claimsSchema = z.record(z.string(), z.string());
const listedSchema = announcementSchema
  .extend({
    kind: z.enum(['announcement', 'vouch']),
    source: z.string(),
    source_id: z.uuid(),
    line: z.string().nullable().openapi({ description: 'Of this line alone; null: of all.' }),
    identities: z.array(claimsSchema),
    keys: z.array(z.string()),
    vouched_by: z
      .object({ identity: claimsSchema.nullable(), key: z.string().nullable() })
      .nullable()
      .openapi({ description: 'Whose statement it is, verified; null where people said it.' }),
    state: z.enum(['waiting', 'in-force', 'over', 'withdrawn']),
    actor: z.object({ kind: z.string(), id: z.string().nullable() }),
    created_at: timeSchema,
    ended_at: timeSchema.nullable(),
  })
  .openapi('ListedAnnouncement');

const listRoute = createRoute({
  method: 'get',
  path: '/api/watch/announcements',
  tags,
  summary: 'Who is expected to sign what, and who said so',
  description:
    'Announcements, and statements of signers that were handed in. Statements that lie beside an artifact are not among them.',
  request: {
    query: z.object({
      source: z.uuid().optional(),
      kind: z.enum(['announcement', 'vouch']).optional(),
      state: z.enum(['open', 'all']).default('open').openapi({ description: 'open: what still counts, or will' }),
      before: z.uuid().optional(),
    }),
  },
  responses: {
    200: jsonAnswer(
      `The newest first, at most ${pageLimit}; \`next\` is the \`before\` of the next page.`,
      z.object({ announcements: z.array(listedSchema), next: z.uuid().nullable() }),
    ),
  },
});
const announceRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Say who is going to sign, before it happens',
  request: {
    params: idSchema,
    body: jsonBody(
      z.strictObject({
        identities: z.array(identitySchema).max(20).default([]),
        keys: z
          .array(z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex'))
          .max(20)
          .default([]),
        valid_from: timeSchema.optional(),
        valid_to: timeSchema,
        reason: lineSchema(1000),
      }),
    ),
  },
  responses: { 201: jsonAnswer('The announcement.', announcementSchema) },
});
const withdrawRoute = createRoute({
  method: 'delete',
  path: `${path}/{announcement}`,
  tags,
  summary: 'Take an announcement back',
  request: { params: idSchema.extend({ announcement: z.uuid() }) },
  responses: { 204: { description: 'Done.' } },
});

/** The routes of announcements. */
export function watchAnnouncementRoutes(parts: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const { source, kind, state, before } = c.req.valid('query');
    const now = parts.now();
    const filter = { organisationId: c.var.organisation.id, sourceId: source, kind, before, limit: pageLimit + 1 };
    const rows = await listSaid(parts.database.query, { ...filter, openAt: state === 'open' ? now : undefined });
    const announcements = rows.slice(0, pageLimit).map((row) => describe(row, now));
    return c.json({ announcements, next: rows.length > pageLimit ? (announcements.at(-1)?.id ?? null) : null }, 200);
  });
  router.openapi(announceRoute, async (c) => {
    const { identities, keys, valid_from: from, valid_to: to, reason } = c.req.valid('json');
    const row = await announce(parts, callerOf(c.var), {
      ...{ sourceId: c.req.valid('param').id, signers: { identities, keys } satisfies AnnouncedSigners, reason },
      ...{ from: from === undefined ? parts.now() : Date.parse(from), to: Date.parse(to) },
    });
    const { id, valid_from, valid_to } = row;
    return c.json({ id, valid_from: formatTime(valid_from), valid_to: formatTime(valid_to), reason }, 201);
  });
  router.openapi(withdrawRoute, async (c) => {
    const { id, announcement } = c.req.valid('param');
    await withdrawAnnouncement(parts, callerOf(c.var), { sourceId: id, id: announcement });
    return c.body(null, 204);
  });
  return router;
}

function describe(row: ListedAnnouncement, now: number): z.infer<typeof listedSchema> {
  const { id, key, source_id, reason } = row;
  const signers = JSON.parse(row.signers) as AnnouncedSigners;
  const { kind, id: actor }: { kind: string; id: string | null } = JSON.parse(row.actor);
  return {
    ...{ id, kind: signers.vouch ? 'vouch' : 'announcement', source: key, source_id, reason },
    ...describeSigners(signers),
    ...{ valid_from: formatTime(row.valid_from), valid_to: formatTime(row.valid_to), state: stateOf(row, now) },
    ...{ actor: { kind, id: actor }, created_at: formatTime(row.created_at) },
    ended_at: row.ended_at === null ? null : formatTime(row.ended_at),
  };
}

function describeSigners({ identities, keys, vouch: fact }: AnnouncedSigners) {
  if (!fact) return { line: null, identities: identities.map(claimsOf), keys: [...keys], vouched_by: null };
  const { by, vouch } = fact;
  const { signer } = vouch;
  return {
    line: vouch.line ?? null,
    ...('key' in signer ? { identities: [], keys: [signer.key] } : { identities: [claimsOf(signer)], keys: [] }),
    vouched_by: { identity: by.identity ? claimsOf(by.identity) : null, key: by.key ?? null },
  };
}

/** Claims that are not told are absent. */
function claimsOf(identity: object): Record<string, string> {
  return JSON.parse(encodePlain(identity)) as Record<string, string>;
}

function stateOf({ ended_at, valid_from, valid_to }: ListedAnnouncement, now: number) {
  if (ended_at !== null) return 'withdrawn';
  if (valid_to <= now) return 'over';
  return valid_from > now ? 'waiting' : 'in-force';
}
