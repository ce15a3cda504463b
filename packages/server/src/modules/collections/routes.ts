/** HTTP of collections. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { localeMapSchema, textSchema } from '../../http/text-schema.ts';
import { changeProject, deleteProject, fieldsOf, type ProjectDependencies } from '../../releases/projects/project.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import { countModules } from '../catalogue/store.ts';
import { createCollection, requireCollection } from './collection.ts';
import { listCollections } from './store.ts';

/** What the routes of collections need. */
export interface CollectionRouteDependencies extends ProjectDependencies {
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

const mapSchema = localeMapSchema(4_000);
const textsSchema = z.union([textSchema(4_000).min(1), mapSchema]);
const changeSchema = z.object({
  name: textsSchema.optional(),
  description: textsSchema.optional(),
  primary_locale: z.string().max(30).optional(),
  catalogue_days: z.int().min(1).max(366).optional(),
});
const createSchema = changeSchema.extend({ slug: z.string().max(50) });
const collectionSchema = z
  .object({
    slug: z.string(),
    name: mapSchema,
    description: mapSchema,
    primary_locale: z.string(),
    catalogue_days: z.int(),
    modules: z.int(),
    created_at: timeSchema,
  })
  .openapi('Collection');
const paramsSchema = z.object({ collection: z.string().max(50) });
const defaultCatalogueDays = 14;

/** The routes of collections. */
export function collectionRoutes(dependencies: CollectionRouteDependencies): OpenAPIHono<AppEnv> {
  const { database, published } = dependencies;
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const rows = await listCollections(database.query, c.var.organisation.id);
    return c.json({ collections: rows.map((row) => formatCollection(row, row.modules)) }, 200);
  });
  router.openapi(createCollectionRoute, async (c) => {
    const { slug, catalogue_days: catalogueDays = defaultCatalogueDays, ...body } = c.req.valid('json');
    const { primary_locale: primaryLocale = 'en', name = slug, description = {} } = body;
    const texts = { name: inLocale(name, primaryLocale), description: inLocale(description, primaryLocale) };
    const fields = { slug, primaryLocale, catalogueDays, ...texts };
    const row = await createCollection(dependencies, callerOf(c.var), fields);
    published(c.var.organisation.id);
    return c.json(formatCollection(row, 0), 201);
  });
  router.openapi(showRoute, async (c) => {
    const row = await requireCollection(database.query, c.var.organisation.id, c.req.valid('param').collection);
    return c.json(formatCollection(row, await countModules(database.query, row.id)), 200);
  });
  router.openapi(changeRoute, async (c) => {
    const { collection: slug } = c.req.valid('param');
    const { primary_locale } = await requireCollection(database.query, c.var.organisation.id, slug);
    const change = readChange(c.req.valid('json'), primary_locale);
    const row = await changeProject(dependencies, callerOf(c.var), { slug, change });
    published(c.var.organisation.id);
    return c.json(formatCollection(row, await countModules(database.query, row.id)), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    const { slug } = await requireCollection(database.query, c.var.organisation.id, c.req.valid('param').collection);
    await deleteProject(dependencies, callerOf(c.var), slug);
    published(c.var.organisation.id);
    return c.body(null, 204);
  });
  return router;
}

function readChange(body: z.infer<typeof changeSchema>, locale: string) {
  const { name, description, primary_locale: primaryLocale, catalogue_days: manifestDays } = body;
  return {
    ...(name === undefined ? {} : { name: inLocale(name, primaryLocale ?? locale) }),
    ...(description === undefined ? {} : { description: inLocale(description, primaryLocale ?? locale) }),
    ...(primaryLocale === undefined ? {} : { primaryLocale }),
    ...(manifestDays === undefined ? {} : { manifestDays }),
  };
}

function inLocale(texts: z.infer<typeof textsSchema>, locale: string): LocaleMap {
  return typeof texts === 'string' ? { [locale]: texts } : texts;
}

function formatCollection(row: ProjectRow, modules: number) {
  const { name, description, primaryLocale, manifestDays } = fieldsOf(row);
  return {
    ...{ slug: row.slug, name: { ...name }, description: { ...description }, primary_locale: primaryLocale },
    ...{ catalogue_days: manifestDays, modules, created_at: formatTime(row.created_at) },
  };
}

const tags = ['modules'];
const listRoute = createRoute({
  method: 'get',
  path: '/api/collections',
  tags,
  summary: 'The collections of modules',
  responses: { 200: jsonAnswer('By slug', z.object({ collections: z.array(collectionSchema) })) },
});
const createCollectionRoute = createRoute({
  method: 'post',
  path: '/api/collections',
  tags,
  summary: 'Create a collection of modules',
  request: { body: jsonBody(createSchema) },
  responses: { 201: jsonAnswer('The new collection', collectionSchema) },
});
const showRoute = createRoute({
  method: 'get',
  path: '/api/collections/{collection}',
  tags,
  summary: 'One collection',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The collection', collectionSchema) },
});
const changeRoute = createRoute({
  method: 'patch',
  path: '/api/collections/{collection}',
  tags,
  summary: 'Change a collection',
  request: { params: paramsSchema, body: jsonBody(changeSchema) },
  responses: { 200: jsonAnswer('The collection as it is now', collectionSchema) },
});
const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/collections/{collection}',
  tags,
  summary: 'Hide a collection that holds no modules',
  request: { params: paramsSchema },
  responses: { 204: { description: 'Hidden; nothing is lost' } },
});
