/** HTTP of evidence: attach, take away, read; and what the policy says of it. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../../errors.ts';
import {
  type ArtifactReference,
  attachDocument,
  readDocument,
  removeDocument,
} from '../../../evidence/documents/document.ts';
import { type EvidenceDocumentRow, findDocument, listDocumentHeads } from '../../../evidence/documents/store.ts';
import { readOverrides } from '../../../evidence/policies/override.ts';
import { findSbomDocument } from '../../../evidence/sboms/store.ts';
import { type AppEnv, callerOf } from '../../../http/context.ts';
import { isMatch } from '../../../http/entity-tag.ts';
import { openBody } from '../../../http/file-body.ts';
import { createRouter, jsonAnswer } from '../../../http/router.ts';
import type { Blobs } from '../../../storage/blobs.ts';
import { nameMediaType } from '../../evidence/sbom-format.ts';
import { chooseArtifact, type ReleaseWithFiles, requireVisibleRelease } from '../../evidence/subject.ts';
import { assertMayAddEvidence, isPublic } from '../../lifecycle/audience.ts';
import { type ReleaseName, requireRelease } from '../../lifecycle/release.ts';
import { voidProposals } from '../../lifecycle/store.ts';
import { rejudgeRelease } from '../admit.ts';
import {
  digestSchema,
  documentSchema,
  formatDocument,
  formatOverride,
  formatRecorded,
  formatVerdict,
  overrideSchema,
  recordedVerdictSchema,
  verdictSchema,
} from '../format.ts';
import type { GateParts } from '../judge.ts';
import { listVerdicts } from '../store.ts';

const nameSchema = z.object({ slug: z.string().max(50), version: z.string().max(64) });
const artifactQuery = z.object({
  artifact: digestSchema.optional().openapi({ description: 'The SHA-256 of the file; the main one when left out' }),
});
const tags = ['evidence'];
const base = '/api/projects/{slug}/releases/{version}/evidence';
const maxNameLength = 128;

/** What the routes of evidence need. */
export interface EvidenceRouteParts extends GateParts {
  readonly blobs: Blobs;
}

/** The routes of evidence documents. */
export function evidenceRoutes(parts: EvidenceRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addReadingRoutes(router, parts);
  addChangingRoutes(router, parts);
  return router;
}

function addReadingRoutes(router: OpenAPIHono<AppEnv>, { database: { query }, now, blobs }: EvidenceRouteParts): void {
  router.openapi(showRoute, async (c) => {
    const name = c.req.valid('param');
    const found = await requireVisibleRelease(query, c.var, name);
    const [verdict] = await listVerdicts(query, found.release.id, 1);
    const overrides = await readOverrides(query, found.release.id, now());
    const documents = await listDocumentHeads(query, listIds(found));
    const place = { ...name, artifacts: found.artifacts };
    return c.json(
      {
        verdict: verdict ? formatRecorded(verdict) : null,
        overrides: overrides.map(formatOverride),
        documents: documents.map((row) => formatDocument(row, place)),
      },
      200,
    );
  });
  router.openapi(readRoute, async (c) => {
    const { digest: sha256, ...name } = c.req.valid('param');
    const found = await requireVisibleRelease(query, c.var, name);
    const cacheControl = isPublic(found.release) ? 'public, max-age=86400' : 'private, no-store';
    const disposition = { 'Content-Disposition': 'attachment' };
    const headers = { 'Cache-Control': cacheControl, ETag: `"${sha256}"`, ...disposition };
    if (isMatch(c.req.header('if-none-match') ?? '', headers.ETag)) return c.body(null, 304, headers) as never;
    const row = await findDocument(query, { artifactIds: listIds(found), sha256 });
    if (row) return c.body(row.content, 200, { ...headers, 'Content-Type': mediaTypeOf(row) }) as never;
    const sbom = await findSbomDocument(query, { releaseId: found.release.id, sha256 });
    if (!sbom) throw new Refusal('not_found', 'the release has no such document');
    const length = { 'Content-Type': nameMediaType(sbom), 'Content-Length': String(sbom.size_bytes) };
    const bytes = openBody(c, () => blobs.read(sha256));
    return c.body(bytes, 200, { ...headers, ...length }) as never;
  });
}

function addChangingRoutes(router: OpenAPIHono<AppEnv>, parts: GateParts): void {
  const { database, now } = parts;
  router.openapi(attachRoute, async (c) => {
    const name = c.req.valid('param');
    const query = c.req.valid('query');
    const artifact = await findArtifact(parts, c.var, { name, sha256: query.artifact });
    const document = readDocument(new Uint8Array(await c.req.arrayBuffer()));
    await database.transaction(async (tx) => {
      await attachDocument(tx, callerOf(c.var), { artifact, name: query.name ?? 'bundle.json', document, at: now() });
      // A proposal names the documents that there were.
      await voidProposals(tx, artifact.release.id);
    });
    const { verdict } = await rejudgeRelease(parts, callerOf(c.var), name);
    const attached = { artifact: artifact.name, kind: document.kind, sha256: document.sha256 };
    return c.json({ ...attached, verdict: verdict ? formatVerdict(verdict) : null }, 201);
  });
  router.openapi(removeRoute, async (c) => {
    const { digest: sha256, ...name } = c.req.valid('param');
    const artifact = await findArtifact(parts, c.var, { name, sha256: c.req.valid('query').artifact });
    await database.transaction(async (tx) => {
      await assertRemovable(tx, c.var.organisation.id, name);
      await removeDocument(tx, callerOf(c.var), { artifact, sha256, at: now() });
      await voidProposals(tx, artifact.release.id);
    });
    await rejudgeRelease(parts, callerOf(c.var), name);
    return c.body(null, 204);
  });
  router.openapi(judgeRoute, async (c) => {
    const { verdict } = await rejudgeRelease(parts, callerOf(c.var), c.req.valid('param'));
    return c.json({ verdict: verdict ? formatVerdict(verdict) : null }, 200);
  });
}

/** A signed manifest names the documents of what was published: nobody makes them disappear beneath it. */
async function assertRemovable(
  query: GateParts['database']['query'],
  organisationId: string,
  name: ReleaseName,
): Promise<void> {
  const { release } = await requireRelease(query, organisationId, name);
  if (!isPublic(release)) return;
  throw new Refusal('conflict', 'the documents of a published release stay', {
    rule: 'release-state',
    hint: 'signpost release withdraw',
  });
}

async function findArtifact(
  { database }: GateParts,
  reader: AppEnv['Variables'],
  { name, sha256 }: { readonly name: ReleaseName; readonly sha256: string | undefined },
): Promise<ArtifactReference> {
  const found = await requireVisibleRelease(database.query, reader, name);
  assertMayAddEvidence(reader.principal, found.release);
  const artifact = chooseArtifact(found, sha256);
  return { id: artifact.id, name: artifact.name, release: { id: found.release.id, ...name } };
}

function listIds({ artifacts }: ReleaseWithFiles): readonly string[] {
  return artifacts.map(({ id }) => id);
}

function mediaTypeOf({ kind, origin }: EvidenceDocumentRow): string {
  if (origin === 'issued') return 'application/vnd.dsse.envelope.v1+json';
  return kind === 'bundle' ? 'application/vnd.dev.sigstore.bundle.v0.3+json' : 'application/json';
}

const showRoute = createRoute({
  method: 'get',
  path: base,
  tags,
  summary: 'The evidence for a release, and what the policy says of it',
  request: { params: nameSchema },
  responses: {
    200: jsonAnswer(
      'The latest verdict, the overrides in force, and every document',
      z.object({
        verdict: recordedVerdictSchema.nullable(),
        overrides: z.array(overrideSchema),
        documents: z.array(documentSchema),
      }),
    ),
  },
});
const readRoute = createRoute({
  method: 'get',
  path: `${base}/{digest}`,
  tags,
  summary: 'A document, as it was attached or issued',
  request: { params: nameSchema.extend({ digest: digestSchema }) },
  responses: {
    200: {
      description: 'The document',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
});
const attachRoute = createRoute({
  method: 'post',
  path: base,
  tags,
  summary: 'Attach a document to a file of a release',
  description: 'The body is a Sigstore bundle, or what GitHub, npm or PyPI answer with bundles inside; at most 4 MiB.',
  request: {
    params: nameSchema,
    query: artifactQuery.extend({
      name: z
        .string()
        .max(maxNameLength)
        .regex(/^[\w.@+ -]+$/)
        .optional(),
    }),
  },
  responses: {
    201: jsonAnswer(
      'Kept; and what the policy says now',
      z.object({
        artifact: z.string(),
        kind: z.enum(['bundle', 'attestations']),
        sha256: digestSchema,
        verdict: verdictSchema.nullable(),
      }),
    ),
  },
});
const removeRoute = createRoute({
  method: 'delete',
  path: `${base}/{digest}`,
  tags,
  summary: 'Take a document away that somebody attached',
  request: { params: nameSchema.extend({ digest: digestSchema }), query: artifactQuery },
  responses: { 204: { description: 'Gone' } },
});
const judgeRoute = createRoute({
  method: 'post',
  path: `${base}/judge`,
  tags,
  summary: 'Hold the policy against the evidence once more',
  description: 'Trust roots, vulnerability data and time go on while a release waits.',
  request: { params: nameSchema },
  responses: { 200: jsonAnswer('What the policy says now', z.object({ verdict: verdictSchema.nullable() })) },
});
