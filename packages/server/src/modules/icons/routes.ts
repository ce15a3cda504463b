/** HTTP of icons: set and removed by managers, had by everybody. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { slugPattern } from '@signpost/protocol/updates/names';
import type { Context } from 'hono';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import { strictContentPolicy } from '../../http/headers.ts';
import { createRouter, fileBody, jsonAnswer } from '../../http/router.ts';
import { type IconParts, removeIcon, setIcon } from './icon.ts';
import { iconFilePattern } from './icon-file.ts';
import { formatIcon, iconSchema } from './icon-format.ts';
import { MissingIcons } from './missing-icons.ts';
import { type IconReading, readIconFile, readModuleIcon, type ServedIcon } from './serving.ts';

/** What the routes of icons need. */
export interface IconRouteDependencies extends IconParts, Omit<IconReading, 'missing'> {
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

// Names are judged by their form before anything is looked up by them.
const slug = z.string().regex(slugPattern);
const moduleSchema = z.object({ collection: slug, module: slug });
const fileSchema = z.object({ file: z.string().regex(iconFilePattern) });

/** The routes of icons. */
export function iconRoutes(dependencies: IconRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addChangingRoutes(router, dependencies);
  addReadingRoutes(router, { ...dependencies, missing: new MissingIcons() });
  return router;
}

function addChangingRoutes(router: OpenAPIHono<AppEnv>, dependencies: IconRouteDependencies): void {
  router.openapi(setRoute, async (c) => {
    const { collection, module } = c.req.valid('param');
    const name = { collection, slug: module };
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const rows = await setIcon(dependencies, callerOf(c.var), { name, bytes });
    dependencies.published(c.var.organisation.id);
    return c.json(iconSchema.parse(formatIcon(rows)), 200);
  });
  router.openapi(removeRoute, async (c) => {
    const { collection, module } = c.req.valid('param');
    await removeIcon(dependencies, callerOf(c.var), { collection, slug: module });
    dependencies.published(c.var.organisation.id);
    return c.body(null, 204);
  });
}

function addReadingRoutes(router: OpenAPIHono<AppEnv>, reading: IconReading): void {
  const answerModule = async (
    c: Context<AppEnv>,
    { collection, module }: { collection: string; module: string },
    png: boolean,
  ) => {
    const name = { collection, slug: module };
    return answerIcon(c, await readModuleIcon(reading, callerOf(c.var), { name, png }), 'public, max-age=60');
  };
  router.openapi(pictureRoute, (c) => answerModule(c, c.req.valid('param'), false));
  router.openapi(pngRoute, (c) => answerModule(c, c.req.valid('param'), true));
  router.openapi(fileRoute, async (c) => {
    const icon = await readIconFile(reading, callerOf(c.var), c.req.valid('param').file);
    return answerIcon(c, icon, 'public, max-age=31536000, immutable');
  });
}

/** A drawing that is opened by itself loads and runs nothing, and is of no origin. */
const contentPolicy = `${strictContentPolicy}; sandbox`;

function answerIcon(c: Context<AppEnv>, { row, bytes }: ServedIcon, cacheControl: string): never {
  const etag = `"${row.sha256}"`;
  const headers = { ETag: etag, 'Cache-Control': cacheControl, 'Content-Security-Policy': contentPolicy };
  if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, headers) as never;
  return c.body(new Uint8Array(bytes), 200, { ...headers, 'Content-Type': row.media_type }) as never;
}

const tags = ['modules'];
const picture = {
  description: 'The picture',
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
};
const answers = {
  200: picture,
  304: { description: 'Unchanged' },
  404: { description: 'No such icon' },
};
const setRoute = createRoute({
  method: 'put',
  path: '/api/collections/{collection}/modules/{module}/icon',
  tags,
  summary: 'Set the icon of a module',
  description:
    'The body is a PNG, JPEG, WebP or SVG of at most 512 KiB, known by its bytes. It is decoded and written anew; an SVG is held to a list of what it may contain, and gets a PNG of 256 pixels beside it.',
  request: { params: moduleSchema, body: fileBody },
  responses: { 200: jsonAnswer('The icon, and the addresses of its files', iconSchema) },
});
const removeRoute = createRoute({
  method: 'delete',
  path: '/api/collections/{collection}/modules/{module}/icon',
  tags,
  summary: 'Remove the icon of a module',
  request: { params: moduleSchema },
  responses: { 204: { description: 'Gone, from the catalogue too' } },
});
const pictureRoute = createRoute({
  method: 'get',
  path: '/api/modules/{collection}/{module}/icon',
  tags,
  summary: 'The icon of a module, as it was drawn',
  request: { params: moduleSchema },
  responses: answers,
});
const pngRoute = createRoute({
  method: 'get',
  path: '/api/modules/{collection}/{module}/icon.png',
  tags,
  summary: 'The icon of a module as PNG, if it is one or a drawing',
  request: { params: moduleSchema },
  responses: answers,
});
const fileRoute = createRoute({
  method: 'get',
  path: '/api/icons/{file}',
  tags,
  summary: 'A file of an icon by its digest, as the catalogue names it; its content never changes',
  request: { params: fileSchema },
  responses: answers,
});
