/** HTTP of the credentials of plugins: set, cleared, never read. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { textSchema } from '../../http/text-schema.ts';
import {
  type CredentialParts,
  type CredentialState,
  clearCredential,
  describeCredential,
  requirePlugin,
  setCredential,
} from './credential.ts';

const stateSchema = z
  .object({
    state: z.enum(['absent', 'ready', 'locked']),
    username: z.string().nullable(),
    repository: z.string().nullable(),
    set_at: timeSchema.nullable(),
  })
  .openapi('WordpressCredentials');
const paramsSchema = z.object({ slug: z.string().max(50) });
const path = '/api/projects/{slug}/wordpress/credentials';
const tags = ['wordpress'];

const showRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'Whether the credentials of a plugin are there, and can be opened',
  request: { params: paramsSchema },
  responses: {
    200: jsonAnswer('`locked`: the master password was reset since, and they must be entered again', stateSchema),
  },
});
const setRoute = createRoute({
  method: 'put',
  path,
  tags,
  summary: 'Set user and password that a plugin is committed with',
  request: {
    params: paramsSchema,
    body: jsonBody(
      z.strictObject({
        username: textSchema(200).min(1),
        password: textSchema(500).min(1),
        repository: z.string().max(500).optional(),
      }),
    ),
  },
  responses: { 200: jsonAnswer('Sealed in the vault; the password is never shown again', stateSchema) },
});
const clearRoute = createRoute({
  method: 'delete',
  path,
  tags,
  summary: 'Forget user and password of a plugin',
  request: { params: paramsSchema },
  responses: { 204: { description: 'Forgotten' } },
});

/** The routes of credentials. */
export function credentialRoutes(parts: CredentialParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(showRoute, async (c) => {
    const project = await requirePlugin(parts.database.query, c.var.organisation.id, c.req.valid('param').slug);
    return c.json(formatState(await describeCredential(parts.database.query, project.id)), 200);
  });
  router.openapi(setRoute, async (c) => {
    const { username, password, repository } = c.req.valid('json');
    const { slug } = c.req.valid('param');
    const wish = { username, password, repository };
    return c.json(formatState(await setCredential(parts, callerOf(c.var), { slug, wish })), 200);
  });
  router.openapi(clearRoute, async (c) => {
    await clearCredential(parts, callerOf(c.var), c.req.valid('param').slug);
    return c.body(null, 204);
  });
  return router;
}

function formatState(state: CredentialState): z.infer<typeof stateSchema> {
  if (state.state === 'absent') return { state: 'absent', username: null, repository: null, set_at: null };
  return { ...state, set_at: formatTime(state.set_at) };
}
