/** HTTP of the keys that people name for a source. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import type { WatchParts } from '../parts.ts';
import { readSource } from '../sources/source.ts';
import { maxKeyFileBytes } from './key-file.ts';
import { namePublisherKey, removePublisherKey } from './publisher-key.ts';
import { listPublisherKeys, type PublisherKeyRow } from './store.ts';

const tags = ['watch'];
const path = '/api/watch/sources/{id}/keys';
const idSchema = z.object({ id: z.uuid() });
const keySchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(['openpgp', 'minisign', 'ed25519']),
    name: z.string().openapi({ description: 'The fingerprint, key number or SHA-256 that its owner knows it by.' }),
    sha256: z.string().openapi({ description: 'Of its SubjectPublicKeyInfo, as facts and decisions name it.' }),
    reason: z.string(),
    created_at: timeSchema,
  })
  .openapi('WatchPublisherKey');

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'The keys by which detached signatures of a source are verified',
  request: { params: idSchema },
  responses: { 200: jsonAnswer('All of them.', z.object({ keys: z.array(keySchema) })) },
});

const addRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Name a key of the publisher',
  description:
    'A public key of OpenPGP, minisign, signify or Sparkle. It is accepted in every line, and what could not be judged is looked at again.',
  request: {
    params: idSchema,
    body: jsonBody(
      z.strictObject({
        file: z
          .base64()
          .min(1)
          .max(Math.ceil(maxKeyFileBytes / 3) * 4)
          .openapi({ description: 'The file with the key, in base64.' }),
        reason: lineSchema(1000),
      }),
    ),
  },
  responses: { 201: jsonAnswer('The key.', keySchema) },
});

const removeRoute = createRoute({
  method: 'delete',
  path: `${path}/{key}`,
  tags,
  summary: 'Verify by a key no longer',
  request: { params: z.object({ id: z.uuid(), key: z.uuid() }) },
  responses: { 204: { description: 'It is gone.' } },
});

/** The routes of publishers' keys. */
export function watchPublisherKeyRoutes(parts: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const { id } = await readSource(parts.database.query, callerOf(c.var).organisationId, c.req.valid('param').id);
    return c.json({ keys: (await listPublisherKeys(parts.database.query, id)).map(describe) }, 200);
  });
  router.openapi(addRoute, async (c) => {
    const { file, reason } = c.req.valid('json');
    const sourceId = c.req.valid('param').id;
    const bytes = new Uint8Array(Buffer.from(file, 'base64'));
    return c.json(describe(await namePublisherKey(parts, callerOf(c.var), { sourceId, file: bytes, reason })), 201);
  });
  router.openapi(removeRoute, async (c) => {
    const { id: sourceId, key: id } = c.req.valid('param');
    await removePublisherKey(parts, callerOf(c.var), { sourceId, id });
    return c.body(null, 204);
  });
  return router;
}

function describe({ id, kind, name, key, reason, created_at }: PublisherKeyRow): z.infer<typeof keySchema> {
  return { id, kind, name, sha256: key, reason, created_at: formatTime(created_at) };
}
