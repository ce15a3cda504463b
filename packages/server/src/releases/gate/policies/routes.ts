/** HTTP of policies: show, put in force, take away, try. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { maxPolicyBytes } from '@signpost/protocol/policy/policy';
import { Refusal } from '../../../errors.ts';
import { createOverride, readOverrides, removeOverride } from '../../../evidence/policies/override.ts';
import { changePolicy, readPolicyInForce } from '../../../evidence/policies/policy.ts';
import { readPolicyText } from '../../../evidence/policies/policy-text.ts';
import { listPolicies } from '../../../evidence/policies/store.ts';
import { type AppEnv, callerOf } from '../../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../../http/router.ts';
import { textSchema } from '../../../http/text-schema.ts';
import { requireRelease } from '../../lifecycle/release.ts';
import { requireProject } from '../../projects/project.ts';
import {
  digestSchema,
  formatOverride,
  formatPolicy,
  formatVerdict,
  overrideSchema,
  policySchema,
  ruleSchema,
  verdictSchema,
} from '../format.ts';
import { type GateParts, judgeUnder } from '../judge.ts';

const slugSchema = z.object({ slug: z.string().max(50) });
const nameSchema = slugSchema.extend({ version: z.string().max(64) });
const textBody = z.strictObject({ text: z.string().max(maxPolicyBytes) });
const versionSchema = z.object({ version: z.int(), sha256: digestSchema.nullable(), created_at: timeSchema });
const tags = ['evidence'];
const shownVersions = 100;

/** The routes of policies and overrides. */
export function policyRoutes(parts: GateParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addPolicyRoutes(router, parts);
  addTrialRoute(router, parts);
  addOverrideRoutes(router, parts);
  return router;
}

function addPolicyRoutes(router: OpenAPIHono<AppEnv>, parts: GateParts): void {
  const { query } = parts.database;
  router.openapi(showRoute, async (c) => {
    const project = await requireProject(query, c.var.organisation.id, c.req.valid('param').slug);
    const policy = await readPolicyInForce(query, project.id);
    if (!policy) {
      throw new Refusal('not_found', 'the project has no policy', { rule: 'no-policy', hint: 'signpost policy set' });
    }
    return c.json(formatPolicy(policy), 200);
  });
  router.openapi(versionsRoute, async (c) => {
    const project = await requireProject(query, c.var.organisation.id, c.req.valid('param').slug);
    const rows = await listPolicies(query, project.id, shownVersions);
    const versions = rows.map((row) => ({
      ...{ version: row.version, sha256: row.sha256, created_at: formatTime(row.created_at) },
    }));
    return c.json({ versions }, 200);
  });
  router.openapi(changeRoute, async (c) => {
    const project = await requireProject(query, c.var.organisation.id, c.req.valid('param').slug);
    const policy = await changePolicy(parts, callerOf(c.var), { project, text: c.req.valid('json').text });
    if (!policy) throw new Error('expected the policy that was put in force');
    return c.json(formatPolicy(policy), 200);
  });
  router.openapi(removeRoute, async (c) => {
    const project = await requireProject(query, c.var.organisation.id, c.req.valid('param').slug);
    await changePolicy(parts, callerOf(c.var), { project, text: undefined });
    return c.body(null, 204);
  });
}

function addTrialRoute(router: OpenAPIHono<AppEnv>, parts: GateParts): void {
  router.openapi(trialRoute, async (c) => {
    const { policy } = readPolicyText(c.req.valid('json').text);
    const subject = await requireRelease(parts.database.query, c.var.organisation.id, c.req.valid('param'));
    return c.json(formatVerdict(await judgeUnder(parts, c.var.organisation.id, { subject, policy })), 200);
  });
}

function addOverrideRoutes(router: OpenAPIHono<AppEnv>, parts: GateParts): void {
  const { query } = parts.database;
  const findRelease = async (organisationId: string, name: { slug: string; version: string }) => {
    const { release } = await requireRelease(query, organisationId, name);
    return { id: release.id, ...name };
  };
  router.openapi(listOverridesRoute, async (c) => {
    const release = await findRelease(c.var.organisation.id, c.req.valid('param'));
    const overrides = await readOverrides(query, release.id, parts.now());
    return c.json({ overrides: overrides.map(formatOverride) }, 200);
  });
  router.openapi(createOverrideRoute, async (c) => {
    const release = await findRelease(c.var.organisation.id, c.req.valid('param'));
    const { rules, reason, expires_at } = c.req.valid('json');
    const request = { rules, reason, expiresAt: Date.parse(expires_at) };
    return c.json(formatOverride(await createOverride(parts, callerOf(c.var), { release, request })), 201);
  });
  router.openapi(removeOverrideRoute, async (c) => {
    const { id, ...name } = c.req.valid('param');
    const release = await findRelease(c.var.organisation.id, name);
    await removeOverride(parts, callerOf(c.var), { release, id });
    return c.body(null, 204);
  });
}

const policyPath = '/api/projects/{slug}/policy';
const releasePath = '/api/projects/{slug}/releases/{version}';
const showRoute = createRoute({
  method: 'get',
  path: policyPath,
  tags,
  summary: 'The policy of a project',
  request: { params: slugSchema },
  responses: { 200: jsonAnswer('The policy in force', policySchema) },
});
const versionsRoute = createRoute({
  method: 'get',
  path: `${policyPath}/versions`,
  tags,
  summary: 'The policies that a project had',
  request: { params: slugSchema },
  responses: {
    200: jsonAnswer('Newest first; without a digest where it had none', z.object({ versions: z.array(versionSchema) })),
  },
});
const changeRoute = createRoute({
  method: 'put',
  path: policyPath,
  tags,
  summary: 'Put a policy in force',
  description: 'The text is YAML or JSON as docs/protocol/policy.md has it.',
  request: { params: slugSchema, body: jsonBody(textBody) },
  responses: { 200: jsonAnswer('The policy in force', policySchema) },
});
const removeRoute = createRoute({
  method: 'delete',
  path: policyPath,
  tags,
  summary: 'Take the policy of a project away',
  request: { params: slugSchema },
  responses: { 204: { description: 'Releases need no evidence any more' } },
});
const trialRoute = createRoute({
  method: 'post',
  path: `${releasePath}/policy-trial`,
  tags,
  summary: 'Try a policy on a release',
  description: 'Nothing is changed or recorded.',
  request: { params: nameSchema, body: jsonBody(textBody) },
  responses: { 200: jsonAnswer('What it would say', verdictSchema) },
});
const listOverridesRoute = createRoute({
  method: 'get',
  path: `${releasePath}/overrides`,
  tags,
  summary: 'The overrides in force for a release',
  request: { params: nameSchema },
  responses: { 200: jsonAnswer('Oldest first', z.object({ overrides: z.array(overrideSchema) })) },
});
const createOverrideRoute = createRoute({
  method: 'post',
  path: `${releasePath}/overrides`,
  tags,
  summary: 'Let rules of the policy go for a release',
  description: 'It stands in the manifest, with its reason, for everybody to see.',
  request: {
    params: nameSchema,
    body: jsonBody(
      z.strictObject({
        rules: z.array(ruleSchema).min(1).max(20),
        reason: textSchema(500).min(10),
        expires_at: timeSchema,
      }),
    ),
  },
  responses: { 201: jsonAnswer('In force until it ends', overrideSchema) },
});
const removeOverrideRoute = createRoute({
  method: 'delete',
  path: `${releasePath}/overrides/{id}`,
  tags,
  summary: 'Take an override back',
  request: { params: nameSchema.extend({ id: z.string().max(64) }) },
  responses: { 204: { description: 'No longer in force' } },
});
