/** HTTP of what people say of signers and mirrors, without a finding. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import type { WatchParts } from '../parts.ts';
import { changeMirror } from '../sources/mirrors.ts';
import { identitySchema } from '../sources/routes.ts';
import { decideSigners } from './decide-signers.ts';

const tags = ['watch'];
const path = '/api/watch/sources/{id}';
const idSchema = z.object({ id: z.uuid() });

const decideRoute = createRoute({
  method: 'post',
  path: `${path}/decisions`,
  tags,
  summary: 'Declare who signs a source, or retire or revoke somebody',
  description:
    'Declared: these may sign and no others, and nothing is learned any more. An identity stands for all who were seen and whom every claim that is named fits.',
  request: {
    params: idSchema,
    body: jsonBody(
      z.strictObject({
        decision: z.enum(['declare', 'retire', 'revoke']),
        line: lineSchema(256).optional(),
        identities: z.array(identitySchema).max(20).default([]),
        keys: z
          .array(z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex'))
          .max(20)
          .default([]),
        reason: lineSchema(1000),
      }),
    ),
  },
  responses: { 200: jsonAnswer('The lines that it holds for.', z.object({ lines: z.array(z.string()) })) },
});
const mirrorRoute = createRoute({
  method: 'put',
  path: `${path}/mirror`,
  tags,
  summary: 'Make a source a mirror of another one, or of none',
  request: { params: idSchema, body: jsonBody(z.strictObject({ of: z.uuid().nullable() })) },
  responses: { 200: jsonAnswer('What it is a mirror of.', z.object({ id: z.uuid(), mirror_of: z.uuid().nullable() })) },
});

/** The routes of decisions. */
export function watchDecisionRoutes(parts: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(decideRoute, async (c) => {
    const { decision: kind, line, identities, keys, reason } = c.req.valid('json');
    const sourceId = c.req.valid('param').id;
    const said = { sourceId, kind, line, signers: { identities, keys }, reason };
    return c.json({ lines: [...(await decideSigners(parts, callerOf(c.var), said))] }, 200);
  });
  router.openapi(mirrorRoute, async (c) => {
    const change = { sourceId: c.req.valid('param').id, of: c.req.valid('json').of };
    const { id, mirror_of } = await changeMirror(parts, callerOf(c.var), change);
    return c.json({ id, mirror_of }, 200);
  });
  return router;
}
