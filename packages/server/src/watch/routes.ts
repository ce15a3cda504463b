/** All HTTP of the watch. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../http/context.ts';
import type { AdmissionFigures } from './admission/metrics.ts';
import { type AdmissionRouteParts, watchAdmissionRoutes } from './admission/routes.ts';
import { watchAnnouncementRoutes } from './announcements/routes.ts';
import { watchCaseRoutes } from './cases/routes.ts';
import type { Following } from './clusters/following.ts';
import { watchClusterRoutes } from './clusters/routes.ts';
import { watchDecisionRoutes } from './decisions/routes.ts';
import { watchFindingRoutes } from './findings/routes.ts';
import { watchFormatRoutes } from './formats/routes.ts';
import { watchGateRoutes } from './gates/routes.ts';
import type { SummaryParts } from './gates/summary.ts';
import { watchInventoryRoutes } from './inventory/routes.ts';
import { observingRoutes } from './observing/routes.ts';
import type { Observing } from './observing/scheduler.ts';
import { watchPolicyRoutes } from './policies/routes.ts';
import { watchPublisherKeyRoutes } from './publisher-keys/routes.ts';
import { watchSourceRoutes } from './sources/routes.ts';
import type { VouchParts } from './vouching/hand-in.ts';
import { watchVouchRoutes } from './vouching/routes.ts';

/** What the watch does by itself, and counts. */
export interface WatchWork {
  /** Looks at what is watched. */
  readonly observing: Observing;
  /** Follows what runs in clusters. */
  readonly following: Following;
  /** Reviews for clusters, counted. */
  readonly admissions: AdmissionFigures;
}

/** What the routes need. */
interface WatchRouteParts extends SummaryParts, VouchParts, WatchWork, Pick<AdmissionRouteParts, 'config' | 'log'> {}

/** The routers of the watch. */
export function watchRoutes(parts: WatchRouteParts): readonly OpenAPIHono<AppEnv>[] {
  return [
    watchSourceRoutes(parts),
    watchAnnouncementRoutes(parts),
    watchFindingRoutes(parts),
    observingRoutes(parts),
    watchPolicyRoutes(parts),
    watchFormatRoutes(parts),
    watchGateRoutes(parts),
    watchInventoryRoutes(parts),
    watchCaseRoutes(parts),
    watchDecisionRoutes(parts),
    watchPublisherKeyRoutes(parts),
    watchVouchRoutes(parts),
    watchAdmissionRoutes(parts),
    watchClusterRoutes(parts),
  ];
}
