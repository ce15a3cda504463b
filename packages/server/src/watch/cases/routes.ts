/** HTTP of cases: everything that one artifact shows, as one thing to look into. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../../http/context.ts';
import { nextSchema } from '../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import { cutPage } from '../../storage/pages.ts';
import { severities } from '../drift/kinds.ts';
import { titleOf } from '../drift/titles.ts';
import { assertOnePage } from '../findings/order.ts';
import type { WatchParts } from '../parts.ts';
import { type CaseRow, listCaseFindings, listCases } from './store.ts';

const pageLimit = 100;
const caseSchema = z
  .object({
    number: z.int(),
    source: z.string(),
    source_id: z.uuid(),
    line: z.string(),
    version: z.string().nullable(),
    sha256: z.string(),
    severity: z.enum(severities).openapi({ description: 'Of its worst finding.' }),
    opened_at: timeSchema,
    findings: z.array(
      z.object({
        id: z.uuid(),
        kind: z.string(),
        severity: z.enum(severities),
        state: z.string(),
        title: z.string(),
        sentence: z.string(),
      }),
    ),
  })
  .openapi('WatchCase');

const listRoute = createRoute({
  method: 'get',
  path: '/api/watch/cases',
  tags: ['watch'],
  summary: 'Artifacts with open findings, each with all of them',
  description: 'With `order=gravest` there is one page, of those with the gravest findings.',
  request: {
    query: z.object({
      order: z.enum(['newest', 'gravest']).default('newest'),
      before: z.coerce.number().int().min(1).optional(),
    }),
  },
  responses: {
    200: jsonAnswer(`At most ${pageLimit}.`, z.object({ cases: z.array(caseSchema), next: nextSchema })),
  },
});

/** The routes of cases. */
export function watchCaseRoutes({ database: { query } }: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const filter = c.req.valid('query');
    assertOnePage(filter);
    const organisationId = c.var.organisation.id;
    const found = await listCases(query, { ...{ before: undefined, ...filter }, organisationId, limit: pageLimit + 1 });
    const { rows, next } = cutPage(found, { limit: pageLimit }, ({ number }) => String(number));
    const findings = await listCaseFindings(
      query,
      rows.map(({ number }) => number),
    );
    const cases = rows.map((row) =>
      describeCase(
        row,
        findings.filter(({ artifact }) => artifact === row.number),
      ),
    );
    return c.json({ cases, next: filter.order === 'gravest' ? null : next }, 200);
  });
  return router;
}

function describeCase(
  { number, content, version, line, source_id, key }: CaseRow,
  findings: Awaited<ReturnType<typeof listCaseFindings>>,
): z.infer<typeof caseSchema> {
  const worst = Math.max(0, ...findings.map(({ severity }) => severities.indexOf(severity)));
  return {
    ...{ number, source: key, source_id, line, version, sha256: content, severity: severities[worst] ?? 'note' },
    opened_at: formatTime(Math.min(...findings.map(({ opened_at }) => opened_at))),
    findings: findings.map(({ id, kind, severity, state, document }) => ({
      ...{
        id,
        kind,
        severity,
        state,
        title: titleOf(kind),
        sentence: (JSON.parse(document) as { sentence: string }).sentence,
      },
    })),
  };
}
