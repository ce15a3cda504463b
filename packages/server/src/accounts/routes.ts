/** HTTP of accounts: sessions, people, API keys, organisations. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { parseScope, slugPattern } from '@signpost/protocol/updates/names';
import type { Context } from 'hono';
import { Refusal } from '../errors.ts';
import { type AppEnv, callerOf, requirePerson } from '../http/context.ts';
import { nextSchema, pageShape } from '../http/page-schema.ts';
import { hasProof, passwordSchema, proofExpected, proofShape, readProof } from '../http/proof-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../http/router.ts';
import { grantableVerbSchema, scopeSchema, verbSchema } from '../http/scope-schema.ts';
import { lineSchema } from '../http/text-schema.ts';
import { createApiKey, findAnswerable, revokeApiKey } from './api-keys.ts';
import { factorRoutes } from './factors/routes.ts';
import { listFactorHolders } from './factors/store.ts';
import { firstAdminRoutes } from './first-admin/routes.ts';
import { readMemberPage } from './members/page.ts';
import { countWithoutFactor } from './members/store.ts';
import { changeSecondFactorRule, createOrganisation, type RefreshableDirectory } from './organisations.ts';
import { changePerson, createPerson, makeAdmin } from './people.ts';
import { addLogInRoutes, addSessionRoutes, type SessionRouteDependencies } from './sessions/routes.ts';
import { confirmPerson } from './step-up.ts';
import {
  type ApiKeyRow,
  findMember,
  findOrganisation,
  listApiKeys,
  listOrganisations,
  type MemberRow,
  type OrganisationRow,
} from './store.ts';

/** What the routes of accounts need. */
export type AccountDependencies = SessionRouteDependencies & { readonly directory: RefreshableDirectory };

const roleSchema = z.enum(['admin', 'manager', 'viewer']);
// An admin is made by an admin in person, who types their password: `adminRoute`.
const ordinaryRoleSchema = z.enum(['manager', 'viewer']);
const nameSchema = lineSchema(200);
const emailSchema = z.email().max(254);
const idSchema = z.object({ id: z.uuid() });
const done = { description: 'Done.' };

const personSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role: roleSchema,
    disabled: z.boolean(),
    second_factor: z.boolean().openapi({ description: 'Has an authenticator app or a passkey.' }),
    created_at: timeSchema,
  })
  .openapi('Person');

const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    hint: z.string(),
    scope: z.string(),
    verbs: z.array(verbSchema),
    created_by: z.uuid().nullable(),
    created_at: timeSchema,
    expires_at: timeSchema.nullable(),
    last_used_at: timeSchema.nullable(),
  })
  .openapi('ApiKey');

const newApiKeySchema = z.strictObject({
  name: nameSchema,
  scope: scopeSchema.default('*'),
  verbs: z.array(grantableVerbSchema).min(1).max(6),
  expires_in_days: z.int().min(1).max(3660).optional(),
});

const organisationSchema = z
  .object({
    id: z.uuid(),
    slug: z.string(),
    name: z.string(),
    host: z.string().nullable(),
    second_factor: z.enum(['optional', 'required']),
    created_at: timeSchema,
  })
  .openapi('Organisation');

const hostSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/);

/** The routes of accounts. */
export function accountRoutes(dependencies: AccountDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addLogInRoutes(router, dependencies);
  addSessionRoutes(router, dependencies);
  addPeopleRoutes(router, dependencies);
  addApiKeyRoutes(router, dependencies);
  addOrganisationRoutes(router, dependencies);
  addOwnOrganisationRoutes(router, dependencies);
  router.route('/', factorRoutes(dependencies));
  router.route('/', firstAdminRoutes(dependencies));
  return router;
}

const peopleRoute = createRoute({
  method: 'get',
  path: '/api/people',
  tags: ['accounts'],
  summary: 'The members of the organisation; a search is for a part of name or address',
  request: { query: z.object(pageShape(z.uuid())) },
  responses: {
    200: jsonAnswer(
      'The members, by address, and how many of all of them may act without a second factor.',
      z.object({ people: z.array(personSchema), next: nextSchema, without_second_factor: z.int() }),
    ),
  },
});

const personRoute = createRoute({
  method: 'get',
  path: '/api/people/{id}',
  tags: ['accounts'],
  summary: 'One member',
  request: { params: idSchema },
  responses: { 200: jsonAnswer('The person.', personSchema) },
});

const newPersonRoute = createRoute({
  method: 'post',
  path: '/api/people',
  tags: ['accounts'],
  summary: 'Create a person as a member; an admin is made of them afterwards',
  request: {
    body: jsonBody(
      z.strictObject({ email: emailSchema, name: nameSchema, role: ordinaryRoleSchema, password: passwordSchema }),
    ),
  },
  responses: { 201: jsonAnswer('The person.', personSchema) },
});

const changePersonRoute = createRoute({
  method: 'patch',
  path: '/api/people/{id}',
  tags: ['accounts'],
  summary: 'Change a member’s name or role, or end and restore their access',
  request: {
    params: idSchema,
    body: jsonBody(
      z.strictObject({
        name: nameSchema.optional(),
        role: ordinaryRoleSchema.optional(),
        disabled: z.boolean().optional(),
      }),
    ),
  },
  responses: { 200: jsonAnswer('The person.', personSchema) },
});

const adminRoute = createRoute({
  method: 'post',
  path: '/api/people/{id}/admin',
  tags: ['accounts'],
  summary: 'Make a member an admin, after proving again who one is',
  request: { params: idSchema, body: jsonBody(z.strictObject(proofShape).refine(hasProof, proofExpected)) },
  responses: { 200: jsonAnswer('The person.', personSchema) },
});

function addPeopleRoutes(router: OpenAPIHono<AppEnv>, dependencies: AccountDependencies): void {
  const { database, passwords, now } = dependencies;
  const holdersOf = (c: Context<AppEnv>, among?: readonly string[]) =>
    listFactorHolders(database.query, c.var.organisation.id, among);
  router.openapi(peopleRoute, async (c) => {
    const { id } = c.get('organisation');
    const page = c.req.valid('query');
    const { rows, next } = await readMemberPage(database, id, page);
    const holders = await holdersOf(c, page.limit === undefined ? undefined : rows.map((member) => member.id));
    const people = rows.map((member) => describePerson(member, holders));
    return c.json({ people, next, without_second_factor: await countWithoutFactor(database.query, id) }, 200);
  });
  router.openapi(personRoute, async (c) => {
    const { id } = c.req.valid('param');
    const member = await findMember(database.query, c.var.organisation.id, id);
    if (!member) throw new Refusal('not_found', 'no such member');
    return c.json(describePerson(member, await holdersOf(c, [id])), 200);
  });
  router.openapi(newPersonRoute, async (c) => {
    const { email, name, role, password } = c.req.valid('json');
    const passwordHash = await passwords.hash(password);
    const { organisationId, actor } = callerOf(c.var);
    const member = await database.transaction((transaction) =>
      createPerson(transaction, { organisationId, email, name, role, passwordHash }, { actor, now: now() }),
    );
    return c.json(describePerson(member, new Set()), 201);
  });
  router.openapi(changePersonRoute, async (c) => {
    const personId = c.req.valid('param').id;
    const changed = await changePerson(dependencies, callerOf(c.var), { personId, changes: c.req.valid('json') });
    return c.json(describePerson(changed, await holdersOf(c, [personId])), 200);
  });
  router.openapi(adminRoute, async (c) => {
    const caller = callerOf(c.var);
    await confirmPerson(dependencies, caller, readProof(c.req.valid('json')));
    const made = await makeAdmin(dependencies, caller, c.req.valid('param').id);
    return c.json(describePerson(made, await holdersOf(c, [made.id])), 200);
  });
}

const apiKeysRoute = createRoute({
  method: 'get',
  path: '/api/api-keys',
  tags: ['accounts'],
  summary: 'API keys that are not revoked',
  responses: { 200: jsonAnswer('The keys, oldest first.', z.object({ api_keys: z.array(apiKeySchema) })) },
});

const newApiKeyRoute = createRoute({
  method: 'post',
  path: '/api/api-keys',
  tags: ['accounts'],
  summary: 'Create an API key',
  request: { body: jsonBody(newApiKeySchema) },
  responses: { 201: jsonAnswer('The key; `key` is shown only here.', apiKeySchema.extend({ key: z.string() })) },
});

const revokeApiKeyRoute = createRoute({
  method: 'delete',
  path: '/api/api-keys/{id}',
  tags: ['accounts'],
  summary: 'Revoke an API key at once',
  request: { params: idSchema },
  responses: { 204: done },
});

function addApiKeyRoutes(router: OpenAPIHono<AppEnv>, dependencies: AccountDependencies): void {
  const { database, now } = dependencies;
  router.openapi(apiKeysRoute, async (c) => {
    const rows = await listApiKeys(database.query, c.get('organisation').id);
    return c.json({ api_keys: rows.map(describeApiKey) }, 200);
  });
  router.openapi(newApiKeyRoute, async (c) => {
    const { name, scope, verbs, expires_in_days: days } = c.req.valid('json');
    const { organisationId, actor } = callerOf(c.var);
    const at = now();
    const wanted = {
      organisationId,
      name,
      scope: parseScope(scope),
      verbs: [...new Set(verbs)],
      expiresAt: days === undefined ? null : at + days * 24 * 60 * 60 * 1000,
    };
    const created = await database.transaction(async (transaction) => {
      const createdBy = await findAnswerable(transaction, actor);
      return createApiKey(transaction, { ...wanted, createdBy }, { actor, now: at });
    });
    return c.json({ ...describeApiKey(created.row), key: created.key }, 201);
  });
  router.openapi(revokeApiKeyRoute, async (c) => {
    await revokeApiKey(dependencies, callerOf(c.var), c.req.valid('param').id);
    return c.body(null, 204);
  });
}

const organisationsRoute = createRoute({
  method: 'get',
  path: '/api/organisations',
  tags: ['accounts'],
  summary: 'The organisations of this server',
  responses: {
    200: jsonAnswer('The organisations, by slug.', z.object({ organisations: z.array(organisationSchema) })),
  },
});

const newOrganisationRoute = createRoute({
  method: 'post',
  path: '/api/organisations',
  tags: ['accounts'],
  summary: 'Create an organisation, with oneself as its first admin',
  request: {
    body: jsonBody(
      z.strictObject({ slug: z.string().regex(slugPattern), name: nameSchema, host: hostSchema.optional() }),
    ),
  },
  responses: { 201: jsonAnswer('The organisation.', organisationSchema) },
});

function addOrganisationRoutes(router: OpenAPIHono<AppEnv>, { database, directory, now }: AccountDependencies): void {
  router.openapi(organisationsRoute, async (c) => {
    const rows = await listOrganisations(database.query);
    return c.json({ organisations: rows.map(describeOrganisation) }, 200);
  });
  router.openapi(newOrganisationRoute, async (c) => {
    const { slug, name, host = null } = c.req.valid('json');
    const { personId } = requirePerson(c.var);
    const { actor } = callerOf(c.var);
    const row = await database.transaction((transaction) =>
      createOrganisation(transaction, { slug, name, host, founder: { personId } }, { actor, now: now() }),
    );
    directory.forget();
    return c.json(describeOrganisation(row), 201);
  });
}

const ownOrganisationRoute = createRoute({
  method: 'get',
  path: '/api/organisation',
  tags: ['accounts'],
  summary: 'The own organisation',
  responses: { 200: jsonAnswer('The organisation.', organisationSchema) },
});

const secondFactorRuleRoute = createRoute({
  method: 'put',
  path: '/api/organisation/second-factor',
  tags: ['accounts'],
  summary: 'Decide whether people of the organisation must have a second factor',
  description:
    'Where it is `required`, sessions without one are answered only what enrols one. API keys are not concerned.',
  request: {
    body: jsonBody(
      z
        .strictObject({ second_factor: z.enum(['optional', 'required']), ...proofShape })
        .refine(hasProof, proofExpected),
    ),
  },
  responses: { 200: jsonAnswer('The organisation.', organisationSchema) },
});

function addOwnOrganisationRoutes(router: OpenAPIHono<AppEnv>, dependencies: AccountDependencies): void {
  const read = async (id: string) => {
    const row = await findOrganisation(dependencies.database.query, id);
    if (!row) throw new Refusal('not_found', 'there is nothing here');
    return describeOrganisation(row);
  };
  router.openapi(ownOrganisationRoute, async (c) => c.json(await read(c.var.organisation.id), 200));
  router.openapi(secondFactorRuleRoute, async (c) => {
    const { second_factor: rule, ...proof } = c.req.valid('json');
    await confirmPerson(dependencies, callerOf(c.var), readProof(proof));
    await changeSecondFactorRule(dependencies, callerOf(c.var), rule);
    return c.json(await read(c.var.organisation.id), 200);
  });
}

function describePerson(member: MemberRow, holders: ReadonlySet<string>) {
  const { id, email, name, role, disabled_at, created_at } = member;
  const access = { disabled: disabled_at !== null, second_factor: holders.has(id) };
  return { id, email, name, role, ...access, created_at: formatTime(created_at) };
}

function describeApiKey(row: ApiKeyRow) {
  return {
    id: row.id,
    name: row.name,
    hint: row.hint,
    scope: row.scope,
    verbs: z.array(verbSchema).parse(JSON.parse(row.verbs)),
    created_by: row.created_by,
    created_at: formatTime(row.created_at),
    expires_at: row.expires_at === null ? null : formatTime(row.expires_at),
    last_used_at: row.last_used_at === null ? null : formatTime(row.last_used_at),
  };
}

function describeOrganisation({ id, slug, name, host, second_factor, created_at }: OrganisationRow) {
  return { id, slug, name, host, second_factor, created_at: formatTime(created_at) };
}
