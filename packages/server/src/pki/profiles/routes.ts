/** HTTP of the rules of issuing: profiles and the name policy. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../http/router.ts';
import { namePolicySchema } from './name-policy.ts';
import { profileNamePattern, profileSchema } from './profile.ts';
import { changeNamePolicy, createProfile, deleteProfile, type RuleParts, readRules } from './rules.ts';

const nameSchema = z.string().regex(profileNamePattern, 'expected 3 to 40 characters a-z, 0-9 and inner hyphens');
const listedSchema = z.object({ name: z.string(), built_in: z.boolean(), profile: profileSchema });
const policySchema = namePolicySchema.and(
  z.object({ decided: z.boolean().openapi({ description: 'False while the default holds' }) }),
);

/** The routes of profiles and of the name policy. */
export function ruleRoutes(parts: RuleParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const { profiles, own } = await readRules(parts, c.var.organisation.id);
    const all = [...profiles.values()].map(({ name, ...profile }) => ({ name, built_in: !own.has(name), profile }));
    return c.json({ profiles: all }, 200);
  });
  router.openapi(createProfileRoute, async (c) => {
    const { name, profile } = c.req.valid('json');
    await createProfile(parts, callerOf(c.var), { name, document: profile });
    return c.json({ name, built_in: false, profile }, 201);
  });
  router.openapi(deleteProfileRoute, async (c) => {
    await deleteProfile(parts, callerOf(c.var), c.req.valid('param').name);
    return c.body(null, 204);
  });
  router.openapi(showPolicyRoute, async (c) => c.json(await readPolicy(parts, c.var.organisation.id), 200));
  router.openapi(changePolicyRoute, async (c) => {
    await changeNamePolicy(parts, callerOf(c.var), c.req.valid('json'));
    return c.json(await readPolicy(parts, c.var.organisation.id), 200);
  });
  return router;
}

async function readPolicy(parts: RuleParts, organisationId: string) {
  const { namePolicyDocument, isDecided } = await readRules(parts, organisationId);
  return { ...namePolicyDocument, decided: isDecided };
}

const tags = ['certificates'];
const listRoute = createRoute({
  method: 'get',
  path: '/api/certificate-profiles',
  tags,
  summary: 'What kinds of certificate there are',
  responses: { 200: jsonAnswer('Built-in and own profiles', z.object({ profiles: z.array(listedSchema) })) },
});
const createProfileRoute = createRoute({
  method: 'post',
  path: '/api/certificate-profiles',
  tags,
  summary: "Add a profile of the organisation's own",
  request: { body: jsonBody(z.strictObject({ name: nameSchema, profile: profileSchema })) },
  responses: { 201: jsonAnswer('The new profile', listedSchema) },
});
const deleteProfileRoute = createRoute({
  method: 'delete',
  path: '/api/certificate-profiles/{name}',
  tags,
  summary: "Take a profile of the organisation's own away",
  request: { params: z.object({ name: z.string().max(40) }) },
  responses: { 204: { description: 'Gone; certificates that it made stay' } },
});
const showPolicyRoute = createRoute({
  method: 'get',
  path: '/api/name-policy',
  tags,
  summary: 'Which names may be certified',
  responses: { 200: jsonAnswer('The policy in force', policySchema) },
});
const changePolicyRoute = createRoute({
  method: 'put',
  path: '/api/name-policy',
  tags,
  summary: 'Change which names may be certified',
  request: { body: jsonBody(namePolicySchema) },
  responses: { 200: jsonAnswer('The policy in force', policySchema) },
});
