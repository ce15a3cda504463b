/** HTTP of the plane of modules. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../http/context.ts';
import { authorRoutes } from './authors/routes.ts';
import type { CatalogueAnswering } from './catalogue/answers.ts';
import { catalogueRoutes } from './catalogue/routes.ts';
import { type CollectionRouteDependencies, collectionRoutes } from './collections/routes.ts';
import { type IconRouteDependencies, iconRoutes } from './icons/routes.ts';
import { memberRoutes } from './members/routes.ts';
import { type SubmissionRouteParts, submissionRoutes } from './submissions/routes.ts';

/** All routes of the plane. */
export function moduleRoutes(
  dependencies: CollectionRouteDependencies & CatalogueAnswering & IconRouteDependencies & SubmissionRouteParts,
): OpenAPIHono<AppEnv>[] {
  return [
    collectionRoutes(dependencies),
    memberRoutes(dependencies),
    iconRoutes(dependencies),
    catalogueRoutes(dependencies),
    authorRoutes(dependencies),
    submissionRoutes(dependencies),
  ];
}
