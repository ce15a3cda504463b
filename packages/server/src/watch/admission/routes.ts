/** HTTP of admission: the validating webhook of a Kubernetes cluster. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import { environmentSchema } from '../policies/document.ts';
import { type AdmissionParts, admitImages } from './admit.ts';
import { describeReview, parseReview } from './review.ts';

/** Below the five seconds that the manifests give. */
const usualBudgetMs = 3000;

const objectSchema = z.record(z.string(), z.unknown());
const admitRoute = createRoute({
  method: 'post',
  path: '/api/watch/admission',
  tags: ['watch'],
  summary: 'Review what a Kubernetes cluster is about to run (AdmissionReview v1)',
  description:
    'Nothing is changed. What nobody knows is looked at once within the budget, and refused where the policy enforces.',
  request: {
    query: z.object({
      environment: environmentSchema.optional(),
      budget_ms: z.coerce.number().int().min(100).max(25_000).default(usualBudgetMs),
    }),
    body: jsonBody(objectSchema),
  },
  responses: { 200: jsonAnswer('The review with its response.', objectSchema) },
});

/** The routes of admission. */
export function watchAdmissionRoutes(parts: AdmissionParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(admitRoute, async (c) => {
    const { environment, budget_ms: budgetMs } = c.req.valid('query');
    const review = parseReview(c.req.valid('json'));
    const admitted = await admitImages(parts, { caller: callerOf(c.var), environment, budgetMs }, review);
    return c.json(describeReview(review, admitted), 200);
  });
  return router;
}
