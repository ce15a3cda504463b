/** HTTP of projects. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { slugPattern } from '@signpost/protocol/updates/names';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { nextSchema, pageShape } from '../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { localeMapSchema, textSchema } from '../../http/text-schema.ts';
import { cutPage } from '../../storage/pages.ts';
import { describeProtection } from '../../trust/status.ts';
import {
  changeProject,
  createProject,
  deleteProject,
  fieldsOf,
  type ProjectDependencies,
  type ProjectFields,
  requireProject,
  restoreProject,
} from './project.ts';
import { type ProjectRow, searchProjects } from './store.ts';

/** What the routes of projects need. */
export interface ProjectRouteDependencies extends ProjectDependencies {
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

const textsSchema = localeMapSchema(4_000);
const nameSchema = z.union([textSchema(200).min(1), textsSchema]);
const acceptedTypesSchema = z
  .array(z.enum(['zip', 'tar.gz', 'any']))
  .min(1)
  .max(3);
const changeSchema = z.object({
  name: nameSchema.optional(),
  description: nameSchema.optional(),
  primary_locale: z.string().max(30).optional(),
  accepted_types: acceptedTypesSchema.optional(),
  scan: z.enum(['required', 'off']).optional(),
  manifest_days: z.int().min(1).max(3_650).optional(),
});
const createSchema = changeSchema.extend({
  slug: z.string().max(50),
  kind: z.enum(['app', 'wordpress_plugin']).default('app'),
});
const kindSchema = z.enum(['app', 'wordpress_plugin', 'module_collection', 'module']);
const projectSchema = z
  .object({
    slug: z.string(),
    kind: kindSchema,
    name: textsSchema,
    description: textsSchema,
    primary_locale: z.string(),
    accepted_types: acceptedTypesSchema,
    scan: z.enum(['required', 'off']),
    manifest_days: z.int(),
    counter: z.int(),
    created_at: timeSchema,
    deleted_at: timeSchema.nullable(),
  })
  .openapi('Project');
const protectionSchema = z.object({
  approvals: z.int(),
  protects: z.enum(['every-client', 'clients-that-know-scopes', 'nobody']),
});
const paramsSchema = z.object({ slug: z.string().max(50) });

/** The routes of projects. */
export function projectRoutes(dependencies: ProjectRouteDependencies): OpenAPIHono<AppEnv> {
  const { database } = dependencies;
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const { signed, ...wanted } = c.req.valid('query');
    const organisationId = c.var.organisation.id;
    const found = await searchProjects(database, { ...wanted, isSigned: signed !== undefined, organisationId });
    const { rows, next } = cutPage(found, wanted, ({ slug }) => slug);
    return c.json({ projects: rows.map(formatProject), next }, 200);
  });
  router.openapi(createProjectRoute, async (c) => {
    const body = c.req.valid('json');
    const primaryLocale = body.primary_locale ?? 'en';
    const fields = {
      ...{
        name: { [primaryLocale]: body.slug },
        description: {},
        acceptedTypes: ['zip', 'tar.gz'] as const,
        scan: 'required' as const,
        manifestDays: 30,
      },
      ...parseChange(body, primaryLocale),
      ...{ slug: body.slug, kind: body.kind, primaryLocale },
    };
    return c.json(formatProject(await createProject(dependencies, callerOf(c.var), fields)), 201);
  });
  addSingleRoutes(router, dependencies);
  return router;
}

function addSingleRoutes(router: OpenAPIHono<AppEnv>, dependencies: ProjectRouteDependencies): void {
  const { database, published } = dependencies;
  router.openapi(showRoute, async (c) => {
    const project = await requireProject(database.query, c.var.organisation.id, c.req.valid('param').slug);
    const protection = await describeProtection({ database }, c.var.organisation.id, project.slug);
    return c.json({ ...formatProject(project), protection }, 200);
  });
  router.openapi(changeRoute, async (c) => {
    const { slug } = c.req.valid('param');
    const project = await requireProject(database.query, c.var.organisation.id, slug);
    const change = parseChange(c.req.valid('json'), c.req.valid('json').primary_locale ?? project.primary_locale);
    const changed = await changeProject(dependencies, callerOf(c.var), { slug, change });
    published(c.var.organisation.id);
    return c.json(formatProject(changed), 200);
  });
  router.openapi(deleteRoute, async (c) => {
    await deleteProject(dependencies, callerOf(c.var), c.req.valid('param').slug);
    published(c.var.organisation.id);
    return c.body(null, 204);
  });
  router.openapi(restoreRoute, async (c) => {
    const restored = await restoreProject(dependencies, callerOf(c.var), c.req.valid('param').slug);
    published(c.var.organisation.id);
    return c.json(formatProject(restored), 200);
  });
}

const tags = ['projects'];
const listRoute = createRoute({
  method: 'get',
  path: '/api/projects',
  tags,
  summary: 'The projects of the organisation; a search is for a part of slug or name',
  request: {
    query: z.object({
      ...{ ...pageShape(z.string().regex(slugPattern)), kind: kindSchema.optional() },
      signed: z.literal('true').optional().openapi({ description: 'Only those for which something was signed.' }),
    }),
  },
  responses: {
    200: jsonAnswer(
      'Projects by slug, deleted ones too',
      z.object({ projects: z.array(projectSchema), next: nextSchema }),
    ),
  },
});
const createProjectRoute = createRoute({
  method: 'post',
  path: '/api/projects',
  tags,
  summary: 'Create a project',
  request: { body: jsonBody(createSchema) },
  responses: { 201: jsonAnswer('The new project', projectSchema) },
});
const showRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}',
  tags,
  summary: 'One project',
  request: { params: paramsSchema },
  responses: {
    200: jsonAnswer(
      'The project, and for whom it is safe from a stolen server',
      projectSchema.extend({ protection: protectionSchema }),
    ),
  },
});
const changeRoute = createRoute({
  method: 'patch',
  path: '/api/projects/{slug}',
  tags,
  summary: 'Change a project',
  request: { params: paramsSchema, body: jsonBody(changeSchema) },
  responses: { 200: jsonAnswer('The project as it is now', projectSchema) },
});
const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/projects/{slug}',
  tags,
  summary: 'Hide a project and all it publishes',
  request: { params: paramsSchema },
  responses: { 204: { description: 'Hidden; nothing is lost' } },
});
const restoreRoute = createRoute({
  method: 'post',
  path: '/api/projects/{slug}/restore',
  tags,
  summary: 'Bring a deleted project back',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The project, back', projectSchema) },
});

function parseChange(
  body: z.infer<typeof changeSchema>,
  primaryLocale: string,
): Partial<Omit<ProjectFields, 'slug' | 'kind'>> {
  const inLocale = (text: z.infer<typeof nameSchema>) => (typeof text === 'string' ? { [primaryLocale]: text } : text);
  return {
    ...(body.name === undefined ? {} : { name: inLocale(body.name) }),
    ...(body.description === undefined ? {} : { description: inLocale(body.description) }),
    ...(body.primary_locale === undefined ? {} : { primaryLocale: body.primary_locale }),
    ...(body.accepted_types === undefined ? {} : { acceptedTypes: body.accepted_types }),
    ...(body.scan === undefined ? {} : { scan: body.scan }),
    ...(body.manifest_days === undefined ? {} : { manifestDays: body.manifest_days }),
  };
}

function formatProject(row: ProjectRow) {
  const fields = fieldsOf(row);
  return {
    slug: row.slug,
    kind: row.kind,
    name: { ...fields.name },
    description: { ...fields.description },
    primary_locale: fields.primaryLocale,
    accepted_types: [...fields.acceptedTypes],
    scan: row.scan,
    manifest_days: row.manifest_days,
    counter: row.counter,
    created_at: formatTime(row.created_at),
    deleted_at: row.deleted_at === null ? null : formatTime(row.deleted_at),
  };
}
