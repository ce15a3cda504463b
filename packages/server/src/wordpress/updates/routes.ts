/** HTTP of updates for sites that do not come from wordpress.org: public, and kept as finished answers. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { baseOf } from '../../http/base.ts';
import type { AppEnv } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import { type PreparedAnswer, shareBody } from '../../http/prepared.ts';
import { createRouter, jsonAnswer } from '../../http/router.ts';
import { createFeedAnswers, type FeedAnswering, type FeedQuestion } from './answers.ts';
import { describePlugin, describeUpdate } from './feed.ts';

const infoPath = '/api/projects/{slug}/wordpress/info.json';
const updatePath = '/api/projects/{slug}/wordpress/update.json';

/** The routes of updates. */
export function updateRoutes(parts: FeedAnswering): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const answerInfo = createFeedAnswers(parts, { route: `GET ${infoPath}`, describe: describePlugin });
  const answerUpdate = createFeedAnswers(parts, { route: `GET ${updatePath}`, describe: describeUpdate });
  router.openapi(infoRoute, async (c) => {
    const { slug } = c.req.valid('param');
    return sendFeed(c, await answerInfo(questionOf(parts, c, slug)));
  });
  router.openapi(updateRoute, async (c) => {
    const { slug } = c.req.valid('param');
    return sendFeed(c, await answerUpdate(questionOf(parts, c, slug)));
  });
  return router;
}

/** Sites add what they are to the question (`?installed_version=&php=&locale=`); the answer is the same for all. */
function questionOf(parts: FeedAnswering, c: Context<AppEnv>, slug: string): FeedQuestion {
  const { host, pathname } = new URL(c.req.url);
  return { organisationId: c.var.organisation.id, slug, host, target: pathname, base: baseOf(parts, c) };
}

function sendFeed(c: Context<AppEnv>, answer: PreparedAnswer): never {
  const named = Object.fromEntries(answer.headers);
  if (isMatch(c.req.header('if-none-match') ?? '', answer.etag)) return c.body(null, 304, named) as never;
  return c.body(shareBody(answer), 200, named) as never;
}

const request = { params: z.object({ slug: z.string().max(50) }) };
const picturesSchema = z.record(z.string(), z.string());
const systemSchema = z.object({
  requires: z.string(),
  tested: z.string(),
  requires_php: z.string(),
  icons: picturesSchema,
  banners: picturesSchema,
  translations: z.array(z.never().openapi({ type: 'object', not: {} })).max(0),
});
const infoRoute = createRoute({
  method: 'get',
  path: infoPath,
  tags: ['wordpress'],
  summary: 'The plugin as plugin-update-checker reads it',
  request,
  responses: {
    200: jsonAnswer(
      'The release in service; other members of the question are passed over',
      systemSchema.extend({
        ...{ name: z.string(), slug: z.string(), version: z.string(), homepage: z.string() },
        ...{ download_url: z.string(), author: z.string(), upgrade_notice: z.string(), last_updated: z.string() },
        ...{ sections: z.record(z.string(), z.string()), id: z.string(), filename: z.string().optional() },
      }),
    ),
    304: { description: 'Unchanged' },
  },
});
const updateRoute = createRoute({
  method: 'get',
  path: updatePath,
  tags: ['wordpress'],
  summary: 'What the filter update_plugins_{host} of WordPress returns',
  request,
  responses: {
    200: jsonAnswer(
      'The release in service',
      systemSchema.extend({
        ...{ id: z.string(), slug: z.string(), version: z.string(), url: z.string(), package: z.string() },
        banners_rtl: picturesSchema,
      }),
    ),
    304: { description: 'Unchanged' },
  },
});
