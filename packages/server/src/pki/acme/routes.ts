/** HTTP of ACME (RFC 8555, sections 6 and 7): every answer carries a nonce and the way to the directory. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { AppEnv } from '../../http/context.ts';
import { defaultOrganisation } from '../../http/guard.ts';
import { problemOf } from '../../http/problem.ts';
import { createRouter } from '../../http/router.ts';
import { type AccountDependencies, changeAccount, openAccount } from './accounts/account.ts';
import { changeKey } from './accounts/change-key.ts';
import {
  describeAccount,
  describeAuthorization,
  describeChallenge,
  describeDirectory,
  describeOrder,
  isProcessing,
} from './describe.ts';
import { type ChallengeType, type Directory, recallDirectory } from './directories/directory.ts';
import { readChain } from './issuance/chain.ts';
import { type FinalizeDependencies, finalizeOrder } from './issuance/finalize.ts';
import { revokeByRequest } from './issuance/revoke.ts';
import { answerChallenge, type ChallengeDependencies, changeAuthorization } from './orders/authorization.ts';
import { createOrder } from './orders/order.ts';
import { listOrderPage, type OrderWithProofs, requireOrder } from './orders/read.ts';
import { AcmeProblem, findProblem } from './problem.ts';
import { renewalPollSeconds, suggestWindow } from './renewal/renewal-info.ts';
import {
  type AccountRequest,
  assertEmptyPayload,
  type Place,
  type ReceivedRequest,
  verifyAccountRequest,
  verifyKeyRequest,
  verifyRequest,
} from './requests/signed-request.ts';
import { createUrls, publicBase } from './urls.ts';

/** What the routes of ACME need. */
export interface AcmeRouteDependencies extends AccountDependencies, ChallengeDependencies, FinalizeDependencies {
  readonly config: Pick<Config, 'baseUrl' | 'listen'>;
}

/** What a client gets. */
interface AcmeAnswer {
  readonly status: 200 | 201;
  /** JSON unless it is text. */
  readonly body: object | string;
  readonly contentType?: string;
  readonly location?: string;
  /** Further links, as they stand in the header. */
  readonly links?: readonly string[];
  readonly retryAfterSeconds?: number;
}

/** Seconds between two looks at something that the server is doing. */
const pollSeconds = 1;

/** The routes of ACME, below the directories of the organisation. */
export function acmeRoutes(dependencies: AcmeRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  refuseGets(router);
  addDirectoryRoutes(router, dependencies);
  addAccountRoutes(router, dependencies);
  addOrderRoutes(router, dependencies);
  addCertificateRoutes(router, dependencies);
  return router;
}

/** Paths that are as long as those of files of projects, which a GET would be for. */
const postOnly = /^\/acme\/[^/]+\/(?:new-account|new-order|key-change|revoke-cert)$/;

/** RFC 8555, 6.3: whatever is not read by GET says so. Longer paths belong to nobody else, and the guard does it. */
function refuseGets(router: OpenAPIHono<AppEnv>): void {
  router.use('*', async (c, next) => {
    if (c.req.method === 'POST' || !postOnly.test(c.req.path)) return next();
    throw new AcmeProblem('malformed', `expected POST, got ${c.req.method}`, {
      status: 405,
      headers: { Allow: 'POST' },
    });
  });
}

/** Whether a path belongs to ACME, so that refusals are told in its words. */
export function isAcmePath(path: string): boolean {
  return path.startsWith('/acme/');
}

/** Answers with ACME's problem document (RFC 8555, 6.7); the headers that were set before are kept. */
export function answerAcmeProblem(c: Context<AppEnv>, error: unknown, log: Logger): Response {
  const problem = findProblem(error) ?? describeFault(error, log);
  const { headers = {}, retryAfterSeconds } = problem.details;
  for (const [name, value] of Object.entries(headers)) c.header(name, value, { append: name === 'Link' });
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(Math.ceil(retryAfterSeconds)));
  return c.body(JSON.stringify(problem.describe()), problem.status as ContentfulStatusCode, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  });
}

/** A fault of ours or an outage: logged, and said without its message. */
function describeFault(error: unknown, log: Logger): AcmeProblem {
  const { detail, status, instance } = problemOf(error, log);
  const retry = status === 503 ? { retryAfterSeconds: 5 } : {};
  return new AcmeProblem('serverInternal', detail, { status, ...retry, members: { instance } });
}

const tags = ['acme'];
const directoryParams = { directory: z.string().max(64) };
const answers = { 200: { description: 'As RFC 8555 has it.' } };
const signedDescription = 'The body is a flattened JWS (application/jose+json), as in RFC 8555, 6.2.';

function addDirectoryRoutes(router: OpenAPIHono<AppEnv>, dependencies: AcmeRouteDependencies): void {
  const params = z.object(directoryParams);
  const shared = { tags, request: { params }, responses: answers };
  const directoryRoute = {
    method: 'get',
    path: '/acme/{directory}/directory',
    summary: 'What clients enrol with',
  } as const;
  router.openapi(createRoute({ ...directoryRoute, ...shared }), async (c) => {
    const { directory, urls } = await locate(dependencies, c);
    c.header('Cache-Control', 'public, max-age=60');
    return c.json(describeDirectory(directory, urls)) as never;
  });
  const nonceRoute = {
    method: 'get',
    path: '/acme/{directory}/new-nonce',
    summary: 'A nonce for the next request',
  } as const;
  router.openapi(createRoute({ ...nonceRoute, ...shared }), async (c) => {
    const { urls } = await locate(dependencies, c);
    c.header('Replay-Nonce', dependencies.nonces.create());
    c.header('Link', `<${urls.base}/directory>;rel="index"`);
    // RFC 8555, 7.2.
    return c.body(null, c.req.method === 'HEAD' ? 200 : 204) as never;
  });
  const infoRoute = {
    method: 'get',
    path: '/acme/{directory}/renewal-info/{certificate}',
    summary: 'When to renew a certificate (RFC 9773)',
  } as const;
  const infoParams = z.object({ ...directoryParams, certificate: z.string().max(200) });
  router.openapi(
    createRoute({ ...infoRoute, tags, request: { params: infoParams }, responses: answers }),
    async (c) => {
      const { directory } = await locate(dependencies, c);
      const name = c.req.valid('param').certificate;
      const { start, end } = await suggestWindow(dependencies, directory.organisationId, name);
      c.header('Retry-After', String(renewalPollSeconds));
      const window = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
      return c.json({ suggestedWindow: window }) as never;
    },
  );
}

function addAccountRoutes(router: OpenAPIHono<AppEnv>, dependencies: AcmeRouteDependencies): void {
  const add = (path: string, summary: string, act: SignedAct) =>
    addSigned(router, dependencies, { path, summary, act });
  add('new-account', 'Open an account', async (received, c) => {
    const request = await verifyKeyRequest(dependencies, received);
    const { account, isNew } = await openAccount(dependencies, request, c.var.address);
    const body = describeAccount(account, received.urls);
    return { status: isNew ? 201 : 200, body, location: received.urls.account(account.id) };
  });
  add('account/{id}', 'Read, change or deactivate an account', async (received, c) => {
    const request = await verifyAccountRequest(dependencies, received);
    assertOwn(request, c.req.param('id'));
    return { status: 200, body: describeAccount(await changeAccount(dependencies, request), received.urls) };
  });
  add('key-change', 'Give an account another key', async (received) => {
    const request = await verifyAccountRequest(dependencies, received);
    return { status: 200, body: describeAccount(await changeKey(dependencies, request), received.urls) };
  });
  for (const path of ['account/{id}/orders', 'account/{id}/orders/{after}']) {
    add(path, 'The orders of an account', async (received, c) => {
      const request = await verifyAccountRequest(dependencies, received);
      assertOwn(request, c.req.param('id'));
      assertEmptyPayload(request);
      const { urls } = received;
      const { orders, next } = await listOrderPage(dependencies, request, c.req.param('after'));
      const links = next === undefined ? [] : [`<${urls.account(request.account.id)}/orders/${next}>;rel="next"`];
      return { status: 200, body: { orders: orders.map(({ id }) => urls.order(id)) }, links };
    });
  }
}

function addOrderRoutes(router: OpenAPIHono<AppEnv>, dependencies: AcmeRouteDependencies): void {
  const add = (path: string, summary: string, act: SignedAct) =>
    addSigned(router, dependencies, { path, summary, act });
  const answerOrder = ({ urls }: ReceivedRequest, found: OrderWithProofs, status: 200 | 201) => ({
    status,
    body: describeOrder(found, urls, dependencies.now()),
    location: urls.order(found.order.id),
    ...(found.authorizations.some(isProcessing) && { retryAfterSeconds: pollSeconds }),
  });
  add('new-order', 'Ask for a certificate', async (received) => {
    const request = await verifyAccountRequest(dependencies, received);
    return answerOrder(received, await createOrder(dependencies, request), 201);
  });
  add('order/{id}', 'Read an order', async (received, c) => {
    const request = await verifyAccountRequest(dependencies, received);
    assertEmptyPayload(request);
    return answerOrder(received, await requireOrder(dependencies, request, paramOf(c, 'id')), 200);
  });
  add('order/{id}/finalize', 'Hand in the request for the certificate', async (received, c) => {
    const request = await verifyAccountRequest(dependencies, received);
    return answerOrder(received, await finalizeOrder(dependencies, request, paramOf(c, 'id')), 200);
  });
  add('authorization/{id}', 'Read an authorisation, or give it up', async (received, c) => {
    const request = await verifyAccountRequest(dependencies, received);
    const row = await changeAuthorization(dependencies, request, paramOf(c, 'id'));
    const retry = isProcessing(row) ? { retryAfterSeconds: pollSeconds } : {};
    return { status: 200, body: describeAuthorization(row, received.urls, dependencies.now()), ...retry };
  });
  add('challenge/{id}/{type}', 'Have a challenge tried', async (received, c) => {
    const request = await verifyAccountRequest(dependencies, received);
    const { urls } = received;
    const type = paramOf(c, 'type');
    const row = await answerChallenge(dependencies, request, { id: paramOf(c, 'id'), type });
    const body = describeChallenge(row, type as ChallengeType, urls);
    const retry = isProcessing(row) ? { retryAfterSeconds: pollSeconds } : {};
    // RFC 8555, 7.5.1.
    return { status: 200, body, links: [`<${urls.authorization(row.id)}>;rel="up"`], ...retry };
  });
}

function addCertificateRoutes(router: OpenAPIHono<AppEnv>, dependencies: AcmeRouteDependencies): void {
  const add = (path: string, summary: string, act: SignedAct) =>
    addSigned(router, dependencies, { path, summary, act });
  for (const path of ['certificate/{id}', 'certificate/{id}/{chain}']) {
    add(path, 'Download a certificate with its chain', async (received, c) => {
      const request = await verifyAccountRequest(dependencies, received);
      assertEmptyPayload(request);
      const id = paramOf(c, 'id');
      const { pem, alternates } = await readChain(dependencies, request, { id, chain: c.req.param('chain') });
      const url = received.urls.certificate(id);
      const links = alternates.map((chain) => `<${chain === 0 ? url : `${url}/${chain}`}>;rel="alternate"`);
      return { status: 200, body: pem, contentType: 'application/pem-certificate-chain', links };
    });
  }
  add('revoke-cert', 'Revoke a certificate', async (received) => {
    await revokeByRequest(dependencies, await verifyRequest(dependencies, received));
    return { status: 200, body: '' };
  });
}

type SignedAct = (received: ReceivedRequest, c: Context<AppEnv>) => Promise<AcmeAnswer>;

/** One POST below a directory. */
function addSigned(
  router: OpenAPIHono<AppEnv>,
  dependencies: AcmeRouteDependencies,
  { path, summary, act }: { path: string; summary: string; act: SignedAct },
): void {
  const names = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name = '']) => [name, z.string().max(200)]);
  const route = createRoute({
    method: 'post',
    path: `/acme/{directory}/${path}`,
    ...{ tags, summary, description: signedDescription, responses: answers },
    request: { params: z.object({ ...directoryParams, ...Object.fromEntries(names) }) },
  });
  router.openapi(route, async (c) => {
    const place = await locate(dependencies, c);
    c.header('Replay-Nonce', dependencies.nonces.create());
    c.header('Link', `<${place.urls.base}/directory>;rel="index"`);
    const answer = await act(await receive(place, c), c);
    // Reading is a POST here (RFC 8555, 6.3), so the front does not know it.
    await dependencies.database.settle();
    return send(c, answer) as never;
  });
}

/** The directory of the request's path, if it is open, and the URLs that it has for everybody. */
async function locate({ database, config }: AcmeRouteDependencies, c: Context<AppEnv>): Promise<Place> {
  const organisation = c.get('organisation');
  const directory = await recallDirectory(database.query, organisation.id, paramOf(c, 'directory'));
  assertOpen(directory);
  const prefix = organisation.slug === defaultOrganisation ? '' : `/o/${organisation.slug}`;
  return { directory, urls: createUrls({ base: publicBase(config), prefix, name: directory.name }) };
}

function assertOpen({ state }: Directory): void {
  if (state === 'open') return;
  throw new AcmeProblem('serverInternal', 'this directory is closed', { status: 503, retryAfterSeconds: 3600 });
}

async function receive(place: Place, c: Context<AppEnv>): Promise<ReceivedRequest> {
  // RFC 8555, 6.2.
  if (c.req.header('content-type') !== 'application/jose+json') {
    throw new AcmeProblem('malformed', 'expected a body of type application/jose+json', { status: 415 });
  }
  const below = c.req.path.slice(`/acme/${place.directory.name}`.length);
  const url = `${place.urls.base}${below}${new URL(c.req.url).search}`;
  return { ...place, url, body: new Uint8Array(await c.req.arrayBuffer()) };
}

function send(c: Context<AppEnv>, { body, ...answer }: AcmeAnswer): Response {
  for (const link of answer.links ?? []) c.header('Link', link, { append: true });
  if (answer.location !== undefined) c.header('Location', answer.location);
  if (answer.retryAfterSeconds !== undefined) c.header('Retry-After', String(answer.retryAfterSeconds));
  if (body === '') return c.body(null, answer.status);
  const contentType = answer.contentType ?? 'application/json';
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return c.body(text, answer.status, { 'Content-Type': contentType });
}

function paramOf(c: Context<AppEnv>, name: string): string {
  return c.req.param(name) ?? '';
}

/** Another account's resources are nobody's business: they are as if they did not exist. */
function assertOwn({ account }: AccountRequest, id: string | undefined): void {
  if (account.id !== id) throw new AcmeProblem('unauthorized', 'expected the account that signs the request');
}
