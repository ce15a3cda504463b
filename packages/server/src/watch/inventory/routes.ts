/** HTTP of the inventory: what is known of each source, in one list. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../../http/context.ts';
import { nextSchema } from '../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import type { Query } from '../../storage/database.ts';
import { cutPage } from '../../storage/pages.ts';
import { emptyRevision } from '../baseline/revision.ts';
import { listClustersOf } from '../clusters/running/store.ts';
import { findFrozenSince } from '../findings/store.ts';
import { readBaseline } from '../learning/baseline.ts';
import { countArtifacts, listLastArtifacts } from '../observations/store.ts';
import type { WatchParts } from '../parts.ts';
import { listLines } from '../sources/store.ts';
import { countOpen, findKnownSince, listSigners, searchSources } from './store.ts';

const pageLimit = 50;
/** Signers of a line that are shown, the last ones first. */
const maxSigners = 20;
const coverageWindow = 10;

const countSchema = z.int().min(0);
const lineSchema = z.object({
  name: z.string(),
  state: z.enum(['cold', 'learning', 'established', 'declared', 'frozen']),
  known_since: timeSchema.nullable(),
  signed: z.enum(['always', 'sometimes', 'never']),
  transparency: z.enum(['included', 'promised', 'none']),
  provenance: z.enum(['always', 'sometimes', 'never']),
  slsa_level: countSchema,
  artifacts: countSchema,
  coverage_percent: countSchema.openapi({ description: 'Of the last ten artifacts could be looked into.' }),
  signers: z.array(
    z.object({
      signer: z.record(z.string(), z.unknown()),
      first_seen_at: timeSchema,
      last_seen_at: timeSchema,
      artifacts: countSchema,
    }),
  ),
});
const entrySchema = z
  .object({
    id: z.uuid(),
    key: z.string(),
    development: z.boolean(),
    answered_at: timeSchema.nullable(),
    unanswered_since: timeSchema.nullable(),
    open: z.partialRecord(z.enum(['note', 'low', 'medium', 'high', 'critical']), countSchema),
    lines: z.array(lineSchema),
    running: z
      .array(z.object({ cluster: z.string(), containers: countSchema, digests: countSchema }))
      .openapi({ description: 'Where it runs now.' }),
  })
  .openapi('WatchInventoryEntry');

const inventoryRoute = createRoute({
  method: 'get',
  path: '/api/watch/inventory',
  tags: ['watch'],
  summary: 'What is known of each source: who signs, since when, how strong, and what is open',
  request: {
    query: z.object({ search: z.string().min(1).max(256).optional(), after: z.string().max(1100).optional() }),
  },
  responses: {
    200: jsonAnswer(`By key, at most ${pageLimit}.`, z.object({ sources: z.array(entrySchema), next: nextSchema })),
  },
});

/** The routes of the inventory. */
export function watchInventoryRoutes({ database: { query }, now }: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(inventoryRoute, async (c) => {
    const { search, after } = c.req.valid('query');
    const organisationId = c.var.organisation.id;
    const found = await searchSources(query, { organisationId, search, after, limit: pageLimit + 1 });
    const { rows, next } = cutPage(found, { limit: pageLimit }, ({ key }) => key);
    const sources: z.infer<typeof entrySchema>[] = [];
    for (const row of rows) {
      const lines = [];
      for (const line of await listLines(query, row.id)) lines.push(await describeLine(query, { ...line, at: now() }));
      sources.push({
        ...{ id: row.id, key: row.key, development: row.is_development === 1, open: await countOpen(query, row.id) },
        running: await listClustersOf(query, row.id),
        ...{ answered_at: formatOptional(row.answered_at), unanswered_since: formatOptional(row.unknown_since), lines },
      });
    }
    return c.json({ sources, next }, 200);
  });
  return router;
}

async function describeLine(
  query: Query,
  { number, name, at }: { readonly number: number; readonly name: string; readonly at: number },
): Promise<z.infer<typeof lineSchema>> {
  const revision = (await readBaseline(query, number))?.revision ?? emptyRevision;
  const { state, signed, transparency, provenance } = revision;
  const last = await listLastArtifacts(query, { line: number, limit: coverageWindow });
  const read = last.filter(({ document }) => !document.includes('"signatures":"unknown"')).length;
  const signers = await listSigners(query, number, maxSigners);
  return {
    ...{ name, signed, transparency, provenance: provenance.present, slsa_level: provenance.level },
    state: (await findFrozenSince(query, { line: number, at })) === null ? state : 'frozen',
    known_since: formatOptional(await findKnownSince(query, number)),
    artifacts: await countArtifacts(query, number),
    coverage_percent: last.length === 0 ? 0 : Math.floor((100 * read) / last.length),
    signers: signers.map(({ document, first_at, last_at, artifacts }) => ({
      ...{ signer: JSON.parse(document) as Record<string, unknown>, artifacts },
      ...{ first_seen_at: formatTime(first_at), last_seen_at: formatTime(last_at) },
    })),
  };
}

function formatOptional(at: number | null): string | null {
  return at === null ? null : formatTime(at);
}
