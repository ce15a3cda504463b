/** All HTTP of the watch. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../http/context.ts';
import { type AdmissionRouteParts, watchAdmissionRoutes } from './admission/routes.ts';
import { watchCaseRoutes } from './cases/routes.ts';
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

/** What they need. */
interface WatchRouteParts extends SummaryParts, VouchParts, Pick<AdmissionRouteParts, 'config' | 'admissions'> {
  readonly observing: Observing;
}

/** The routers of the watch. */
export function watchRoutes(parts: WatchRouteParts): readonly OpenAPIHono<AppEnv>[] {
  return [
    watchSourceRoutes(parts),
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
  ];
}
