/** HTTP of SBOMs: attach, read, list, search, compare. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  compareStoredSboms,
  encodeCursor,
  parseComponentFilter,
  parseCursor,
  requireSbom,
} from '../../evidence/sboms/reading.ts';
import { attachSbom, type SbomDependencies } from '../../evidence/sboms/sbom.ts';
import { listComponents, listSboms, type SbomRow, searchComponents } from '../../evidence/sboms/store.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import { openBody } from '../../http/file-body.ts';
import { readRawBody } from '../../http/raw-body.ts';
import { createRouter, jsonAnswer } from '../../http/router.ts';
import { assertMayAddEvidence, isPublic } from '../lifecycle/audience.ts';
import type { ReleaseName } from '../lifecycle/release.ts';
import {
  formatComponent,
  formatSbom,
  nameMediaType,
  componentSchema as plainComponentSchema,
  differenceSchema as plainDifferenceSchema,
  sbomSchema as plainSbomSchema,
} from './sbom-format.ts';
import { chooseArtifact, describeSubject, requireVisibleRelease } from './subject.ts';

const sbomSchema = plainSbomSchema.openapi('Sbom');
const componentSchema = plainComponentSchema.openapi('SbomComponent');
const differenceSchema = plainDifferenceSchema.openapi('SbomDifference');
const nameSchema = z.object({ slug: z.string().max(50), version: z.string().max(64) });
const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
const artifactQuery = z.object({ artifact: digestSchema.optional() });
const filterQuery = z.object({
  name: z.string().max(200).optional(),
  component_version: z.string().max(200).optional(),
  purl: z.string().max(4096).optional(),
  licence: z.string().max(200).optional(),
  after: z.string().max(60).optional(),
  limit: z.coerce.number().int().min(1).max(1000).optional(),
});
const pageSchema = z.object({ components: z.array(componentSchema), next: z.string().nullable() });
const foundSchema = componentSchema.extend({ project: z.string(), release: z.string() });
const tags = ['evidence'];
const base = '/api/projects/{slug}/releases/{version}/sbom';
const documentContent = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } };
const usualPage = 200;

/** The routes of SBOMs. */
export function sbomRoutes(dependencies: SbomDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addDocumentRoutes(router, dependencies);
  addComponentRoutes(router, dependencies);
  return router;
}

function addDocumentRoutes(router: OpenAPIHono<AppEnv>, dependencies: SbomDependencies): void {
  const { database } = dependencies;
  router.openapi(attachRoute, async (c) => {
    const name = c.req.valid('param');
    const found = await requireVisibleRelease(database.query, c.var, name);
    assertMayAddEvidence(c.var.principal, found.release);
    const artifact = chooseArtifact(found, c.req.valid('query').artifact);
    const subject = describeSubject(name, found.release, artifact);
    const row = await attachSbom(dependencies, callerOf(c.var), { subject, origin: 'attached', body: readRawBody(c) });
    return c.json(formatSbom(row, artifact), 200);
  });
  router.openapi(documentRoute, async (c) => {
    const found = await requireVisibleRelease(database.query, c.var, c.req.valid('param'));
    const { sha256: artifactSha256 } = chooseArtifact(found, c.req.valid('query').artifact);
    const row = await requireSbom(database.query, { releaseId: found.release.id, artifactSha256 });
    return answerDocument(dependencies, c, { row, isShared: isPublic(found.release) });
  });
  router.openapi(summaryRoute, async (c) => {
    const { release, artifacts } = await requireVisibleRelease(database.query, c.var, c.req.valid('param'));
    const rows = await listSboms(database.query, release.id);
    const sboms = rows.flatMap((row) => {
      const artifact = artifacts.find(({ sha256 }) => sha256 === row.artifact_sha256);
      return artifact ? [formatSbom(row, artifact)] : [];
    });
    return c.json({ sboms }, 200);
  });
}

function addComponentRoutes(router: OpenAPIHono<AppEnv>, dependencies: SbomDependencies): void {
  const { database } = dependencies;
  router.openapi(componentsRoute, async (c) => {
    const row = await findSbom(dependencies, c, c.req.valid('query').artifact);
    const { filter, page } = parseSearch(c.req.valid('query'));
    const rows = await listComponents(database.query, [row.id], { filter, page });
    return c.json({ components: rows.map(formatComponent), next: nameNext(rows, page.limit) }, 200);
  });
  router.openapi(searchRoute, async (c) => {
    const { project, ...query } = c.req.valid('query');
    const { filter, page } = parseSearch(query);
    const rows = await searchComponents(database.query, c.var.organisation.id, { filter, page, project });
    const components = rows.map((row) => ({ ...formatComponent(row), project: row.slug, release: row.release }));
    return c.json({ components, next: nameNext(rows, page.limit) }, 200);
  });
  router.openapi(differenceRoute, async (c) => {
    const { slug, version } = c.req.valid('param');
    const after = await findMainSbom(dependencies, c, { slug, version });
    const before = await findMainSbom(dependencies, c, { slug, version: c.req.valid('query').from });
    const difference = await compareStoredSboms(database.query, before, after);
    // The lists are read-only here, and arrays on the wire.
    return c.json(JSON.parse(JSON.stringify(difference)) as z.infer<typeof differenceSchema>, 200);
  });
}

async function findSbom(dependencies: SbomDependencies, c: Context<AppEnv>, artifact: string | undefined) {
  const name = { slug: c.req.param('slug') ?? '', version: c.req.param('version') ?? '' };
  return findMainSbom(dependencies, c, name, artifact);
}

async function findMainSbom(
  { database }: SbomDependencies,
  c: Context<AppEnv>,
  name: ReleaseName,
  artifact?: string,
): Promise<SbomRow> {
  const found = await requireVisibleRelease(database.query, c.var, name);
  const { sha256 } = chooseArtifact(found, artifact);
  return requireSbom(database.query, { releaseId: found.release.id, artifactSha256: sha256 });
}

function answerDocument(
  { blobs }: SbomDependencies,
  c: Context<AppEnv>,
  { row, isShared }: { readonly row: SbomRow; readonly isShared: boolean },
): never {
  const headers = {
    'Content-Type': nameMediaType(row),
    // What strangers may not see no cache on the way may keep for them.
    'Cache-Control': isShared ? 'public, max-age=60' : 'private, no-store',
    // Whoever uploads wrote it, XML perhaps: it is no page of ours.
    'Content-Disposition': 'attachment',
    ETag: `"${row.sha256}"`,
  };
  if (isMatch(c.req.header('if-none-match') ?? '', headers.ETag)) return c.body(null, 304, headers) as never;
  const bytes = openBody(c, () => blobs.read(row.sha256));
  return c.body(bytes, 200, { ...headers, 'Content-Length': String(row.size_bytes) }) as never;
}

function parseSearch({ after, limit = usualPage, component_version: version, ...asked }: z.infer<typeof filterQuery>) {
  const { name, purl, licence } = asked;
  return {
    filter: parseComponentFilter({ name, purl, licence, version }),
    page: { after: parseCursor(after), limit },
  };
}

function nameNext(rows: readonly { sbom_id: string; position: number }[], limit: number): string | null {
  const last = rows.at(-1);
  return last && rows.length === limit ? encodeCursor(last) : null;
}

const attachRoute = createRoute({
  method: 'put',
  path: base,
  tags,
  summary: 'Attach an SBOM to a file of a release',
  description: 'The body is CycloneDX 1.2 to 1.7 (JSON or XML), SPDX 2.3 (JSON) or SPDX 3.0 (JSON-LD).',
  request: { params: nameSchema, query: artifactQuery },
  responses: { 200: jsonAnswer('It is kept, in the place of the one before', sbomSchema) },
});
const documentRoute = createRoute({
  method: 'get',
  path: base,
  tags,
  summary: 'The SBOM of a file of a release, as it was attached or made',
  request: { params: nameSchema, query: artifactQuery },
  responses: { 200: { description: 'The document', content: documentContent } },
});
const summaryRoute = createRoute({
  method: 'get',
  path: `${base}/summary`,
  tags,
  summary: 'The SBOMs of a release, with what they leave out',
  request: { params: nameSchema },
  responses: { 200: jsonAnswer('One for each file and origin', z.object({ sboms: z.array(sbomSchema) })) },
});
const componentsRoute = createRoute({
  method: 'get',
  path: `${base}/components`,
  tags,
  summary: 'The components of a file of a release',
  request: { params: nameSchema, query: filterQuery.extend({ artifact: digestSchema.optional() }) },
  responses: { 200: jsonAnswer('A page of them', pageSchema) },
});
const differenceRoute = createRoute({
  method: 'get',
  path: `${base}/difference`,
  tags,
  summary: 'What changed among the components since another release',
  request: { params: nameSchema, query: z.object({ from: z.string().max(64) }) },
  responses: { 200: jsonAnswer('The difference between the main files', differenceSchema) },
});
const searchRoute = createRoute({
  method: 'get',
  path: '/api/components',
  tags,
  summary: 'Search the components of all releases',
  request: { query: filterQuery.extend({ project: z.string().max(50).optional() }) },
  responses: {
    200: jsonAnswer('A page of them', z.object({ components: z.array(foundSchema), next: z.string().nullable() })),
  },
});
