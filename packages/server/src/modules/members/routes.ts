/** HTTP of modules. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { trustLevels } from '@signpost/protocol/updates/catalogue';
import { slugPattern } from '@signpost/protocol/updates/names';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { nextSchema, pageShape } from '../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { deleteProject, fieldsOf } from '../../releases/projects/project.ts';
import type { Query } from '../../storage/database.ts';
import { cutPage } from '../../storage/pages.ts';
import type { ModuleRow } from '../catalogue/store.ts';
import { requireCollection } from '../collections/collection.ts';
import type { CollectionRouteDependencies } from '../collections/routes.ts';
import { formatIcon, iconSchema } from '../icons/icon-format.ts';
import { type IconRow, listCollectionIcons, listIconFiles } from '../icons/store.ts';
import { changeSchema, mapSchema, readChange, typesSchema } from './change.ts';
import { changeModule, createModule, factsOf, requireModule } from './module.ts';
import { listOffered, searchModules } from './store.ts';

const createSchema = changeSchema.extend({ slug: z.string().max(50) });
const moduleSchema = z
  .object({
    slug: z.string(),
    collection: z.string(),
    name: mapSchema,
    description: mapSchema,
    category: mapSchema,
    primary_locale: z.string(),
    requires_permissions: z.array(z.string()),
    info_url: z.string().nullable(),
    trust_level: z.enum(trustLevels),
    accepted_types: typesSchema,
    scan: z.enum(['required', 'off']),
    manifest_days: z.int(),
    offered_version: z.string().nullable(),
    icon: iconSchema.nullable(),
    created_at: timeSchema,
  })
  .openapi('Module');
const collectionParams = z.object({ collection: z.string().max(50) });
const moduleParams = collectionParams.extend({ module: z.string().max(50) });

/** The routes of modules. */
export function memberRoutes(dependencies: CollectionRouteDependencies): OpenAPIHono<AppEnv> {
  const { database, published } = dependencies;
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const collection = await requireCollection(database.query, c.var.organisation.id, c.req.valid('param').collection);
    const offered = await listOffered(database.query, collection.id);
    const wanted = c.req.valid('query');
    const found = await searchModules(database, { ...wanted, collectionId: collection.id });
    const { rows, next } = cutPage(found, wanted, ({ slug }) => slug);
    const icons = Map.groupBy(await listCollectionIcons(database.query, collection.id), ({ module_id }) => module_id);
    const describe = (row: ModuleRow) =>
      formatModule(row, { collection: collection.slug, offered, icon: icons.get(row.project_id) ?? [] });
    return c.json({ modules: rows.map(describe), next }, 200);
  });
  router.openapi(createModuleRoute, async (c) => {
    const { collection } = c.req.valid('param');
    const { slug, ...body } = c.req.valid('json');
    const locale = body.primary_locale ?? 'en';
    const { project, facts } = readChange({ name: slug, ...body }, locale);
    const request = {
      collection,
      project: { ...projectDefaults, ...project, slug, name: project.name ?? {}, primaryLocale: locale },
      facts: { ...factDefaults, ...facts },
    };
    const row = await createModule(dependencies, callerOf(c.var), request);
    published(c.var.organisation.id);
    return c.json(formatModule(row, { collection, offered: new Map(), icon: [] }), 201);
  });
  addSingleRoutes(router, dependencies);
  return router;
}

const projectDefaults = { description: {}, acceptedTypes: ['zip'], scan: 'required', manifestDays: 30 } as const;
const factDefaults = { category: {}, requiresPermissions: [], infoUrl: undefined, trustLevel: 'community' } as const;

function addSingleRoutes(router: OpenAPIHono<AppEnv>, dependencies: CollectionRouteDependencies): void {
  const { database, published } = dependencies;
  router.openapi(showRoute, async (c) => {
    const { collection, module: slug } = c.req.valid('param');
    const row = await requireModule(database.query, c.var.organisation.id, { collection, slug });
    return c.json(await describeModule(database.query, row, collection), 200);
  });
  router.openapi(changeRoute, async (c) => {
    const { collection, module: slug } = c.req.valid('param');
    const name = { collection, slug };
    const before = await requireModule(database.query, c.var.organisation.id, name);
    const change = readChange(c.req.valid('json'), c.req.valid('json').primary_locale ?? before.primary_locale);
    const row = await changeModule(dependencies, callerOf(c.var), { name, change });
    published(c.var.organisation.id);
    return c.json(await describeModule(database.query, row, collection), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    const { collection, module: slug } = c.req.valid('param');
    await requireModule(database.query, c.var.organisation.id, { collection, slug });
    await deleteProject(dependencies, callerOf(c.var), slug);
    published(c.var.organisation.id);
    return c.body(null, 204);
  });
}

async function describeModule(query: Query, row: ModuleRow, collection: string) {
  const offered = await listOffered(query, row.collection_id);
  return formatModule(row, { collection, offered, icon: await listIconFiles(query, row.project_id) });
}

interface ModuleContext {
  readonly collection: string;
  readonly offered: ReadonlyMap<string, string>;
  readonly icon: readonly IconRow[];
}

function formatModule(row: ModuleRow, { collection, offered, icon }: ModuleContext) {
  const { name, description, primaryLocale, acceptedTypes, scan, manifestDays } = fieldsOf(row);
  const { category, requiresPermissions, infoUrl, trustLevel } = factsOf(row);
  return {
    ...{ slug: row.slug, collection, name: { ...name }, description: { ...description }, category: { ...category } },
    ...{ primary_locale: primaryLocale, requires_permissions: [...requiresPermissions], info_url: infoUrl ?? null },
    ...{ trust_level: trustLevel, accepted_types: [...acceptedTypes], scan, manifest_days: manifestDays },
    ...{ offered_version: offered.get(row.project_id) ?? null, icon: formatIcon(icon) },
    created_at: formatTime(row.created_at),
  };
}

const tags = ['modules'];
const base = '/api/collections/{collection}/modules';
const listRoute = createRoute({
  method: 'get',
  path: base,
  tags,
  summary: 'The modules of a collection; a search is for a part of slug or name',
  request: { params: collectionParams, query: z.object(pageShape(z.string().regex(slugPattern))) },
  responses: { 200: jsonAnswer('By slug', z.object({ modules: z.array(moduleSchema), next: nextSchema })) },
});
const createModuleRoute = createRoute({
  method: 'post',
  path: base,
  tags,
  summary: 'Create a module; its releases are uploaded as those of any project',
  request: { params: collectionParams, body: jsonBody(createSchema) },
  responses: { 201: jsonAnswer('The new module', moduleSchema) },
});
const showRoute = createRoute({
  method: 'get',
  path: `${base}/{module}`,
  tags,
  summary: 'One module',
  request: { params: moduleParams },
  responses: { 200: jsonAnswer('The module, and which version the catalogue offers', moduleSchema) },
});
const changeRoute = createRoute({
  method: 'patch',
  path: `${base}/{module}`,
  tags,
  summary: 'Change a module, and its entry in the catalogue with it',
  request: { params: moduleParams, body: jsonBody(changeSchema) },
  responses: { 200: jsonAnswer('The module as it is now', moduleSchema) },
});
const deleteRoute = createRoute({
  method: 'delete',
  path: `${base}/{module}`,
  tags,
  summary: 'Hide a module and all its releases',
  request: { params: moduleParams },
  responses: { 204: { description: 'Hidden; nothing is lost' } },
});
