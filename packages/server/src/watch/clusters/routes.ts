/** HTTP of clusters: which are watched, and what runs in them. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { defaultOrganisation } from '../../http/guard.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { describeReason, outcomeSchema, reasonSchema } from '../gates/reason.ts';
import { environmentSchema } from '../policies/document.ts';
import { addCluster, type ClusterParts, readCluster, removeCluster } from './cluster.ts';
import type { ApiAccess } from './credential.ts';
import type { Following } from './following.ts';
import { type DescribedRunning, describeRunning } from './running/describe.ts';
import { countRunning } from './running/store.ts';
import { type ClusterRow, listClusters } from './store.ts';

const tags = ['watch'];
const path = '/api/watch/clusters';
const idSchema = z.object({ id: z.uuid() });
const pageLimit = 100;
const countSchema = z.int().min(0);
const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'expected a name such as production');
const pemSchema = z.string().min(1).max(65_536);

const clusterSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(['kubeconfig', 'in-cluster']),
    server: z.string().nullable(),
    environment: z.string().nullable(),
    created_at: timeSchema,
    answered_at: timeSchema.nullable(),
    unanswered_since: timeSchema.nullable(),
    unanswered_reason: z.string().nullable(),
    containers: countSchema,
    digests: countSchema,
    undigested: countSchema.openapi({ description: 'Containers of which the cluster shows no digest.' }),
  })
  .openapi('WatchedCluster');

const runningSchema = z
  .object({
    id: z.uuid(),
    namespace: z.string(),
    workload: z.string().openapi({ example: 'Deployment/app' }),
    container: z.string(),
    reference: z.string().openapi({ description: 'As the pod names it.' }),
    sha256: z.string().nullable().openapi({ description: 'What runs, as the runtime says.' }),
    digest_state: z.enum(['known', 'waiting', 'image-id', 'untold']),
    source: z.string().nullable(),
    tag_sha256: z.string().nullable().openapi({ description: 'Where the tag was seen to lead last.' }),
    drifted: z.boolean().openapi({ description: 'The tag leads elsewhere than what runs.' }),
    verdict: outcomeSchema,
    judged: outcomeSchema,
    reasons: z.array(reasonSchema),
    open: z.partialRecord(z.enum(['note', 'low', 'medium', 'high', 'critical']), countSchema),
    first_seen_at: timeSchema,
    last_seen_at: timeSchema,
  })
  .openapi('WatchedContainer');

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'The clusters whose pods are watched, and since when one does not answer',
  responses: { 200: jsonAnswer('By name.', z.object({ clusters: z.array(clusterSchema) })) },
});
const credentialSchema = z.union([
  z.strictObject({ token: z.string().min(1).max(16_384) }),
  z.strictObject({ client_certificate: pemSchema, client_key: pemSchema }),
]);
const addRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Watch what runs in a cluster of Kubernetes',
  description:
    'By the address of its API, the authority that vouches for it and a credential, which is sealed; or the cluster that the server itself runs in.',
  request: {
    body: jsonBody(
      z.union([
        z.strictObject({ name: nameSchema, environment: environmentSchema.optional(), in_cluster: z.literal(true) }),
        z.strictObject({
          ...{ name: nameSchema, environment: environmentSchema.optional() },
          ...{ server: z.string().min(1).max(2048), ca: pemSchema, credential: credentialSchema },
        }),
      ]),
    ),
  },
  responses: { 201: jsonAnswer('The cluster.', clusterSchema) },
});
const showRoute = createRoute({
  method: 'get',
  path: `${path}/{id}`,
  tags,
  summary: 'A cluster',
  request: { params: idSchema },
  responses: { 200: jsonAnswer('The cluster.', clusterSchema) },
});
const removeRoute = createRoute({
  method: 'delete',
  path: `${path}/{id}`,
  tags,
  summary: 'Stop watching a cluster, and forget its credential',
  request: { params: idSchema },
  responses: { 204: { description: 'Done.' } },
});
const runningRoute = createRoute({
  method: 'get',
  path: `${path}/{id}/running`,
  tags,
  summary: 'What runs in a cluster, by digest, with verdict and open findings',
  request: { params: idSchema, query: z.object({ after: z.uuid().optional() }) },
  responses: {
    200: jsonAnswer(
      `By id, at most ${pageLimit}; \`next\` is the \`after\` of the next page.`,
      z.object({ running: z.array(runningSchema), next: z.uuid().nullable() }),
    ),
  },
});

/** What the routes of clusters need. */
export interface ClusterRouteParts extends ClusterParts {
  readonly following: Pick<Following, 'wake'>;
}

/** The routes of clusters. */
export function watchClusterRoutes(parts: ClusterRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const rows = await listClusters(parts.database.query, c.var.organisation.id);
    return c.json({ clusters: await Promise.all(rows.map((row) => describeCluster(parts, row))) }, 200);
  });
  router.openapi(addRoute, async (c) => {
    const { name, environment, ...access } = c.req.valid('json');
    if ('in_cluster' in access) assertOwnCluster(c.var.organisation.slug);
    const request = { name, environment, access: 'in_cluster' in access ? undefined : readAccess(access) };
    const row = await addCluster(parts, callerOf(c.var), request);
    parts.following.wake();
    return c.json(await describeCluster(parts, row), 201);
  });
  router.openapi(showRoute, async (c) => {
    const row = await readCluster(parts, c.var.organisation.id, c.req.valid('param').id);
    return c.json(await describeCluster(parts, row), 200);
  });
  router.openapi(removeRoute, async (c) => {
    await removeCluster(parts, callerOf(c.var), c.req.valid('param').id);
    return c.body(null, 204);
  });
  router.openapi(runningRoute, async (c) => {
    const row = await readCluster(parts, c.var.organisation.id, c.req.valid('param').id);
    const page = { after: c.req.valid('query').after, limit: pageLimit };
    const { running, next } = await describeRunning(parts, row, page);
    return c.json({ running: running.map(describeContainer), next }, 200);
  });
  return router;
}

/** The service account is the server's, and shows the cluster to whoever may read what it sees. */
function assertOwnCluster(slug: string): void {
  if (slug === defaultOrganisation) return;
  throw new Refusal(
    'forbidden',
    'expected a kubeconfig: the cluster of the server belongs to the default organisation',
    {
      rule: 'watch-in-cluster',
    },
  );
}

function readAccess({
  server,
  ca,
  credential,
}: {
  readonly server: string;
  readonly ca: string;
  readonly credential: z.infer<typeof credentialSchema>;
}): ApiAccess {
  return {
    ...{ url: server, ca },
    credential:
      'token' in credential
        ? { kind: 'token', token: credential.token }
        : { kind: 'certificate', certificate: credential.client_certificate, key: credential.client_key },
  };
}

async function describeCluster({ database }: ClusterParts, row: ClusterRow): Promise<z.infer<typeof clusterSchema>> {
  const { id, name, kind, server, environment, unknown_reason } = row;
  const format = (at: number | null) => (at === null ? null : formatTime(at));
  return {
    ...{ id, name, kind, server, environment, created_at: formatTime(row.created_at) },
    ...{ answered_at: format(row.answered_at), unanswered_since: format(row.unknown_since) },
    unanswered_reason: unknown_reason,
    ...(await countRunning(database.query, id)),
  };
}

function describeContainer({ row, key, verdict, open, tagContent }: DescribedRunning): z.infer<typeof runningSchema> {
  const { id, namespace, workload, container, reference, digest, state } = row;
  return {
    ...{ id, namespace, workload, container, reference, sha256: digest === '' ? null : digest, digest_state: state },
    ...{ source: key, tag_sha256: tagContent, drifted: digest !== '' && tagContent !== null && tagContent !== digest },
    ...{ verdict: verdict.outcome, judged: verdict.judged, reasons: verdict.reasons.map(describeReason), open },
    ...{ first_seen_at: formatTime(row.first_seen_at), last_seen_at: formatTime(row.last_seen_at) },
  };
}
