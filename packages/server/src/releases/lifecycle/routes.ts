/** HTTP of releases: list, change, activate, approve, withdraw, delete, restore. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { channelPattern } from '@signpost/protocol/updates/names';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { nextSchema, pageShape } from '../../http/page-schema.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import { localeMapSchema, textSchema } from '../../http/text-schema.ts';
import { cutPage } from '../../storage/pages.ts';
import type { PublishingParts } from '../gate/judge.ts';
import { requireProject } from '../projects/project.ts';
import { activateRelease } from './activation.ts';
import { approveRelease, type Proposal, proposeRelease, readProposal } from './approval.ts';
import { isPublic, mayReadDrafts } from './audience.ts';
import {
  changeRelease,
  deleteRelease,
  type ReleaseName,
  requireRelease,
  restoreRelease,
  withdrawRelease,
} from './release.ts';
import { formatRelease, releaseSchema as plainReleaseSchema, releaseStateSchema } from './release-format.ts';
import { listArtifacts, type ReleaseRow, searchReleases } from './store.ts';

/** What the routes of releases need. */
export interface ReleaseRouteDependencies extends PublishingParts {
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

const releaseSchema = plainReleaseSchema.openapi('Release');
const paramsSchema = z.object({ slug: z.string().max(50), version: z.string().max(64) });
const keyIdSchema = z.string().regex(/^[0-9a-f]{64}$/);
const proposalSchema = z
  .object({ manifest_id: z.string(), document: z.string(), needed: z.int(), approvals: z.array(keyIdSchema) })
  .openapi('Proposal');
const activeSchema = z.object({
  state: z.literal('active'),
  version: z.string(),
  channel: z.string(),
  counter: z.int(),
  key_id: keyIdSchema,
});
const tags = ['releases'];
const base = '/api/projects/{slug}/releases';

/** The routes of releases. */
export function releaseRoutes(dependencies: ReleaseRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addReadingRoutes(router, dependencies);
  addChangingRoutes(router, dependencies);
  addApprovalRoutes(router, dependencies);
  return router;
}

function addReadingRoutes(router: OpenAPIHono<AppEnv>, { database }: ReleaseRouteDependencies): void {
  router.openapi(listRoute, async (c) => {
    const project = await requireProject(database.query, c.var.organisation.id, c.req.valid('param').slug);
    const page = c.req.valid('query');
    const publicOnly = !mayReadDrafts(c.var.principal, project.slug);
    const found = await searchReleases(database, { ...page, projectId: project.id, publicOnly });
    const { rows, next } = cutPage(found, page, ({ id }) => id);
    const ids = rows.map(({ id }) => id);
    const artifacts = Map.groupBy(await listArtifacts(database.query, ids), ({ release_id: id }) => id);
    const describe = (row: ReleaseRow) =>
      formatRelease(row, { slug: project.slug, artifacts: artifacts.get(row.id) ?? [] });
    return c.json({ releases: rows.map(describe), next }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const name = c.req.valid('param');
    const { release } = await requireRelease(database.query, c.var.organisation.id, name);
    if (!isPublic(release) && !mayReadDrafts(c.var.principal, name.slug)) {
      throw new Refusal('not_found', 'no such release');
    }
    return c.json(
      formatRelease(release, { slug: name.slug, artifacts: await listArtifacts(database.query, [release.id]) }),
      200,
    );
  });
}

function addChangingRoutes(router: OpenAPIHono<AppEnv>, dependencies: ReleaseRouteDependencies): void {
  const answer = async (c: Context<AppEnv>, name: ReleaseName, row: ReleaseRow) => {
    dependencies.published(c.var.organisation.id);
    return formatRelease(row, {
      slug: name.slug,
      artifacts: await listArtifacts(dependencies.database.query, [row.id]),
    });
  };
  router.openapi(changeRoute, async (c) => {
    const name = c.req.valid('param');
    const body = c.req.valid('json');
    const change = {
      ...(body.changelog === undefined ? {} : { changelog: body.changelog }),
      ...(body.min_version === undefined ? {} : { minVersion: body.min_version }),
      ...(body.channel === undefined ? {} : { channel: body.channel }),
    };
    return c.json(await answer(c, name, await changeRelease(dependencies, callerOf(c.var), { name, change })), 200);
  });
  router.openapi(withdrawRoute, async (c) => {
    const name = c.req.valid('param');
    const { reason } = c.req.valid('json');
    return c.json(await answer(c, name, await withdrawRelease(dependencies, callerOf(c.var), { name, reason })), 200);
  });
  router.openapi(restoreRoute, async (c) => {
    const name = c.req.valid('param');
    return c.json(await answer(c, name, await restoreRelease(dependencies, callerOf(c.var), name)), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    await deleteRelease(dependencies, callerOf(c.var), c.req.valid('param'));
    dependencies.published(c.var.organisation.id);
    return c.body(null, 204);
  });
  router.openapi(activateRoute, async (c) => {
    const manifest = await activateRelease(dependencies, callerOf(c.var), c.req.valid('param'));
    dependencies.published(c.var.organisation.id);
    return c.json(formatActive(manifest), 200);
  });
}

function addApprovalRoutes(router: OpenAPIHono<AppEnv>, dependencies: ReleaseRouteDependencies): void {
  router.openapi(proposeRoute, async (c) => {
    const request = { name: c.req.valid('param'), keyId: c.req.valid('json').key_id };
    return c.json(formatProposal(await proposeRelease(dependencies, callerOf(c.var), request)), 201);
  });
  router.openapi(readProposalRoute, async (c) => {
    return c.json(formatProposal(await readProposal(dependencies, c.var.organisation.id, c.req.valid('param'))), 200);
  });
  router.openapi(approveRoute, async (c) => {
    const { manifest_id, key_id, sig } = c.req.valid('json');
    const request = { name: c.req.valid('param'), manifestId: manifest_id, keyId: key_id, sig };
    const { proposal, manifest } = await approveRelease(dependencies, callerOf(c.var), request);
    if (manifest) dependencies.published(c.var.organisation.id);
    const { needed, approvals } = formatProposal(proposal);
    return c.json({ state: manifest ? ('active' as const) : ('proposed' as const), needed, approvals }, 200);
  });
}

const listRoute = createRoute({
  method: 'get',
  path: base,
  tags,
  summary: 'The releases of a project; a search is for a part of version or channel',
  request: {
    params: z.object({ slug: z.string().max(50) }),
    query: z.object({ ...pageShape(z.uuid()), state: releaseStateSchema.optional() }),
  },
  responses: {
    200: jsonAnswer(
      'Releases, newest first; strangers see what was published',
      z.object({ releases: z.array(releaseSchema), next: nextSchema }),
    ),
  },
});
const showRoute = createRoute({
  method: 'get',
  path: `${base}/{version}`,
  tags,
  summary: 'One release',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The release', releaseSchema) },
});
const changeRoute = createRoute({
  method: 'patch',
  path: `${base}/{version}`,
  tags,
  summary: 'Change a draft',
  request: {
    params: paramsSchema,
    body: jsonBody(
      z.object({
        changelog: localeMapSchema(60_000).optional(),
        min_version: z.string().max(64).nullable().optional(),
        channel: z.string().regex(channelPattern).optional(),
      }),
    ),
  },
  responses: { 200: jsonAnswer('The draft as it is now', releaseSchema) },
});
const withdrawRoute = createRoute({
  method: 'post',
  path: `${base}/{version}/withdraw`,
  tags,
  summary: 'Take a release out of service',
  request: { params: paramsSchema, body: jsonBody(z.object({ reason: textSchema(500).min(1) })) },
  responses: { 200: jsonAnswer('The release, out of service', releaseSchema) },
});
const restoreRoute = createRoute({
  method: 'post',
  path: `${base}/{version}/restore`,
  tags,
  summary: 'Bring a deleted, withdrawn or quarantined release back',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The release, back', releaseSchema) },
});
const deleteRoute = createRoute({
  method: 'delete',
  path: `${base}/{version}`,
  tags,
  summary: 'Hide a release',
  request: { params: paramsSchema },
  responses: { 204: { description: 'Hidden; nothing is lost' } },
});
const activateRoute = createRoute({
  method: 'post',
  path: `${base}/{version}/activate`,
  tags,
  summary: 'Sign a release and put it into service',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('Signed, checked and published', activeSchema) },
});
const proposeRoute = createRoute({
  method: 'post',
  path: `${base}/{version}/proposal`,
  tags,
  summary: 'Make the manifest that maintainers sign',
  request: { params: paramsSchema, body: jsonBody(z.object({ key_id: keyIdSchema })) },
  responses: { 201: jsonAnswer('The manifest that maintainers are to sign', proposalSchema) },
});
const readProposalRoute = createRoute({
  method: 'get',
  path: `${base}/{version}/proposal`,
  tags,
  summary: 'The manifest that waits for signatures',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The manifest that waits for signatures', proposalSchema) },
});
const approveRoute = createRoute({
  method: 'post',
  path: `${base}/{version}/approvals`,
  tags,
  summary: "Hand in a maintainer's signature",
  request: {
    params: paramsSchema,
    body: jsonBody(z.object({ manifest_id: z.string().max(64), key_id: keyIdSchema, sig: z.string().length(88) })),
  },
  responses: {
    200: jsonAnswer(
      'The signature counts',
      z.object({ state: z.enum(['proposed', 'active']), needed: z.int(), approvals: z.array(keyIdSchema) }),
    ),
  },
});

function formatProposal(proposal: Proposal) {
  return {
    manifest_id: proposal.manifestId,
    document: proposal.document,
    needed: proposal.needed,
    approvals: [...proposal.approvals],
  };
}

function formatActive(manifest: { version: string; channel: string; counter: number; keyId: string }) {
  return {
    state: 'active' as const,
    version: manifest.version,
    channel: manifest.channel,
    counter: manifest.counter,
    key_id: manifest.keyId,
  };
}
