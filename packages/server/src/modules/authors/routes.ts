/** HTTP of authors. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { requireCollection } from '../collections/collection.ts';
import { type AuthorParts, createAuthor, createAuthorKey, giveModule, revokeAuthorKey } from './author.ts';
import { type AuthorRow, listAuthorKeys, listAuthors, listOwned } from './store.ts';

const keyWishSchema = z.strictObject({
  module: z.string().max(50).optional(),
  expires_in_days: z.int().min(1).max(3_660).optional(),
});
const keySchema = z
  .object({
    id: z.string(),
    hint: z.string(),
    scope: z.string(),
    created_at: timeSchema,
    expires_at: timeSchema.nullable(),
    last_used_at: timeSchema.nullable(),
  })
  .openapi('AuthorKey');
const shownKeySchema = z.object({ id: z.string(), key: z.string() }).openapi('ShownAuthorKey');
const authorSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    created_at: timeSchema,
    modules: z.array(z.object({ slug: z.string(), approved: z.boolean() })),
    keys: z.array(keySchema),
  })
  .openapi('ModuleAuthor');
const collectionParams = z.object({ collection: z.string().max(50) });
const authorParams = collectionParams.extend({ author: z.string().max(64) });

/** The routes of authors. */
export function authorRoutes(parts: AuthorParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const collection = await requireCollection(
      parts.database.query,
      c.var.organisation.id,
      c.req.valid('param').collection,
    );
    return c.json({ authors: await describeAuthors(parts, collection.id) }, 200);
  });
  router.openapi(createAuthorRoute, async (c) => {
    const { name, module, expires_in_days: days } = c.req.valid('json');
    const wish = { ...c.req.valid('param'), name, module, days };
    const { author, key } = await createAuthor(parts, callerOf(c.var), wish);
    return c.json({ id: author.id, name: author.name, key }, 201);
  });
  router.openapi(createKeyRoute, async (c) => {
    const { module, expires_in_days: days } = c.req.valid('json');
    const made = await createAuthorKey(parts, callerOf(c.var), { name: c.req.valid('param'), wish: { module, days } });
    return c.json({ ...made }, 201);
  });
  router.openapi(revokeKeyRoute, async (c) => {
    const { key: keyId, ...name } = c.req.valid('param');
    await revokeAuthorKey(parts, callerOf(c.var), { name, keyId });
    return c.body(null, 204);
  });
  router.openapi(giveRoute, async (c) => {
    const { collection, module: slug } = c.req.valid('param');
    const { author } = c.req.valid('json');
    await giveModule(parts, callerOf(c.var), { name: { collection, slug }, author: author ?? undefined });
    return c.body(null, 204);
  });
  return router;
}

async function describeAuthors({ database }: AuthorParts, collectionId: string) {
  const keys = await listAuthorKeys(database.query, collectionId);
  const owned = await listOwned(database.query, collectionId);
  const authors = await listAuthors(database.query, collectionId);
  return authors.map(({ id, name, created_at }: AuthorRow) => ({
    ...{ id, name, created_at: formatTime(created_at) },
    modules: owned
      .filter(({ author_id }) => author_id === id)
      .map(({ slug, approved_at }) => ({ slug, approved: approved_at !== null })),
    keys: keys.filter(({ author_id }) => author_id === id).map(describeKey),
  }));
}

function describeKey({ id, hint, scope, ...times }: Awaited<ReturnType<typeof listAuthorKeys>>[number]) {
  return {
    ...{ id, hint, scope, created_at: formatTime(times.created_at) },
    expires_at: times.expires_at === null ? null : formatTime(times.expires_at),
    last_used_at: times.last_used_at === null ? null : formatTime(times.last_used_at),
  };
}

const tags = ['modules'];
const base = '/api/collections/{collection}/authors';
const listRoute = createRoute({
  method: 'get',
  path: base,
  tags,
  summary: 'The authors of a collection, with their modules and keys',
  request: { params: collectionParams },
  responses: { 200: jsonAnswer('The first one first', z.object({ authors: z.array(authorSchema) })) },
});
const createAuthorRoute = createRoute({
  method: 'post',
  path: base,
  tags,
  summary: 'Make an author with a key that can hand in modules and nothing else',
  request: { params: collectionParams, body: jsonBody(keyWishSchema.extend({ name: lineSchema(150) })) },
  responses: {
    201: jsonAnswer('`key` is shown only here', z.object({ id: z.string(), name: z.string(), key: shownKeySchema })),
  },
});
const createKeyRoute = createRoute({
  method: 'post',
  path: `${base}/{author}/keys`,
  tags,
  summary: 'Give an author a further key; they stay the same author',
  request: { params: authorParams, body: jsonBody(keyWishSchema) },
  responses: { 201: jsonAnswer('`key` is shown only here', shownKeySchema) },
});
const revokeKeyRoute = createRoute({
  method: 'delete',
  path: `${base}/{author}/keys/{key}`,
  tags,
  summary: 'Revoke a key of an author at once',
  request: { params: authorParams.extend({ key: z.uuid() }) },
  responses: { 204: { description: 'Revoked' } },
});
const giveRoute = createRoute({
  method: 'put',
  path: '/api/collections/{collection}/modules/{module}/author',
  tags,
  summary: 'Give a module to an author, or make it the vendor’s own',
  request: {
    params: collectionParams.extend({ module: z.string().max(50) }),
    body: jsonBody(z.strictObject({ author: z.string().max(64).nullable() })),
  },
  responses: { 204: { description: 'Given' } },
});
