/** HTTP of the audit log. An organisation reads its own rows; the chain as a whole is the default organisation's. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { auditActions } from '../../audit/actions.ts';
import { exportAudit, listAudit, recordAudit, verifyAuditChain } from '../../audit/store.ts';
import type { Database } from '../../storage/database.ts';
import type { AuditEventTable } from '../../storage/tables/platform.ts';
import { type AppEnv, callerOf } from '../context.ts';
import { defaultOrganisation } from '../guard.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../router.ts';

/** What the routes of the audit log need. */
export interface AuditRouteDependencies {
  readonly database: Database;
  readonly now: () => number;
}

const eventSchema = z
  .object({
    sequence: z.int(),
    at: timeSchema,
    actor: z.object({ kind: z.string(), id: z.string().nullable(), session_id: z.string().nullable() }),
    action: z.enum(auditActions),
    object: z.object({ kind: z.string(), id: z.string() }),
    outcome: z.enum(['success', 'refused']),
    detail: z.record(z.string(), z.union([z.string(), z.int(), z.boolean(), z.null()])).nullable(),
    hash: z.string(),
  })
  .openapi('AuditEvent');

const sequenceSchema = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const listRoute = createRoute({
  method: 'get',
  path: '/api/audit',
  tags: ['audit'],
  summary: 'What happened in the organisation, oldest first or newest first',
  request: {
    query: z.strictObject({
      order: z.enum(['asc', 'desc']).default('asc'),
      after: sequenceSchema.optional(),
      before: sequenceSchema.optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
      action: z.enum(auditActions).optional(),
      actor: z.string().max(64).optional().openapi({ description: 'The id of a person or a key.' }),
      outcome: z.enum(['success', 'refused']).optional(),
    }),
  },
  responses: {
    200: jsonAnswer(
      'One page; `next` goes into `after`, or into `before` when the newest come first, and is null on the last.',
      z.object({ events: z.array(eventSchema), next: z.int().nullable() }),
    ),
  },
});

const actionsRoute = createRoute({
  method: 'get',
  path: '/api/audit/actions',
  tags: ['audit'],
  summary: 'Every action that the audit log knows',
  responses: { 200: jsonAnswer('By area.', z.object({ actions: z.array(z.enum(auditActions)) })) },
});

const verifyRoute = createRoute({
  method: 'get',
  path: '/api/audit/verify',
  tags: ['audit'],
  summary: 'Recompute the whole chain',
  responses: { 200: jsonAnswer('The end of an unbroken chain.', z.object({ sequence: z.int(), hash: z.string() })) },
});

const exportRoute = createRoute({
  method: 'get',
  path: '/api/audit/export',
  tags: ['audit'],
  summary: 'All rows as they are hashed, one JSON object a line',
  description: 'In the default organisation the rows of all: only a whole chain can be verified.',
  // The router's types know no content type that ends in `json` and is not JSON.
  responses: { 200: { description: 'The rows, as application/x-ndjson.' } },
});

/** The routes of the audit log. */
export function auditRoutes({ database, now }: AuditRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const { order, actor: actorId, limit, ...wanted } = c.req.valid('query');
    const within = { organisationId: c.get('organisation').id, newestFirst: order === 'desc' };
    const rows = await listAudit(database, { ...wanted, ...within, actorId, limit });
    const next = rows.length === limit ? (rows.at(-1)?.sequence ?? null) : null;
    return c.json({ events: rows.map(describeEvent), next }, 200);
  });
  router.openapi(actionsRoute, (c) => c.json({ actions: [...auditActions] }, 200));
  router.openapi(verifyRoute, async (c) => c.json(await verifyAuditChain(database), 200));
  router.openapi(exportRoute, async (c) => {
    const { id, slug } = c.get('organisation');
    await database.transaction((transaction) =>
      recordAudit(transaction, now(), {
        ...callerOf(c.var),
        action: 'audit.exported',
        object: { kind: 'organisation', id },
      }),
    );
    const rows = exportAudit(database, slug === defaultOrganisation ? {} : { organisationId: id });
    return c.body(streamLines(rows), 200, { 'Content-Type': 'application/x-ndjson' });
  });
  return router;
}

/** Rows are read as the client takes them, so that the log never stands in memory as a whole. */
function streamLines(rows: AsyncIterable<AuditEventTable>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = rows[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function describeEvent(row: AuditEventTable): z.infer<typeof eventSchema> {
  return {
    sequence: row.sequence,
    at: formatTime(row.at),
    actor: { kind: row.actor_kind, id: row.actor_id, session_id: row.session_id },
    action: eventSchema.shape.action.parse(row.action),
    object: { kind: row.object_kind, id: row.object_id },
    outcome: row.outcome,
    detail: row.detail === null ? null : eventSchema.shape.detail.parse(JSON.parse(row.detail)),
    hash: row.hash,
  };
}
