/** HTTP of deploys: asked for, looked at, confirmed, cancelled. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { requirePlugin } from '../credentials/credential.ts';
import {
  cancelDeploy,
  confirmDeploy,
  type DeployFailure,
  type DeployParts,
  requestDeploy,
  requireDeploy,
} from './deploy.ts';
import type { PreparedDiff } from './prepared-diff.ts';
import { type DeployRow, listDeploys } from './store.ts';

const pictureSchema = z.object({ sha256: z.string(), width: z.int().nullable(), height: z.int().nullable() });
/** A deploy. */
export const deploySchema = z
  .object({
    id: z.string(),
    version: z.string(),
    lane: z.enum(['code', 'assets']),
    repository: z.string(),
    state: z.enum(['requested', 'preparing', 'awaiting_confirmation', 'committing', 'deployed', 'failed', 'cancelled']),
    stage: z.enum(['unpacking', 'fetching', 'comparing', 'sending']).nullable(),
    diff_digest: z.string().nullable(),
    revision: z.int().nullable(),
    failure: z.object({ rule: z.string(), message: z.string(), hint: z.string() }).nullable(),
    created_at: timeSchema,
    updated_at: timeSchema,
    ended_at: timeSchema.nullable(),
  })
  .openapi('WordpressDeploy');
const diffSchema = z
  .object({
    base_revision: z.int(),
    changes: z.array(
      z.object({
        path: z.string(),
        action: z.enum(['added', 'deleted', 'modified', 'replaced']),
        kind: z.enum(['file', 'directory', 'other']),
        size_before: z.int().nullable(),
        size_after: z.int().nullable(),
        sha256: z.string().nullable(),
        executable: z.boolean(),
        properties: z.array(z.string()),
        picture: z.object({ before: pictureSchema.nullable(), after: pictureSchema.nullable() }).nullable(),
      }),
    ),
    text: z.string(),
    text_cut: z.boolean(),
  })
  .openapi('WordpressDiff');
const projectSchema = z.object({ slug: z.string().max(50) });
const deployParamsSchema = projectSchema.extend({ id: z.string().max(64) });
const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
const confirmSchema = z.strictObject({
  diff_digest: digestSchema,
  acknowledged_preflight: z
    .string()
    .max(64)
    .optional()
    .openapi({ description: 'The id of the report of the pre-flight, where its soft gates were not passed' }),
});
const path = '/api/projects/{slug}/wordpress/deploys';
const tags = ['wordpress'];
/** The newest ones are listed; the audit log has them all. */
const listLimit = 50;

/** The routes of deploys. */
export function deployRoutes(parts: DeployParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addReadingRoutes(router, parts);
  router.openapi(requestRoute, async (c) => {
    const name = { slug: c.req.valid('param').slug, version: c.req.valid('json').version };
    return c.json(formatDeploy(await requestDeploy(parts, callerOf(c.var), name)), 201);
  });
  router.openapi(confirmRoute, async (c) => {
    const { diff_digest: digest, acknowledged_preflight: acknowledged } = c.req.valid('json');
    const request = { name: c.req.valid('param'), digest, acknowledged };
    return c.json(formatDeploy(await confirmDeploy(parts, callerOf(c.var), request)), 200);
  });
  router.openapi(cancelRoute, async (c) =>
    c.json(formatDeploy(await cancelDeploy(parts, callerOf(c.var), c.req.valid('param'))), 200),
  );
  return router;
}

function addReadingRoutes(router: OpenAPIHono<AppEnv>, { database }: DeployParts): void {
  router.openapi(listRoute, async (c) => {
    const project = await requirePlugin(database.query, c.var.organisation.id, c.req.valid('param').slug);
    const rows = await listDeploys(database.query, project.id, listLimit);
    return c.json({ deploys: rows.map(formatDeploy) }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const row = await requireDeploy(database.query, c.var.organisation.id, c.req.valid('param'));
    return c.json({ ...formatDeploy(row), diff: row.diff === null ? null : formatDiff(JSON.parse(row.diff)) }, 200);
  });
}

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'The deploys of a plugin',
  request: { params: projectSchema },
  responses: { 200: jsonAnswer('The newest first, 50 at most', z.object({ deploys: z.array(deploySchema) })) },
});
const showRoute = createRoute({
  method: 'get',
  path: `${path}/{id}`,
  tags,
  summary: 'One deploy, and what it would change',
  request: { params: deployParamsSchema },
  responses: { 200: jsonAnswer('The deploy with its diff', deploySchema.extend({ diff: diffSchema.nullable() })) },
});
const requestRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Prepare the deploy of a release in service',
  request: { params: projectSchema, body: jsonBody(z.strictObject({ version: z.string().max(64) })) },
  responses: { 201: jsonAnswer('The deploy, whose diff is made next', deploySchema) },
});
const confirmRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/confirm`,
  tags,
  summary: 'Commit exactly the diff of this digest',
  request: { params: deployParamsSchema, body: jsonBody(confirmSchema) },
  responses: { 200: jsonAnswer('The deploy, which is committed next', deploySchema) },
});
const cancelRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/cancel`,
  tags,
  summary: 'Give up a deploy that was not confirmed',
  request: { params: deployParamsSchema },
  responses: { 200: jsonAnswer('The deploy, given up', deploySchema) },
});

/** A deploy as it is told. */
export function formatDeploy(row: DeployRow): z.infer<typeof deploySchema> {
  const { id, version, lane, repository, state, stage, diff_digest, revision } = row;
  return {
    ...{ id, version, lane, repository, state, stage, diff_digest, revision },
    failure: row.failure === null ? null : (JSON.parse(row.failure) as DeployFailure),
    created_at: formatTime(row.created_at),
    updated_at: formatTime(row.updated_at),
    ended_at: row.ended_at === null ? null : formatTime(row.ended_at),
  };
}

function formatDiff({ baseRevision, changes, text, isTextCut }: PreparedDiff): z.infer<typeof diffSchema> {
  return {
    base_revision: baseRevision,
    changes: changes.map(({ sizeBefore, sizeAfter, isExecutable, properties, picture = null, ...change }) => ({
      ...{ ...change, size_before: sizeBefore, size_after: sizeAfter, executable: isExecutable },
      ...{ properties: [...properties], picture },
    })),
    ...{ text, text_cut: isTextCut },
  };
}
