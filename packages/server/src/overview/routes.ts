/** HTTP of the overview: what waits for a person. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../http/context.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { severities } from '../watch/drift/kinds.ts';
import { listWaiting, type Waiting } from './waiting.ts';

const subjectSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('case'), source: z.string(), finding: z.uuid(), title: z.string() }),
  z.object({ kind: z.literal('submission'), collection: z.string(), id: z.string(), release: z.string() }),
  z.object({ kind: z.literal('deploy'), project: z.string(), id: z.string(), version: z.string() }),
  z.object({ kind: z.literal('approval'), project: z.string(), version: z.string() }),
  z.object({ kind: z.literal('certificate'), id: z.string(), name: z.string(), ends_at: timeSchema }),
]);
const waitingSchema = z
  .object({ severity: z.enum(severities), since: timeSchema, subject: subjectSchema })
  .openapi('Waiting');

const waitingRoute = createRoute({
  method: 'get',
  path: '/api/waiting',
  tags: ['server'],
  summary: 'What waits for somebody who may decide',
  description:
    'Artifacts with findings that are medium or worse, certificates that end within 30 days and that nothing renews, releases that maintainers are to sign, deploys that are prepared, and submissions.',
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) }) },
  responses: {
    200: jsonAnswer(
      'The gravest first, and among equals what has waited longest; `total` counts those as well that are not listed.',
      z.object({ waiting: z.array(waitingSchema), total: z.int() }),
    ),
  },
});

/** The routes of the overview. */
export function overviewRoutes({
  database: { query },
  now,
}: {
  readonly database: Database;
  readonly now: () => number;
}): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(waitingRoute, async (c) => {
    const filter = { organisationId: c.var.organisation.id, limit: c.req.valid('query').limit };
    const { waiting, total } = await listWaiting({ query, now: now() }, filter);
    return c.json({ waiting: waiting.map(formatWaiting), total }, 200);
  });
  return router;
}

function formatWaiting({ severity, since, subject }: Waiting): z.infer<typeof waitingSchema> {
  const common = { severity, since: formatTime(since) };
  if (subject.kind !== 'certificate') return { ...common, subject };
  const { endsAt, ...rest } = subject;
  return { ...common, subject: { ...rest, ends_at: formatTime(endsAt) } };
}
