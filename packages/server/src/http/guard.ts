/** What every request passes before its route: organisation, client, authentication, limits, role, intent, size. */
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Refusal } from '../errors.ts';
import { clientAddress, limitKey, type TrustedProxies } from './address.ts';
import type { AppEnv, Principal, RequestOrganisation } from './context.ts';
import { assertIntended, assertNotLured } from './csrf.ts';
import { requestedOrganisation } from './organisation-path.ts';
import type { RateLimit } from './rate-limit.ts';
import { isAllowed, type RouteRule } from './role-table.ts';
import { matchedRouteName } from './route-name.ts';
import { readClientCertificate } from './tls/client-certificate.ts';

/** The organisation that answers at unprefixed paths, and alone answers what concerns the whole server. */
export const defaultOrganisation = 'default';

/** Bytes of a request body, unless the route takes raw bytes. */
const maxBodyBytes = 1024 * 1024;

/** Routes whose body may be larger than that, in bytes. */
const bodyLimits: ReadonlyMap<string, number> = new Map([
  ['POST /api/projects/{slug}/releases/{version}/evidence', 4 * 1024 * 1024],
  // A screenshot.
  ['PUT /api/projects/{slug}/wordpress/assets/{name}', 10 * 1024 * 1024],
  // An object of a cluster is half as large at most, and the one before it comes along.
  ['POST /api/watch/admission', 4 * 1024 * 1024],
]);

/** Routes whose body is a file; they bound it themselves. */
const rawBodyRoutes: ReadonlySet<string> = new Set([
  'PUT /api/projects/{slug}/uploads/{id}',
  'PUT /api/modules/{collection}/submissions/{id}/upload',
  'PUT /api/restore',
  'PUT /api/projects/{slug}/releases/{version}/sbom',
  'PUT /api/projects/{slug}/releases/{version}/vex',
  'PUT /api/vulnerabilities/{ecosystem}',
]);

/** Tiles of the transparency log: whoever checks it reads many. */
const tileRoutes: ReadonlySet<string> = new Set(['GET /log/tile/{level}/{path}', 'GET /log/{log}/tile/{level}/{path}']);

/** Routes at which a password can be guessed, and those at which the master password can. Those that revoke count by themselves, people alone. */
const passwordRoutes: ReadonlySet<string> = new Set([
  'POST /api/session',
  'POST /api/session/second-factor',
  'POST /api/session/passkey',
  'POST /api/session/password',
  'POST /api/factors/totp',
  'POST /api/factors/totp/remove',
  'POST /api/factors/passkeys/options',
  'POST /api/factors/passkeys/{id}/remove',
  'POST /api/factors/recovery-codes',
  'POST /api/first-admin',
  'PUT /api/organisation/second-factor',
  'POST /api/people/{id}/admin',
  'POST /api/people/{id}/factors/reset',
  'POST /api/vault/reset',
  'POST /api/backups',
  'POST /api/backups/{name}/download',
  'POST /api/certificates/{id}/private-key',
  'POST /api/certificates/{id}/p12-password',
  'POST /api/restore',
]);
const masterPasswordRoutes: ReadonlySet<string> = new Set([
  'POST /api/vault/unlock',
  'POST /api/vault/change-password',
]);

/** What answers a person whose organisation demands a second factor that they do not have yet. */
const enrolmentRoutes: ReadonlySet<string> = new Set([
  'GET /api/session',
  'DELETE /api/session',
  'POST /api/session/password',
  'GET /api/factors',
  'POST /api/factors/totp',
  'POST /api/factors/totp/confirm',
  'POST /api/factors/passkeys/options',
  'POST /api/factors/passkeys',
]);

/** Finds organisations. */
export interface OrganisationDirectory {
  /** The organisation with this slug; without one, that of the host name, or else the default one. */
  find(slug: string | undefined, host: string): Promise<RequestOrganisation | undefined>;
}

/** Who asks, as far as the credentials that came show it. */
export interface Authentication {
  readonly principal: Principal;
  /** Why a credential that came does not count. Thrown only where one is needed: public routes answer regardless. */
  readonly refusal?: Refusal;
  /** A person who counts on the routes alone by which a second factor is enrolled, until they have. */
  readonly enrolling?: Principal & { readonly kind: 'person' };
}

/** What the guard is made of. */
export interface GuardParts {
  readonly rules: ReadonlyMap<string, RouteRule>;
  readonly organisations: OrganisationDirectory;
  readonly proxies: TrustedProxies;
  readonly authenticate: (
    request: Request,
    organisation: RequestOrganisation,
    /** The DER of the certificate that the client shows, if any. Throws a Refusal for a proxy's header that is none. */
    certificate: () => Uint8Array | undefined,
  ) => Promise<Authentication>;
  /** The CSRF token of a session. */
  readonly csrfToken: (sessionId: string) => Promise<string>;
  readonly limits: {
    readonly reads: RateLimit;
    readonly logins: RateLimit;
    readonly unlocks: RateLimit;
    readonly enrolment: RateLimit;
    readonly tiles: RateLimit;
    readonly exchanges: RateLimit;
  };
  /** The methods that some route offers for a path. */
  readonly methodsOf: (path: string) => string[];
}

/** The guard as middleware. Routes behind it find organisation, principal and address in the context. */
export function createGuard(parts: GuardParts): MiddlewareHandler<AppEnv> {
  const limitBody = createBodyLimit(maxBodyBytes);
  const limitLarger = new Map([...bodyLimits].map(([name, maxSize]) => [name, createBodyLimit(maxSize)]));
  return async function guard(c, next) {
    // PostgreSQL takes no U+0000 in a text, and no name holds one.
    if (c.req.path.includes('\u0000')) throw notFound();
    const organisation = await resolveOrganisation(parts, c);
    const address = clientAddress(peerOf(c), c.req.header('x-forwarded-for'), parts.proxies);
    const { enrolling, refusal, ...found } = await parts.authenticate(c.req.raw, organisation, () =>
      readClientCertificate({ socket: c.env?.incoming?.socket, header: c.req.header('client-cert') }, parts.proxies),
    );
    const rule = matchedRule(parts, c);
    const principal = enrolling && rule && enrolmentRoutes.has(rule.name) ? enrolling : found.principal;
    takeFromLimit(parts, { rule, principal, address });
    if (!rule) throw refuseRoute(parts, c);
    assertPermitted(rule, { principal, refusal, organisation, path: c.req.path });
    if (principal.kind === 'person' && changesState(rule)) {
      assertIntended(c.req.raw, await parts.csrfToken(principal.sessionId));
    }
    if (principal.kind === 'client-certificate' && changesState(rule)) assertNotLured(c.req.raw);
    c.set('organisation', organisation);
    c.set('principal', principal);
    c.set('address', address);
    c.set('countAttempt', () => parts.limits.logins.take(limitKey(address)));
    // Last, so that the bytes of a stranger are not even read.
    if (!changesState(rule) || rawBodyRoutes.has(rule.name) || isShort(c)) return next();
    return (limitLarger.get(rule.name) ?? limitBody)(c, next);
  };
}

/**
 * Whether a length within the limit is stated, to which the HTTP parser holds the body. Only then may routes read it straight from
 * the socket: looking at it as a stream costs more than many a route.
 */
function isShort(c: Context<AppEnv>): boolean {
  const length = c.req.header('content-length');
  return length !== undefined && Number(length) <= maxBodyBytes && c.req.header('transfer-encoding') === undefined;
}

/** The address that the connection comes from; undefined without one, such as over a Unix socket. */
export function peerOf(c: Context<AppEnv>): string | undefined {
  return c.env?.incoming?.socket?.remoteAddress;
}

async function resolveOrganisation(parts: GuardParts, c: Context<AppEnv>): Promise<RequestOrganisation> {
  const slug = requestedOrganisation(c.req.raw);
  const organisation = await parts.organisations.find(slug, hostOf(c.req.url));
  if (organisation) return organisation;
  if (slug !== undefined && slug !== defaultOrganisation) throw notFound();
  throw new Refusal('unavailable', 'expected an initialised server', { hint: 'signpost init' });
}

function matchedRule(parts: GuardParts, c: Context<AppEnv>): RouteRule | undefined {
  const name = matchedRouteName(c);
  return name === undefined ? undefined : parts.rules.get(name);
}

/** Attempts at a secret have limits of their own, which count successes too; besides them strangers are limited. */
function takeFromLimit(
  { limits }: GuardParts,
  { rule, principal, address }: { rule: RouteRule | undefined; principal: Principal; address: string },
): void {
  const client = limitKey(address);
  if (rule !== undefined && passwordRoutes.has(rule.name)) limits.logins.take(client);
  else if (rule !== undefined && masterPasswordRoutes.has(rule.name)) limits.unlocks.take(client);
  else if (rule?.name === 'POST /api/oidc/exchange') limits.exchanges.take(client);
  else if (rule?.name.includes(' /acme/')) limits.enrolment.take(client);
  else if (rule !== undefined && tileRoutes.has(rule.name)) limits.tiles.take(client);
  else if (principal.kind === 'anonymous') limits.reads.take(client);
}

function refuseRoute(parts: GuardParts, c: Context<AppEnv>): Refusal {
  const methods = parts.methodsOf(c.req.path);
  if (methods.length === 0) return notFound();
  // RFC 9110, 15.5.6: a 405 says what is allowed.
  c.header('Allow', methods.join(', '));
  return new Refusal('method_not_allowed', `expected ${methods.join(' or ')}, got ${c.req.method}`);
}

function assertPermitted(
  rule: RouteRule,
  asked: {
    principal: Principal;
    refusal: Refusal | undefined;
    organisation: RequestOrganisation;
    path: string;
  },
): void {
  if (rule.serverWide && asked.organisation.slug !== defaultOrganisation) throw notFound();
  if (rule.public) return;
  if (asked.principal.kind === 'anonymous') throw asked.refusal ?? unauthenticated();
  if ('scope' in asked.principal) assertInScope(rule, asked.principal.scope, asked.path);
  if (!isAllowed(rule, asked.principal)) {
    throw new Refusal('forbidden', 'expected a role that may do this', { rule: 'role' });
  }
}

/** A key or certificate for one project does not see the others, and may do nothing that is of no project. */
function assertInScope(rule: RouteRule, scope: string, path: string): void {
  if (scope === '*' || rule.name === 'GET /api/status') return;
  const segments = path.split('/');
  if (rule.collectionSegment !== undefined) {
    if (collectionOf(scope) !== segments[rule.collectionSegment]) throw notFound();
    return;
  }
  if (rule.projectSegment === undefined) {
    throw new Refusal('forbidden', `expected access to the whole organisation, got that to ${scope}`, {
      rule: 'key-scope',
    });
  }
  // Slugs hold nothing that could be encoded in a second way: an equal segment is an equal parameter.
  if (scope !== `project:${segments[rule.projectSegment]}`) throw notFound();
}

/** The collection of `collection:slug` and `module:slug/module`. */
function collectionOf(scope: string): string | undefined {
  return /^(?:collection|module):([^/]+)/.exec(scope)?.[1];
}

function changesState(rule: RouteRule): boolean {
  return !rule.name.startsWith('GET ');
}

/** Host names by the beginnings of URLs, which strangers choose: few are kept. */
const hosts = new Map<string, string>();
const maxHosts = 64;
/** Nothing in it that a parser of URLs might skip, and what follows is path. */
const plainStart = /^https?:\/\/[a-z0-9.:[\]-]{1,255}\//i;

function hostOf(url: string): string {
  const start = plainStart.exec(url)?.[0];
  const known = start && hosts.get(start);
  if (known) return known;
  const { hostname } = new URL(url);
  if (start === undefined) return hostname;
  if (hosts.size === maxHosts) hosts.clear();
  hosts.set(start, hostname);
  return hostname;
}

function createBodyLimit(maxSize: number): MiddlewareHandler {
  const onError = () => {
    throw new Refusal('too_large', `expected a body of at most ${maxSize} bytes`);
  };
  return bodyLimit({ maxSize, onError });
}

function notFound(): Refusal {
  return new Refusal('not_found', 'there is nothing here');
}

function unauthenticated(): Refusal {
  return new Refusal('unauthenticated', 'expected a session or an API key', {
    hint: 'POST /api/session, or send Authorization: Bearer with an API key',
  });
}
