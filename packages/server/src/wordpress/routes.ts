/** HTTP of WordPress plugins. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../http/context.ts';
import { type AssetRouteParts, assetRoutes } from './assets/routes.ts';
import type { CredentialParts } from './credentials/credential.ts';
import { credentialRoutes } from './credentials/routes.ts';
import type { DeployParts } from './deploy/deploy.ts';
import { deployRoutes } from './deploy/routes.ts';
import { pluginRoutes } from './plugin/routes.ts';
import { preflightRoutes } from './preflight/routes.ts';
import type { FeedAnswering } from './updates/answers.ts';
import { updateRoutes } from './updates/routes.ts';

/** All routes of plugins. */
export function wordpressRoutes(
  parts: DeployParts & CredentialParts & FeedAnswering & AssetRouteParts,
): OpenAPIHono<AppEnv>[] {
  return [
    ...[pluginRoutes(parts), credentialRoutes(parts), preflightRoutes(parts), deployRoutes(parts)],
    ...[assetRoutes(parts), updateRoutes(parts)],
  ];
}
