/** HTTP of access by client certificate. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { parseScope } from '@signpost/protocol/updates/names';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { grantableVerbSchema, scopeSchema } from '../../http/scope-schema.ts';
import { lineSchema, textSchema } from '../../http/text-schema.ts';
import { authorityNamePattern } from '../authorities/authority.ts';
import { type AccessParts, createAccess, removeClientAccess } from './client-access.ts';
import { parseMatch } from './match.ts';
import { listAccess, type NamedAccessRow } from './store.ts';

const dayMs = 24 * 60 * 60 * 1000;

const accessSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    authority: z.string(),
    match: z.object({ kind: z.enum(['fingerprint', 'name', 'subject']), value: z.string() }),
    scope: z.string(),
    verbs: z.array(grantableVerbSchema),
    created_by: z.uuid().nullable(),
    created_at: timeSchema,
    expires_at: timeSchema.nullable(),
    last_used_at: timeSchema.nullable(),
  })
  .openapi('ClientAccess');

const matchSchema = z
  .strictObject({
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'expected the SHA-256 of the DER in lower-case hex')
      .optional(),
    name: textSchema(1024).min(1).optional(),
    subject: textSchema(1024).min(1).optional(),
  })
  .openapi({ example: { name: 'dns:ci.example.com' } });

const newAccessSchema = z.strictObject({
  name: lineSchema(200),
  authority: z.string().regex(authorityNamePattern, 'expected 1 to 63 of a-z, 0-9 and -'),
  match: matchSchema,
  scope: scopeSchema.default('*'),
  verbs: z.array(grantableVerbSchema).min(1).max(6),
  expires_in_days: z.int().min(1).max(3660).optional(),
});

const listRoute = createRoute({
  method: 'get',
  path: '/api/client-access',
  tags: ['access'],
  summary: 'Which client certificates may use this API, and for what',
  responses: { 200: jsonAnswer('The rules, oldest first.', z.object({ client_access: z.array(accessSchema) })) },
});

const createAccessRoute = createRoute({
  method: 'post',
  path: '/api/client-access',
  tags: ['access'],
  summary: 'Let certificates of an authority use this API',
  request: { body: jsonBody(newAccessSchema) },
  responses: { 201: jsonAnswer('The rule.', accessSchema) },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/api/client-access/{id}',
  tags: ['access'],
  summary: 'Remove a rule; what came by it is refused at once',
  request: { params: z.object({ id: z.uuid() }) },
  responses: { 204: { description: 'Done.' } },
});

/** The routes of access by client certificate. */
export function accessRoutes(parts: AccessParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const rows = await listAccess(parts.database.query, c.get('organisation').id);
    return c.json({ client_access: rows.map(describeAccess) }, 200);
  });
  router.openapi(createAccessRoute, async (c) => {
    const { name, authority, match, scope, verbs, expires_in_days: days } = c.req.valid('json');
    const row = await createAccess(parts, callerOf(c.var), {
      ...{ name, authority, match: parseMatch(match), scope: parseScope(scope), verbs: [...new Set(verbs)] },
      expiresAt: days === undefined ? null : parts.now() + days * dayMs,
    });
    return c.json(describeAccess(row), 201);
  });
  router.openapi(removeRoute, async (c) => {
    await removeClientAccess(parts, callerOf(c.var), c.req.valid('param').id);
    return c.body(null, 204);
  });
  return router;
}

function describeAccess(row: NamedAccessRow) {
  return {
    id: row.id,
    name: row.name,
    authority: row.authority,
    match: { kind: row.match_kind, value: row.match_value },
    scope: row.scope,
    verbs: z.array(grantableVerbSchema).parse(JSON.parse(row.verbs)),
    created_by: row.created_by,
    created_at: formatTime(row.created_at),
    expires_at: row.expires_at === null ? null : formatTime(row.expires_at),
    last_used_at: row.last_used_at === null ? null : formatTime(row.last_used_at),
  };
}
