/** HTTP of statements by which a known signer vouches for another one. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { handInVouch, type VouchParts } from './hand-in.ts';

/** Of a bundle, in base64. */
const maxCharacters = 512 * 1024;

const handInRoute = createRoute({
  method: 'post',
  path: '/api/watch/sources/{id}/vouches',
  tags: ['watch'],
  summary: 'Hand in a statement by which an accepted signer vouches for another one',
  description: 'A Sigstore bundle around the statement. The signer is accepted when they arrive within its window.',
  request: {
    params: z.object({ id: z.uuid() }),
    body: jsonBody(z.strictObject({ bundle: z.base64().min(1).max(maxCharacters) })),
  },
  responses: {
    201: jsonAnswer(
      'Kept until its end; `id` is that of an announcement, and is withdrawn as one.',
      z.object({ id: z.uuid(), valid_from: timeSchema, valid_to: timeSchema, reason: z.string() }),
    ),
  },
});

/** The route of statements. */
export function watchVouchRoutes(parts: VouchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(handInRoute, async (c) => {
    const bundle = new Uint8Array(Buffer.from(c.req.valid('json').bundle, 'base64'));
    const row = await handInVouch(parts, callerOf(c.var), { sourceId: c.req.valid('param').id, bundle });
    const { id, valid_from, valid_to, reason } = row;
    return c.json({ id, valid_from: formatTime(valid_from), valid_to: formatTime(valid_to), reason }, 201);
  });
  return router;
}
