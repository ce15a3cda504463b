/** HTTP of catalogues: the signed one for everybody, its state for members. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import type { AppEnv } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import { shareBody } from '../../http/prepared.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import { requireCollection } from '../collections/collection.ts';
import { type CatalogueAnswering, createCatalogueAnswers } from './answers.ts';
import { type CatalogueReading, readServedCatalogue } from './publication.ts';
import { findCatalogue, listEntryFacts } from './store.ts';

const paramsSchema = z.object({ collection: z.string().max(50) });
const stateSchema = z
  .object({
    collection: z.string(),
    version: z.int(),
    entries: z.int(),
    size_bytes: z.int(),
    sha256: z.string().nullable(),
    key_id: z.string().nullable(),
    issued_at: timeSchema.nullable(),
    expires_at: timeSchema.nullable(),
    behind_since: timeSchema.nullable(),
    served: z.boolean(),
    reason: z.string().nullable(),
  })
  .openapi('CatalogueState');

/** The routes of catalogues. */
export function catalogueRoutes(dependencies: CatalogueAnswering): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const find = createCatalogueAnswers(dependencies);
  router.openapi(catalogueRoute, (c) => answerCatalogue(c, find, c.req.valid('param').collection));
  router.openapi(stateRoute, async (c) =>
    c.json(await describeState(dependencies, c.var.organisation.id, c.req.valid('param').collection), 200),
  );
  return router;
}

/** The signed bytes with a strong ETag; also for who shows a credential or asks by HEAD. */
async function answerCatalogue(
  c: Context<AppEnv>,
  find: ReturnType<typeof createCatalogueAnswers>,
  slug: string,
): Promise<never> {
  const { host, pathname: target } = new URL(c.req.url);
  // Without the query, which says nothing here.
  const answer = await find({ organisationId: c.var.organisation.id, slug, host, target });
  const headers = Object.fromEntries(answer.headers);
  if (isMatch(c.req.header('if-none-match') ?? '', answer.etag)) return c.body(null, 304, headers) as never;
  return c.body(shareBody(answer), 200, headers) as never;
}

async function describeState(dependencies: CatalogueReading, organisationId: string, slug: string) {
  const { query } = dependencies.database;
  const { id } = await requireCollection(query, organisationId, slug);
  const catalogue = await findCatalogue(query, id);
  if (!catalogue) throw new Refusal('not_found', 'no such catalogue');
  const { head, version, size_bytes, digest, key_id, issued_at, expires_at, behind_since } = catalogue;
  const facts = await listEntryFacts(query, id);
  const refusal = await readServedCatalogue(dependencies, organisationId, slug).then(() => undefined, onlyRefusals);
  const time = (at: number | null) => (head === null || at === null ? null : formatTime(at));
  return {
    ...{ collection: slug, version, size_bytes, sha256: digest, key_id },
    entries: facts.reduce((sum, { entries }) => sum + Number(entries), 0),
    ...{ issued_at: time(issued_at), expires_at: time(expires_at) },
    behind_since: behind_since === null ? null : formatTime(behind_since),
    ...{ served: refusal === undefined, reason: refusal?.message ?? null },
  };
}

function onlyRefusals(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

const tags = ['modules'];
const catalogueRoute = createRoute({
  method: 'get',
  path: '/api/modules/{collection}',
  tags,
  summary: 'The signed catalogue of a collection',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The catalogue, as canonical bytes', z.unknown()), 304: { description: 'Unchanged' } },
});
const stateRoute = createRoute({
  method: 'get',
  path: '/api/collections/{collection}/catalogue',
  tags,
  summary: 'The state of a catalogue: its version, its end, and what waits to be signed',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The state', stateSchema) },
});
