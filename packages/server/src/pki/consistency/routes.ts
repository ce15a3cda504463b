/** HTTP of the check that holds the database against what was signed. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, jsonAnswer } from '../../http/router.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import type { StatusAnswers } from '../revocation/status-answers.ts';
import { type ConsistencyReport, checkConsistency } from './consistency.ts';

const tags = ['certificates'];
const reportSchema = z
  .object({
    checked: z.int(),
    found: z.int(),
    findings: z
      .array(
        z.object({
          certificate_id: z.string().nullable(),
          authority: z.string().nullable(),
          problem: z.string(),
          detail: z.string(),
          outcome: z.enum(['repairable', 'repaired', 'open']),
        }),
      )
      .openapi({
        description:
          'The first 1,000. `authority` is the one whose list, or whose key for OCSP or timestamps, is meant.',
      }),
  })
  .openapi('ConsistencyReport');

const checkRoute = createRoute({
  method: 'get',
  path: '/api/certificates/consistency',
  tags,
  summary: 'Hold the database against certificates, chains, keys and published lists',
  responses: { 200: jsonAnswer('What was found; nothing is changed', reportSchema) },
});
const repairRoute = createRoute({
  method: 'post',
  path: '/api/certificates/consistency/repair',
  tags,
  summary: 'Write again what certificates and lists prove',
  responses: { 200: jsonAnswer('What was found, and what was repaired', reportSchema) },
});

/** The routes of the check. */
export function consistencyRoutes(
  parts: AuthorityParts & { readonly statusAnswers: StatusAnswers },
): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const checking = { ...parts, forgetLists: (id: string) => parts.statusAnswers.forgetLists(id) };
  router.openapi(checkRoute, async (c) =>
    c.json(formatReport(await checkConsistency(checking, callerOf(c.var), { repair: false })), 200),
  );
  router.openapi(repairRoute, async (c) =>
    c.json(formatReport(await checkConsistency(checking, callerOf(c.var), { repair: true })), 200),
  );
  return router;
}

function formatReport({ checked, found, findings }: ConsistencyReport) {
  return {
    ...{ checked, found },
    findings: findings.map(({ certificateId, authority, ...finding }) => ({
      ...{ certificate_id: certificateId ?? null, authority: authority ?? null },
      ...finding,
    })),
  };
}
