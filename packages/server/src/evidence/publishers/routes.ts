/** HTTP of trusted publishing. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { slugPattern } from '@signpost/protocol/updates/names';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { type ExchangeParts, exchangeToken } from './exchange.ts';
import { addPublisher, type PublisherParts, removePublisher, requireProjectId } from './publisher.ts';
import { listPublishers, type PublisherRow } from './store.ts';
import { maxTokenCharacters } from './token.ts';

const platformSchema = z.enum(['github', 'gitlab']);
const refSchema = z
  .strictObject({ exact: lineSchema(512).optional(), pattern: lineSchema(512).optional() })
  .refine(({ exact, pattern }) => (exact === undefined) !== (pattern === undefined), 'expected either exact or pattern')
  .openapi({ example: { pattern: 'refs/tags/v*' } });

const publisherSchema = z
  .object({
    id: z.uuid(),
    platform: platformSchema,
    issuer: z.string(),
    repository_id: z.string(),
    repository: z.string(),
    workflow: z.string(),
    ref: z.object({ exact: z.string().optional(), pattern: z.string().optional() }),
    environment: z.string().nullable(),
    may_activate: z.boolean(),
    created_by: z.uuid().nullable(),
    created_at: timeSchema,
  })
  .openapi('Publisher');

const newPublisherSchema = z.strictObject({
  platform: platformSchema,
  issuer: z.string().max(2048).optional(),
  repository_id: z.string().regex(/^[1-9]\d{0,19}$/, 'expected the number of the repository'),
  repository: z
    .string()
    .max(512)
    .regex(/^[^/\s@]+(?:\/[^/\s@]+)+$/, 'expected OWNER/NAME'),
  workflow: z
    .string()
    .max(512)
    .regex(/^[^/\s@][^\s@]*$/, 'expected the path of a file in the repository'),
  ref: refSchema,
  environment: lineSchema(255).optional(),
  may_activate: z.boolean().default(false),
});

const slugSchema = z.object({ slug: z.string().max(50) });
const tags = ['publishers'];
const path = '/api/projects/{slug}/publishers';

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'Which builds may upload to a project without a stored key',
  request: { params: slugSchema },
  responses: { 200: jsonAnswer('Oldest first.', z.object({ publishers: z.array(publisherSchema) })) },
});

const addRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Let the builds of a workflow upload to a project',
  request: { params: slugSchema, body: jsonBody(newPublisherSchema) },
  responses: { 201: jsonAnswer('The publisher.', publisherSchema) },
});

const removeRoute = createRoute({
  method: 'delete',
  path: `${path}/{id}`,
  tags,
  summary: 'Remove a publisher; the keys that its builds hold end at once',
  request: { params: slugSchema.extend({ id: z.uuid() }) },
  responses: { 204: { description: 'Done.' } },
});

const exchangeRoute = createRoute({
  method: 'post',
  path: '/api/oidc/exchange',
  tags,
  summary: 'Exchange the OIDC token of a build for an API key of fifteen minutes',
  description: 'The token is for this server alone (`aud` is its base URL), and is taken once.',
  request: {
    body: jsonBody(
      z.strictObject({
        token: z.string().min(1).max(maxTokenCharacters),
        project: z.string().regex(slugPattern, 'expected a slug'),
      }),
    ),
  },
  responses: {
    201: jsonAnswer(
      'The key; it is shown only here.',
      z
        .object({
          key: z.string(),
          project: z.string(),
          verbs: z.array(z.enum(['upload', 'activate'])),
          expires_at: timeSchema,
        })
        .openapi('GrantedKey'),
    ),
  },
});

/** The routes of trusted publishing. */
export function publisherRoutes(parts: PublisherParts & ExchangeParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const { query } = parts.database;
    const projectId = await requireProjectId(query, c.var.organisation.id, c.req.valid('param').slug);
    return c.json({ publishers: (await listPublishers(query, projectId)).map(describePublisher) }, 200);
  });
  router.openapi(addRoute, async (c) => {
    const { slug } = c.req.valid('param');
    const wanted = parseWanted(c.req.valid('json'));
    return c.json(describePublisher(await addPublisher(parts, callerOf(c.var), { slug, wanted })), 201);
  });
  router.openapi(removeRoute, async (c) => {
    await removePublisher(parts, callerOf(c.var), c.req.valid('param'));
    return c.body(null, 204);
  });
  router.openapi(exchangeRoute, async (c) => {
    const { token, project } = c.req.valid('json');
    const request = { organisationId: c.var.organisation.id, slug: project, token };
    const { key, verbs, expiresAt } = await exchangeToken(parts, request);
    c.header('Cache-Control', 'no-store');
    const granted = z.array(z.enum(['upload', 'activate'])).parse(verbs);
    return c.json({ key, project, verbs: granted, expires_at: formatTime(expiresAt) }, 201);
  });
  return router;
}

function parseWanted(body: z.infer<typeof newPublisherSchema>) {
  const { ref, repository_id: repositoryId, may_activate: mayActivate, issuer, environment, ...rest } = body;
  const kind = ref.pattern === undefined ? ('exact' as const) : ('pattern' as const);
  const text = ref.pattern ?? ref.exact ?? '';
  return { ...rest, issuer, environment, repositoryId, mayActivate, ref: { kind, text } };
}

function describePublisher(row: PublisherRow): z.infer<typeof publisherSchema> {
  return {
    ...{ id: row.id, platform: row.platform, issuer: row.issuer, repository_id: row.repository_id },
    ...{ repository: row.repository, workflow: row.workflow, environment: row.environment },
    ref: row.ref_kind === 'exact' ? { exact: row.ref } : { pattern: row.ref },
    may_activate: row.may_activate === 1,
    created_by: row.created_by,
    created_at: formatTime(row.created_at),
  };
}
