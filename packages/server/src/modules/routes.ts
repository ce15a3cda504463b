/** HTTP of the plane of modules. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../http/context.ts';
import { type CatalogueRouteDependencies, catalogueRoutes } from './catalogue/routes.ts';
import { type CollectionRouteDependencies, collectionRoutes } from './collections/routes.ts';
import { memberRoutes } from './members/routes.ts';

/** All routes of the plane. */
export function moduleRoutes(
  dependencies: CollectionRouteDependencies & CatalogueRouteDependencies,
): OpenAPIHono<AppEnv>[] {
  return [collectionRoutes(dependencies), memberRoutes(dependencies), catalogueRoutes(dependencies)];
}
