/** HTTP of the pictures of a plugin's page: staged, shown, and deployed together. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import { openBody } from '../../http/file-body.ts';
import { strictContentPolicy } from '../../http/headers.ts';
import { createRouter, fileBody, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { mayReadDrafts } from '../../releases/lifecycle/audience.ts';
import { requirePlugin } from '../credentials/credential.ts';
import type { DeployParts } from '../deploy/deploy.ts';
import { deploySchema, formatDeploy } from '../deploy/routes.ts';
import {
  type AssetParts,
  digestBatch,
  type Picture,
  publishAssets,
  requireAsset,
  stageAsset,
  stageDeletion,
  unstageAsset,
} from './asset.ts';
import { readPictureBefore, requestAssetDeploy } from './batch.ts';
import { type AssetRow, listAssets } from './store.ts';

/** What the routes of pictures need. */
export interface AssetRouteParts extends AssetParts, DeployParts {}

const path = '/api/projects/{slug}/wordpress/assets';
const tags = ['wordpress'];
const projectSchema = z.object({ slug: z.string().max(50) });
const assetParams = projectSchema.extend({ name: z.string().max(100) });
const beforeParams = assetParams.extend({ id: z.string().max(64) });
const assetSchema = z
  .object({
    name: z.string(),
    change: z.enum(['put', 'delete']),
    media_type: z.string().nullable(),
    sha256: z.string().nullable(),
    size_bytes: z.int().nullable(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    staged_at: timeSchema,
    deployed_revision: z.int().nullable(),
  })
  .openapi('WordpressAsset');

/** The routes of pictures. */
export function assetRoutes(parts: AssetRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addStagingRoutes(router, parts);
  router.openapi(listRoute, async (c) => {
    const { query } = parts.database;
    const project = await requirePlugin(query, c.var.organisation.id, c.req.valid('param').slug);
    const rows = await listAssets(query, project.id);
    return c.json({ assets: rows.map(formatAsset), batch_digest: digestBatch(rows) }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const of = c.req.valid('param');
    const maySeeStaged = mayReadDrafts(c.var.principal, of.slug);
    const picture = await requireAsset(parts.database.query, c.var.organisation.id, { of, maySeeStaged });
    return answerPicture(parts, c, { picture, maySeeStaged });
  });
  router.openapi(deployRoute, async (c) =>
    c.json(formatDeploy(await requestAssetDeploy(parts, callerOf(c.var), c.req.valid('param').slug)), 201),
  );
  router.openapi(publishRoute, async (c) => {
    const { batch_digest: batchDigest } = c.req.valid('json');
    await publishAssets(parts, callerOf(c.var), { slug: c.req.valid('param').slug, batchDigest });
    parts.published(c.var.organisation.id);
    return c.body(null, 204);
  });
  router.openapi(beforeRoute, async (c) => {
    const { slug, id, name } = c.req.valid('param');
    const wanted = { deploy: { slug, id }, name };
    const { bytes, mediaType } = await readPictureBefore(parts, c.var.organisation.id, wanted);
    const headers = { 'Content-Type': mediaType, 'Cache-Control': 'private, no-store' };
    return c.body(new Uint8Array(bytes), 200, { ...headers, 'Content-Security-Policy': contentPolicy }) as never;
  });
  return router;
}

function addStagingRoutes(router: OpenAPIHono<AppEnv>, parts: AssetRouteParts): void {
  router.openapi(stageRoute, async (c) => {
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const row = await stageAsset(parts, callerOf(c.var), { of: c.req.valid('param'), bytes });
    return c.json(formatAsset(row), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    const row = await stageDeletion(parts, callerOf(c.var), c.req.valid('param'));
    return c.json(formatAsset(row), 200);
  });
  router.openapi(unstageRoute, async (c) => {
    await unstageAsset(parts, callerOf(c.var), c.req.valid('param'));
    return c.body(null, 204);
  });
}

/** A drawing that is opened by itself loads and runs nothing, and is of no origin. */
const contentPolicy = `${strictContentPolicy}; sandbox`;

function answerPicture(
  { blobs }: AssetRouteParts,
  c: Context<AppEnv>,
  {
    picture: { sha256, media_type: type, size_bytes: size },
    maySeeStaged,
  }: { readonly picture: Picture; readonly maySeeStaged: boolean },
): never {
  const etag = `"${sha256}"`;
  // What only members see must not stay in a shared cache.
  const cacheControl = maySeeStaged ? 'private, no-cache' : 'public, max-age=300';
  const headers = { ETag: etag, 'Cache-Control': cacheControl, 'Content-Security-Policy': contentPolicy };
  if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, headers) as never;
  const described = { ...headers, 'Content-Type': type, 'Content-Length': String(size) };
  // In pieces: strangers may ask for it as often as they like, and read as slowly.
  const bytes = openBody(c, () => blobs.read(sha256));
  return c.body(bytes, 200, described) as never;
}

function formatAsset(row: AssetRow): z.infer<typeof assetSchema> {
  const { name, media_type, sha256, size_bytes, width, height, deployed_revision } = row;
  return {
    ...{ name, change: sha256 === null ? 'delete' : 'put', media_type, sha256, size_bytes, width, height },
    ...{ staged_at: formatTime(row.staged_at), deployed_revision },
  };
}

const picture = {
  description: 'The picture',
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
};
const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: "The pictures of a plugin's page, staged and deployed",
  request: { params: projectSchema },
  responses: {
    200: jsonAnswer(
      'By name; the digest stands for exactly these',
      z.object({ assets: z.array(assetSchema), batch_digest: z.string() }),
    ),
  },
});
const showRoute = createRoute({
  method: 'get',
  path: `${path}/{name}`,
  tags,
  summary: 'A picture as it is deployed or published, which feeds of updates show; to members, as it is staged',
  request: { params: assetParams },
  responses: { 200: picture, 304: { description: 'Unchanged' }, 404: { description: 'No such picture' } },
});
const stageRoute = createRoute({
  method: 'put',
  path: `${path}/{name}`,
  tags,
  summary: 'Stage a picture under a name that wordpress.org shows',
  description:
    'The body is the picture, known by its bytes, of the size in pixels that its name says. It is decoded and written anew; an SVG is held to a list of what it may contain.',
  request: { params: assetParams, body: fileBody },
  responses: { 200: jsonAnswer('What is staged', assetSchema) },
});
const deleteRoute = createRoute({
  method: 'delete',
  path: `${path}/{name}`,
  tags,
  summary: 'Stage the deletion of a picture in the repository',
  request: { params: assetParams },
  responses: { 200: jsonAnswer('What is staged', assetSchema) },
});
const unstageRoute = createRoute({
  method: 'post',
  path: `${path}/{name}/unstage`,
  tags,
  summary: 'Take a name out of what is staged: the repository keeps what it has',
  request: { params: assetParams },
  responses: { 204: { description: 'Not staged any more' } },
});
const deployRoute = createRoute({
  method: 'post',
  path: `${path}/deploys`,
  tags,
  summary: 'Prepare the deploy of everything that is staged',
  request: { params: projectSchema },
  responses: { 201: jsonAnswer('The deploy, whose diff is made next', deploySchema) },
});
const publishRoute = createRoute({
  method: 'post',
  path: `${path}/publication`,
  tags,
  summary: 'Show everybody what is staged, without a deploy: for a plugin that is not at wordpress.org',
  request: { params: projectSchema, body: jsonBody(z.strictObject({ batch_digest: z.string().max(64) })) },
  responses: { 204: { description: 'Shown' } },
});
const beforeRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}/wordpress/deploys/{id}/before/{name}',
  tags,
  summary: 'What a picture was in the repository when the diff was made, fetched and written anew',
  request: { params: beforeParams },
  responses: { 200: picture },
});
