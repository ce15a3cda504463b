/** HTTP of the pre-flight: settings of a project, reports of its releases. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { phpVersions } from '../../config-values.ts';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { requireRelease } from '../../releases/lifecycle/release.ts';
import { requirePlugin } from '../credentials/credential.ts';
import {
  cancelPreflight,
  type PreflightParts,
  readStanding,
  renewReports,
  requestPreflight,
  type Standing,
} from './preflight.ts';
import { changeSettings, fillIn, readWish, type SettingsWish } from './settings.ts';
import { openStates, type PreflightRow } from './store.ts';
import { gates, isSetUp, type PreflightConfig, toolNames } from './tools.ts';
import { type JudgedTool, judgeResults, type ToolResults, worstOf } from './verdict.ts';

const gateSchema = z.enum(gates);
const allOf = <Schema extends z.ZodType>(schema: Schema) =>
  z.object({ security: schema, php: schema, standard: schema, plugin_check: schema });
const phpSchema = z.enum(phpVersions);
const settingsSchema = z
  .object({
    php_version: phpSchema,
    gates: allOf(gateSchema),
    chosen: z.object({ php_version: phpSchema.nullable(), gates: allOf(gateSchema).partial() }),
    set_up: allOf(z.boolean()),
  })
  .openapi('WordpressPreflightSettings');
const findingSchema = z.object({
  severity: z.enum(['error', 'warning']),
  path: z.string(),
  line: z.int(),
  code: z.string(),
  message: z.string(),
});
const verdictSchema = z.enum(['acceptable', 'acknowledge', 'refused']);
const toolSchema = z.object({
  tool: z.enum(toolNames),
  gate: gateSchema,
  outcome: z.enum(['passed', 'failed', 'not_run', 'waiting']),
  verdict: verdictSchema,
  version: z.string().nullable(),
  reason: z.string().nullable(),
  errors: z.int(),
  warnings: z.int(),
  findings: z.array(findingSchema),
});
const reportSchema = z
  .object({
    id: z.string(),
    project: z.string(),
    version: z.string(),
    state: z.enum(['waiting', 'running', 'done', 'cancelled']),
    verdict: verdictSchema.nullable(),
    changed_since: z.array(z.enum(['file', ...toolNames])),
    progress: z.object({ tool: z.enum(toolNames), files_done: z.int(), files_total: z.int() }).nullable(),
    tools: z.array(toolSchema),
    created_at: timeSchema,
    ended_at: timeSchema.nullable(),
  })
  .openapi('WordpressPreflight');

const projectSchema = z.object({ slug: z.string().max(50) });
const releaseSchema = projectSchema.extend({ version: z.string().max(64) });
const settingsPath = '/api/projects/{slug}/wordpress/preflight';
const path = '/api/projects/{slug}/releases/{version}/wordpress/preflight';
const tags = ['wordpress'];

const settingsRoute = createRoute({
  method: 'get',
  path: settingsPath,
  tags,
  summary: 'What a project asks of the pre-flight',
  request: { params: projectSchema },
  responses: { 200: jsonAnswer('`chosen` is what was set, the rest are defaults of this server', settingsSchema) },
});
const changeRoute = createRoute({
  method: 'put',
  path: settingsPath,
  tags,
  summary: 'Set what a project asks of the pre-flight; what is not named has its default',
  request: {
    params: projectSchema,
    body: jsonBody(
      z.strictObject({ php_version: phpSchema.nullish(), gates: allOf(gateSchema).partial().strict().optional() }),
    ),
  },
  responses: { 200: jsonAnswer('Reports of releases in service that are stale now are made again', settingsSchema) },
});
const showRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'What the pre-flight found in a release',
  request: { params: releaseSchema },
  responses: { 200: jsonAnswer('With `changed_since`, it is stale and no deploy passes by it', reportSchema) },
});
const runRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Run the pre-flight of a release',
  request: { params: releaseSchema },
  responses: { 202: jsonAnswer('The run, or the one that is under way already', reportSchema) },
});
const cancelRoute = createRoute({
  method: 'post',
  path: `${path}/cancel`,
  tags,
  summary: 'Give up a run of the pre-flight',
  request: { params: releaseSchema },
  responses: { 200: jsonAnswer('The run, given up, or the report before it', reportSchema) },
});

/** The routes of the pre-flight. */
export function preflightRoutes(parts: PreflightParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addSettingsRoutes(router, parts);
  router.openapi(showRoute, async (c) =>
    c.json(await describeReport(parts, c.var.organisation.id, c.req.valid('param')), 200),
  );
  router.openapi(runRoute, async (c) => {
    const name = c.req.valid('param');
    await requestPreflight(parts, callerOf(c.var), name);
    return c.json(await describeReport(parts, c.var.organisation.id, name), 202);
  });
  router.openapi(cancelRoute, async (c) => {
    const name = c.req.valid('param');
    await cancelPreflight(parts, callerOf(c.var), name);
    return c.json(await describeReport(parts, c.var.organisation.id, name), 200);
  });
  return router;
}

function addSettingsRoutes(router: OpenAPIHono<AppEnv>, parts: PreflightParts): void {
  const { query } = parts.database;
  router.openapi(settingsRoute, async (c) => {
    const project = await requirePlugin(query, c.var.organisation.id, c.req.valid('param').slug);
    return c.json(formatSettings(parts.config, await readWish(query, project.id)), 200);
  });
  router.openapi(changeRoute, async (c) => {
    const { slug } = c.req.valid('param');
    const { php_version: phpVersion = null, gates: chosen = {} } = c.req.valid('json');
    const wish = { phpVersion, gates: chosen };
    await changeSettings(parts, callerOf(c.var), { slug, wish });
    await renewReports(parts, callerOf(c.var), slug);
    return c.json(formatSettings(parts.config, wish), 200);
  });
}

async function describeReport(
  parts: PreflightParts,
  organisationId: string,
  name: { readonly slug: string; readonly version: string },
): Promise<z.infer<typeof reportSchema>> {
  const standing = await readStanding(parts, await requireRelease(parts.database.query, organisationId, name));
  if (standing.report) return { project: name.slug, version: name.version, ...formatReport(standing, standing.report) };
  throw new Refusal('not_found', 'there was no pre-flight of this release', {
    rule: 'preflight-missing',
    hint: 'signpost wordpress preflight run SLUG VERSION',
  });
}

function formatReport({ settings, changes }: Standing, row: PreflightRow) {
  const tools = judgeResults(JSON.parse(row.results) as ToolResults, settings.gates);
  const tool = toolNames.find((name) => name === row.tool);
  return {
    ...{ id: row.id, state: row.state, verdict: row.state === 'done' ? worstOf(tools) : null },
    changed_since: openStates.includes(row.state) ? [] : [...changes],
    progress: tool ? { tool, files_done: row.files_done, files_total: row.files_total } : null,
    tools: tools.map(formatTool),
    created_at: formatTime(row.created_at),
    ended_at: row.ended_at === null ? null : formatTime(row.ended_at),
  };
}

function formatTool({ result, ...judged }: JudgedTool): z.infer<typeof toolSchema> {
  const nothing = { version: null, reason: null, errors: 0, warnings: 0, findings: [] };
  if (!result) return { ...judged, ...nothing };
  if (result.outcome === 'not_run') return { ...judged, ...nothing, reason: result.reason };
  const { version, errors, warnings, findings } = result;
  return { ...judged, version, reason: null, errors, warnings, findings: [...findings] };
}

function formatSettings(config: PreflightConfig, wish: SettingsWish): z.infer<typeof settingsSchema> {
  const { phpVersion, gates: filled } = fillIn(config, wish);
  const setUp = Object.fromEntries(toolNames.map((tool) => [tool, isSetUp(config, tool)]));
  return {
    ...{ php_version: phpVersion, gates: { ...filled } },
    chosen: { php_version: wish.phpVersion, gates: { ...wish.gates } },
    set_up: setUp as Record<(typeof toolNames)[number], boolean>,
  };
}
