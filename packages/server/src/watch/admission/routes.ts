/** HTTP of admission: the validating webhook of a Kubernetes cluster. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Config } from '../../config.ts';
import { Refusal } from '../../errors.ts';
import { limitKey } from '../../http/address.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRateLimit, type RateLimit } from '../../http/rate-limit.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import type { Reason } from '../gates/judge.ts';
import { environmentSchema } from '../policies/document.ts';
import { type Admission, type AdmissionParts, admitImages, admitUnjudged } from './admit.ts';
import type { AdmissionFigures } from './metrics.ts';
import { type Admitted, describeReview, parseReview, type Review } from './review.ts';

/** Below the five seconds that the manifests give. */
const usualBudgetMs = 3000;

const objectSchema = z.record(z.string(), z.unknown());
const admitRoute = createRoute({
  method: 'post',
  path: '/api/watch/admission',
  tags: ['watch'],
  summary: 'Review what a Kubernetes cluster is about to run (AdmissionReview v1)',
  description:
    'Nothing is changed. What nobody knows is looked at once within the budget, and refused where the policy enforces. Over the limit of reviews a minute nothing is looked up, and every image is unknown.',
  request: {
    query: z.object({
      environment: environmentSchema.optional(),
      budget_ms: z.coerce.number().int().min(100).max(25_000).default(usualBudgetMs),
    }),
    body: jsonBody(objectSchema),
  },
  responses: { 200: jsonAnswer('The review with its response.', objectSchema) },
});

/** What the routes of admission need. */
export interface AdmissionRouteParts extends AdmissionParts {
  readonly config: Pick<Config, 'admissionsPerMinute'>;
  readonly admissions: AdmissionFigures;
}

/** The routes of admission. */
export function watchAdmissionRoutes(parts: AdmissionRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const limit = createRateLimit(parts.config.admissionsPerMinute, parts.now);
  router.openapi(admitRoute, async (c) => {
    const started = performance.now();
    const { environment, budget_ms: budgetMs } = c.req.valid('query');
    const review = parseReview(c.req.valid('json'));
    const admission = { caller: callerOf(c.var), environment, budgetMs };
    const { organisationId, actor } = admission.caller;
    const isLimited = isOverLimit(limit, [`${organisationId} ${actor.id}`, limitKey(c.var.address)]);
    const admitted = isLimited
      ? await admitOverLimit(parts, admission, review)
      : await admitImages(parts, admission, review);
    parts.admissions.count(admitted, { seconds: (performance.now() - started) / 1000, isLimited });
    return c.json(describeReview(review, admitted), 200);
  });
  return router;
}

const limitReason: Reason = {
  code: 'gate.limited',
  effect: 'unknown',
  text: 'more reviews came within a minute than this server answers',
};

/** A review that is answered fails as the policy says; a refusal would fail as the webhook's failure policy does. */
async function admitOverLimit(
  parts: AdmissionRouteParts,
  admission: Admission,
  { images }: Review,
): Promise<readonly Admitted[]> {
  return admitUnjudged(parts, admission, { images, reason: limitReason });
}

function isOverLimit(limit: RateLimit, clients: readonly string[]): boolean {
  try {
    for (const client of clients) limit.take(client);
    return false;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'rate_limited') return true;
    throw error;
  }
}
