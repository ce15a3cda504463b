/** HTTP of the push plane. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../http/context.ts';
import { createRouter } from '../http/router.ts';
import { channelRoutes } from './channels/routes.ts';
import { keyRoutes } from './keys/routes.ts';
import { pollRoutes } from './poll/routes.ts';
import type { Push, PushParts } from './push.ts';
import { streamRoutes } from './sse/routes.ts';
import { socketRoutes } from './ws/routes.ts';

/** What the routes work with. */
export type PushRouteParts = Pick<PushParts, 'database' | 'vault' | 'now' | 'log'> & { readonly push: Push };

/** The routes of the push plane. */
export function pushRoutes(parts: PushRouteParts): OpenAPIHono<AppEnv> {
  const { push, ...own } = parts;
  const all = { ...own, ...push };
  const router = createRouter();
  for (const part of [keyRoutes(parts), channelRoutes(all), streamRoutes(push), pollRoutes(all), socketRoutes(all)]) {
    router.route('/', part);
  }
  return router;
}
