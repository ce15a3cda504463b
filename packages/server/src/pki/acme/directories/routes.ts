/** HTTP for those who run ACME: directories, binding keys, accounts, orders. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../../http/context.ts';
import { nextSchema } from '../../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../../http/router.ts';
import { lineSchema } from '../../../http/text-schema.ts';
import { isId } from '../../../storage/ids.ts';
import { cutPage } from '../../../storage/pages.ts';
import { revokeAccount } from '../accounts/account.ts';
import { type AccountRow, listAccounts } from '../accounts/store.ts';
import { readIdentifiers, stateOf } from '../orders/order.ts';
import { listDirectoryOrders, type OrderRow } from '../orders/store.ts';
import { type BindingDependencies, createBinding, revokeBinding } from './binding.ts';
import {
  challengeTypes,
  changeDirectory,
  createDirectory,
  type Directory,
  type DirectoryRules,
  readDirectory,
  requireDirectory,
} from './directory.ts';
import { type BindingRow, listBindings, listDirectoryRows } from './store.ts';

const nameSchema = z.string().max(64);
const portSchema = z.int().min(1).max(65_535);
const limitSchema = z.int().min(0).max(1_000_000);
const profileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  profile: z.string().max(64),
  description: lineSchema(200),
});

const rulesShape = {
  authority: nameSchema,
  profiles: z.array(profileSchema).min(1).max(20),
  names: z.array(z.string().max(255)).max(200),
  challenges: z.array(z.enum(challengeTypes)).min(1).max(3),
  limits: z.strictObject({ accounts: limitSchema, orders: limitSchema, failures: limitSchema }),
  binding_required: z.boolean(),
  terms_url: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable(),
  addresses: z.enum(['public', 'private', 'any']),
  http_port: portSchema,
  tls_port: portSchema,
  state: z.enum(['open', 'closed']),
};

const newDirectorySchema = z.strictObject({
  ...rulesShape,
  name: nameSchema,
  profiles: rulesShape.profiles.default([
    { name: 'server', profile: 'server', description: 'For servers, renewed every two months' },
    { name: 'shortlived', profile: 'server-short-lived', description: 'For servers that renew every few days' },
  ]),
  names: rulesShape.names.default([]),
  challenges: rulesShape.challenges.default([...challengeTypes]),
  limits: rulesShape.limits.default({ accounts: 50, orders: 300, failures: 30 }),
  binding_required: rulesShape.binding_required.default(false),
  terms_url: rulesShape.terms_url.default(null),
  addresses: rulesShape.addresses.default('private'),
  http_port: rulesShape.http_port.default(80),
  tls_port: rulesShape.tls_port.default(443),
  state: rulesShape.state.default('open'),
});

const directorySchema = z.object({ ...rulesShape, name: nameSchema, created_at: timeSchema }).openapi('AcmeDirectory');
const bindingSchema = z
  .object({
    id: z.string(),
    label: z.string(),
    account: z.string().nullable(),
    created_at: timeSchema,
    revoked_at: timeSchema.nullable(),
  })
  .openapi('AcmeBindingKey');
const accountSchema = z
  .object({
    id: z.string(),
    state: z.enum(['valid', 'deactivated', 'revoked']),
    contacts: z.array(z.string()),
    thumbprint: z.string(),
    eab_key: z.string().nullable(),
    created_at: timeSchema,
  })
  .openapi('AcmeAccount');
const orderSchema = z
  .object({
    id: z.string(),
    account: z.string(),
    state: z.enum(['pending', 'ready', 'valid', 'invalid']),
    names: z.array(z.string()),
    profile: z.string(),
    problem: z.string().nullable(),
    certificate: z.string().nullable(),
    created_at: timeSchema,
    expires_at: timeSchema,
  })
  .openapi('AcmeOrder');

const tags = ['acme'];
const oneDirectory = z.object({ directory: nameSchema });
const oneThing = z.object({ directory: nameSchema, id: z.string().max(64) });
const pageQuery = z.object({
  before: z.string().refine(isId, 'expected an id').optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** The routes for those who run ACME. */
export function acmeDirectoryRoutes(dependencies: BindingDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addDirectoryRoutes(router, dependencies);
  addBindingRoutes(router, dependencies);
  addAccountRoutes(router, dependencies);
  addOrderRoute(router, dependencies);
  return router;
}

function addDirectoryRoutes(router: OpenAPIHono<AppEnv>, dependencies: BindingDependencies): void {
  const { database } = dependencies;
  const path = '/api/acme/directories';
  const listed = jsonAnswer('The directories.', z.object({ directories: z.array(directorySchema) }));
  const listRoute = createRoute({
    method: 'get',
    path,
    tags,
    summary: 'The ACME directories',
    responses: { 200: listed },
  });
  router.openapi(listRoute, async (c) => {
    const rows = await listDirectoryRows(database.query, c.var.organisation.id);
    return c.json({ directories: rows.map((row) => describe(readDirectory(row))) }, 200);
  });
  const request = { body: jsonBody(newDirectorySchema) };
  const created = { 201: jsonAnswer('The directory.', directorySchema) };
  const makeRoute = createRoute({
    method: 'post',
    path,
    tags,
    summary: 'Make an ACME directory',
    request,
    responses: created,
  });
  router.openapi(makeRoute, async (c) => {
    const { name, ...rules } = c.req.valid('json');
    const wanted = { name, rules: readRules(rules) as DirectoryRules };
    return c.json(describe(await createDirectory(dependencies, callerOf(c.var), wanted)), 201);
  });
  addOneDirectoryRoutes(router, dependencies);
}

function addOneDirectoryRoutes(router: OpenAPIHono<AppEnv>, dependencies: BindingDependencies): void {
  const path = '/api/acme/directories/{directory}';
  const responses = { 200: jsonAnswer('The directory.', directorySchema) };
  const showRoute = createRoute({
    ...{ method: 'get', path, tags, summary: 'An ACME directory', request: { params: oneDirectory }, responses },
  });
  router.openapi(showRoute, async (c) => {
    const name = c.req.valid('param').directory;
    return c.json(describe(await requireDirectory(dependencies.database.query, c.var.organisation.id, name)), 200);
  });
  const body = jsonBody(z.strictObject(rulesShape).partial());
  const changeRoute = createRoute({
    ...{ method: 'patch', path, tags, summary: 'Change rules of an ACME directory' },
    ...{ request: { params: oneDirectory, body }, responses },
  });
  router.openapi(changeRoute, async (c) => {
    const change = { name: c.req.valid('param').directory, change: readRules(c.req.valid('json') as Rules) };
    return c.json(describe(await changeDirectory(dependencies, callerOf(c.var), change)), 200);
  });
}

function addBindingRoutes(router: OpenAPIHono<AppEnv>, dependencies: BindingDependencies): void {
  const { database } = dependencies;
  const path = '/api/acme/directories/{directory}/eab-keys';
  const listRoute = createRoute({
    ...{
      method: 'get',
      path,
      tags,
      summary: 'The keys that bind accounts to a directory',
      request: { params: oneDirectory },
    },
    responses: { 200: jsonAnswer('The keys, without their secrets.', z.object({ eab_keys: z.array(bindingSchema) })) },
  });
  router.openapi(listRoute, async (c) => {
    const name = c.req.valid('param').directory;
    const { id } = await requireDirectory(database.query, c.var.organisation.id, name);
    return c.json({ eab_keys: (await listBindings(database.query, id)).map(describeBinding) }, 200);
  });
  const made = z.object({ ...bindingSchema.shape, hmac_key: z.string() });
  const makeRoute = createRoute({
    ...{
      method: 'post',
      path,
      tags,
      summary: 'Make a key for external account binding; its secret is shown this once',
    },
    request: { params: oneDirectory, body: jsonBody(z.strictObject({ label: lineSchema(100) })) },
    responses: { 201: jsonAnswer('The key with its secret in base64url.', made) },
  });
  router.openapi(makeRoute, async (c) => {
    const wanted = { directory: c.req.valid('param').directory, label: c.req.valid('json').label };
    const { row, secret } = await createBinding(dependencies, callerOf(c.var), wanted);
    return c.json({ ...describeBinding(row), hmac_key: secret }, 201);
  });
  const revokeRoute = createRoute({
    ...{ method: 'delete', path: `${path}/{id}`, tags, summary: 'Revoke a binding key', request: { params: oneThing } },
    responses: { 204: { description: 'Done.' } },
  });
  router.openapi(revokeRoute, async (c) => {
    await revokeBinding(dependencies, callerOf(c.var), c.req.valid('param'));
    return c.body(null, 204);
  });
}

function addAccountRoutes(router: OpenAPIHono<AppEnv>, dependencies: BindingDependencies): void {
  const { database } = dependencies;
  const path = '/api/acme/directories/{directory}/accounts';
  const listRoute = createRoute({
    ...{ method: 'get', path, tags, summary: 'The accounts of a directory, newest first' },
    request: { params: oneDirectory, query: pageQuery },
    responses: { 200: jsonAnswer('A page.', z.object({ accounts: z.array(accountSchema), next: nextSchema })) },
  });
  router.openapi(listRoute, async (c) => {
    const { before, limit } = c.req.valid('query');
    const { id } = await requireDirectory(database.query, c.var.organisation.id, c.req.valid('param').directory);
    const found = await listAccounts(database.query, id, { before, limit: limit + 1 });
    const { rows, next } = cutPage(found, { limit }, (account) => account.id);
    return c.json({ accounts: rows.map(describeAccount), next }, 200);
  });
  const revokeRoute = createRoute({
    ...{ method: 'post', path: `${path}/{id}/revoke`, tags, summary: 'End an account; its certificates stay valid' },
    request: { params: oneThing },
    responses: { 200: jsonAnswer('The account.', accountSchema) },
  });
  router.openapi(revokeRoute, async (c) => {
    const params = c.req.valid('param');
    const directory = await requireDirectory(database.query, c.var.organisation.id, params.directory);
    return c.json(
      describeAccount(await revokeAccount(dependencies, callerOf(c.var), { directory, id: params.id })),
      200,
    );
  });
}

function addOrderRoute(router: OpenAPIHono<AppEnv>, { database, now }: BindingDependencies): void {
  const route = createRoute({
    ...{ method: 'get', path: '/api/acme/directories/{directory}/orders', tags },
    summary: 'The orders of a directory, newest first',
    request: { params: oneDirectory, query: pageQuery },
    responses: { 200: jsonAnswer('A page.', z.object({ orders: z.array(orderSchema), next: nextSchema })) },
  });
  router.openapi(route, async (c) => {
    const { before, limit } = c.req.valid('query');
    const { id } = await requireDirectory(database.query, c.var.organisation.id, c.req.valid('param').directory);
    const found = await listDirectoryOrders(database.query, id, { before, limit: limit + 1 });
    const { rows, next } = cutPage(found, { limit }, (order) => order.id);
    return c.json({ orders: rows.map((order) => describeOrder(order, now())), next }, 200);
  });
}

/** Members that are absent from JSON are not `undefined` either. */
type Rules = Partial<z.output<z.ZodObject<typeof rulesShape>>>;

function readRules({ binding_required, terms_url, http_port, tls_port, ...same }: Rules): Partial<DirectoryRules> {
  return {
    ...same,
    ...(binding_required !== undefined && { bindingRequired: binding_required }),
    ...(terms_url !== undefined && { termsUrl: terms_url }),
    ...(http_port !== undefined && { httpPort: http_port }),
    ...(tls_port !== undefined && { tlsPort: tls_port }),
  };
}

function describe(directory: Directory) {
  const { name, authority, limits, addresses, state } = directory;
  return {
    ...{ name, authority, limits, addresses, state },
    profiles: directory.profiles.map((profile) => ({ ...profile })),
    names: [...directory.names],
    challenges: [...directory.challenges],
    binding_required: directory.bindingRequired,
    terms_url: directory.termsUrl,
    http_port: directory.httpPort,
    tls_port: directory.tlsPort,
    created_at: formatTime(directory.createdAt),
  };
}

function describeBinding({ id, label, account_id, created_at, revoked_at }: BindingRow) {
  return {
    ...{ id, label, account: account_id },
    created_at: formatTime(created_at),
    revoked_at: revoked_at === null ? null : formatTime(revoked_at),
  };
}

function describeAccount({ id, state, contacts, thumbprint, binding_id, created_at }: AccountRow) {
  const parsed = { contacts: JSON.parse(contacts) as string[], eab_key: binding_id };
  return { id, state, thumbprint, ...parsed, created_at: formatTime(created_at) };
}

function describeOrder(order: OrderRow, now: number) {
  const { id, account_id, profile, certificate_id, error } = order;
  return {
    ...{ id, account: account_id, profile, certificate: certificate_id },
    state: stateOf(order, now),
    names: readIdentifiers(order).map(({ type, value }) => `${type}:${value}`),
    problem: error === null ? null : (JSON.parse(error) as { readonly detail: string }).detail,
    created_at: formatTime(order.created_at),
    expires_at: formatTime(order.expires_at),
  };
}
