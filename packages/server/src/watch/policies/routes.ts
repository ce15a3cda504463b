/** HTTP of the policy of gates: show it, put one in force, propose one. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import type { WatchParts } from '../parts.ts';
import { isGlob } from './glob.ts';
import { changePolicy, readPolicy } from './policy.ts';
import { proposePolicy } from './proposal.ts';

const tags = ['watch'];
const path = '/api/watch/policy';
const documentSchema = z.record(z.string(), z.unknown()).openapi({ description: 'As docs/watch.md has it.' });
const policySchema = z
  .object({ version: z.int(), sha256: z.string(), document: documentSchema })
  .openapi('WatchPolicy');
const changedSchema = policySchema.extend({ awaits_second_person: z.boolean() }).openapi('ChangedWatchPolicy');

const showRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'The policy of gates',
  responses: { 200: jsonAnswer('The policy in force; version 0 where nobody ever set one.', policySchema) },
});
const changeRoute = createRoute({
  method: 'put',
  path,
  tags,
  summary: 'Put a policy of gates in force',
  request: { body: jsonBody(documentSchema) },
  description: 'What asks for two people in fewer places than before waits for a second person, who puts the same.',
  responses: { 200: jsonAnswer('The policy in force.', changedSchema) },
});
const proposeRoute = createRoute({
  method: 'get',
  path: `${path}/proposal`,
  tags,
  summary: 'A policy that declares what was learned',
  request: { query: z.object({ source: z.string().max(1100).optional() }) },
  responses: { 200: jsonAnswer('Nothing is put in force.', z.object({ document: documentSchema })) },
});

/** The routes of the policy. */
export function watchPolicyRoutes(parts: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const { query } = parts.database;
  router.openapi(showRoute, async (c) => c.json(await readPolicy(query, c.var.organisation.id), 200));
  router.openapi(changeRoute, async (c) => {
    const changed = await changePolicy(parts, callerOf(c.var), c.req.valid('json'));
    const { awaitsSecondPerson = false, ...policy } = changed;
    return c.json({ ...policy, awaits_second_person: awaitsSecondPerson }, 200);
  });
  router.openapi(proposeRoute, async (c) => {
    const { source } = c.req.valid('query');
    if (source !== undefined && !isGlob(source)) {
      throw new Refusal('invalid', 'expected a pattern such as oci:ghcr.io/org/*', { rule: 'watch-policy' });
    }
    return c.json({ document: await proposePolicy(query, { organisationId: c.var.organisation.id, source }) }, 200);
  });
  return router;
}
