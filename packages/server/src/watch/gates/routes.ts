/** HTTP of gates: the verdict on a reference, and the same as a signed statement. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { BaseLogger } from 'pino';
import type { AppEnv } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import { environmentSchema } from '../policies/document.ts';
import { describeReason, outcomeSchema, reasonSchema } from './reason.ts';
import { type SummaryParts, signVerdict } from './summary.ts';
import { type GateVerdict, noteAsked, parseGateReference, readVerdict } from './verdict.ts';

const tags = ['watch'];
const verdictSchema = z
  .object({
    verdict: outcomeSchema.openapi({ description: 'With the mode of the rule: who observes denies nothing.' }),
    judged: outcomeSchema.openapi({ description: 'What it would be if the rule enforced.' }),
    source: z.string(),
    sha256: z.string().nullable(),
    reasons: z.array(reasonSchema),
    policy: z.object({ version: z.int(), sha256: z.string(), rule: z.string(), mode: z.string() }),
    revision: z.object({ id: z.string(), version: z.int(), line: z.string() }).nullable(),
    judged_at: timeSchema,
    expires_at: timeSchema,
  })
  .openapi('WatchVerdict');

const verdictQuery = z.object({
  ref: z.string().min(1).max(1024).openapi({ example: 'ghcr.io/org/app:1.2.3' }),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hex digits')
    .optional(),
  environment: environmentSchema.optional(),
});

const verdictRoute = createRoute({
  method: 'get',
  path: '/api/watch/verdict',
  tags,
  summary: 'Whether something may be used, by what was seen and decided',
  description: 'The verdict is on a digest: that of the request, else what the name was last seen to lead to.',
  request: { query: verdictQuery },
  responses: { 200: jsonAnswer('The verdict with its reasons.', verdictSchema) },
});
const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(z.object({ keyid: z.string().optional(), sig: z.string() })),
});
const summaryRoute = createRoute({
  method: 'get',
  path: '/api/watch/verdict/summary',
  tags,
  summary: 'The verdict as a signed verification summary (SLSA)',
  request: { query: verdictQuery },
  responses: {
    200: jsonAnswer(
      'An in-toto statement in a DSSE envelope, signed by the key of the organisation for all projects.',
      envelopeSchema,
    ),
  },
});

/** What the routes of gates need. */
interface GateRouteParts extends SummaryParts {
  readonly log: Pick<BaseLogger, 'warn'>;
}

/** The routes of gates. */
export function watchGateRoutes(parts: GateRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const read = async ({ ref, digest, environment }: z.infer<typeof verdictQuery>, organisationId: string) => {
    const reference = parseGateReference(ref, digest);
    return noteAsked(parts, await readVerdict(parts, { organisationId, reference, environment }));
  };
  router.openapi(verdictRoute, async (c) =>
    c.json(describeVerdict(await read(c.req.valid('query'), c.var.organisation.id)), 200),
  );
  router.openapi(summaryRoute, async (c) => {
    const organisationId = c.var.organisation.id;
    const text = await signVerdict(parts, organisationId, await read(c.req.valid('query'), organisationId));
    return c.json(JSON.parse(text) as z.infer<typeof envelopeSchema>, 200);
  });
  return router;
}

function describeVerdict(verdict: GateVerdict): z.infer<typeof verdictSchema> {
  const { outcome, judged, key, content, reasons, policy, rule, revision } = verdict;
  return {
    ...{ verdict: outcome, judged, source: key, sha256: content ?? null, reasons: reasons.map(describeReason) },
    policy: { ...policy, rule: rule.name, mode: rule.mode },
    revision: revision ?? null,
    ...{ judged_at: formatTime(verdict.judgedAt), expires_at: formatTime(verdict.expiresAt) },
  };
}
