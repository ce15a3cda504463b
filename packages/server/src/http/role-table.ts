/** Who may call which route, as data: `roles.json`, checked against the routes before the server answers anything. */
import type { Principal, Role, Verb } from './context.ts';

/**
 * As in `roles.json`: `"GET /api/projects/{slug}": ["admin", "key:read"]`. `public` is everybody. `server-wide` is no role
 * but a limit: the route concerns the whole server, so it exists in the default organisation only.
 */
export type RoleTable = Readonly<Record<string, readonly string[]>>;

/** One route as it is registered: upper-case method and path with `{parameters}`. */
export interface RouteName {
  readonly method: string;
  readonly path: string;
}

/** An entry of the table, parsed. */
export interface RouteRule {
  /** `METHOD /path`, as in the table. */
  readonly name: string;
  readonly public: boolean;
  readonly serverWide: boolean;
  readonly roles: ReadonlySet<Role>;
  readonly verbs: ReadonlySet<Verb>;
  /** Which segment of the path names the project (`/api/projects/{slug}`: 3); undefined when none does. */
  readonly projectSegment: number | undefined;
  /** The same of the collection, where its authors may call the route. */
  readonly collectionSegment: number | undefined;
}

/** Every problem of the table at once. */
export class RoleTableError extends Error {
  override readonly name = 'RoleTableError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the role table does not fit the routes:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** The only routes that `roles.json` may make public. A route that changes anything stands here for a stated reason. */
export const publicRoutes: readonly string[] = [
  'GET /acme/{directory}/directory',
  'GET /acme/{directory}/new-nonce',
  'GET /acme/{directory}/renewal-info/{certificate}',
  // The signature over each request, by the key of an account or certificate, says who asks (RFC 8555, 6.2).
  'POST /acme/{directory}/new-account',
  'POST /acme/{directory}/account/{id}',
  'POST /acme/{directory}/account/{id}/orders',
  'POST /acme/{directory}/account/{id}/orders/{after}',
  'POST /acme/{directory}/key-change',
  'POST /acme/{directory}/new-order',
  'POST /acme/{directory}/order/{id}',
  'POST /acme/{directory}/order/{id}/finalize',
  'POST /acme/{directory}/authorization/{id}',
  'POST /acme/{directory}/challenge/{id}/{type}',
  'POST /acme/{directory}/certificate/{id}',
  'POST /acme/{directory}/certificate/{id}/{chain}',
  'POST /acme/{directory}/revoke-cert',
  'GET /api/docs',
  'GET /api/health',
  'GET /api/icons/{file}',
  'GET /api/log/entries/{index}/proof',
  'GET /api/modules/{collection}',
  'GET /api/modules/{collection}/{module}/icon',
  'GET /api/modules/{collection}/{module}/icon.png',
  'GET /api/openapi.json',
  'GET /api/projects/{slug}/badge.svg',
  'GET /api/projects/{slug}/channels/{channel}/manifest',
  'GET /api/projects/{slug}/latest',
  'GET /api/projects/{slug}/manifest',
  'GET /api/projects/{slug}/releases',
  'GET /api/projects/{slug}/releases/{version}',
  'GET /api/projects/{slug}/releases/{version}/evidence',
  'GET /api/projects/{slug}/releases/{version}/evidence/{digest}',
  'GET /api/projects/{slug}/releases/{version}/wordpress',
  'GET /api/projects/{slug}/wordpress/assets/{name}',
  'GET /api/projects/{slug}/wordpress/info.json',
  'GET /api/projects/{slug}/wordpress/update.json',
  // The token of a build is the proof.
  'POST /api/oidc/exchange',
  // The code, which only readers of the address have, is the proof.
  'POST /api/notifications/confirmation',
  // Logging in is how one stops being anonymous.
  'POST /api/session',
  'POST /api/session/second-factor',
  'POST /api/session/passkey',
  // Makes a challenge and keeps nothing.
  'POST /api/session/passkey/options',
  'GET /api/sign-in',
  // The token of the link that the operator was shown is the proof; before it there is nobody.
  'POST /api/first-admin',
  // Private channels answer members alone.
  'GET /api/push/channels',
  'GET /api/push/frames',
  'GET /api/push/keys',
  'GET /api/push/stream',
  'GET /api/push/ws',
  'GET /api/signing/pubkey',
  'GET /api/signing/roots',
  'GET /api/signing/trust',
  // After a restart nobody has a session until the vault is open; the password is the proof.
  'POST /api/vault/unlock',
  // The same; address and password of an admin are the proof.
  'POST /api/vault/reset',
  'GET /healthz',
  // Files that hold nothing of anybody.
  'GET /',
  'GET /console',
  'GET /console/{path}',
  // A question; the answer is signed and nothing changes.
  'POST /pki/{authority}/tsa',
  'GET /pki/{authority}/ca.crt',
  'GET /pki/{authority}/ca.pem',
  'GET /pki/{authority}/chain.pem',
  'GET /pki/{authority}/crl',
  'GET /pki/{authority}/crl.pem',
  'GET /pki/{authority}/crl/{list}',
  'GET /pki/{authority}/ocsp/{request}',
  // Asks and changes nothing: clients send what they ask about as a body.
  'POST /pki/{authority}/ocsp',
  'GET /log/checkpoint',
  'GET /log/tile/{level}/{path}',
  'GET /log/{log}/checkpoint',
  'GET /log/{log}/tile/{level}/{path}',
  'GET /{slug}',
  // Pages of what is published, and the script of one of them.
  'GET /info',
  'GET /{slug}/info',
  'GET /{slug}/info/changelog',
  'GET /{slug}/info/commands',
  'GET /{slug}/info/verify',
  'GET /assets/{name}',
  'GET /{slug}/{version}',
  'GET /{slug}/{version}/{name}',
  // Of releases that are published; the others answer to members.
  'GET /api/projects/{slug}/releases/{version}/sbom',
  'GET /api/projects/{slug}/releases/{version}/sbom/components',
  'GET /api/projects/{slug}/releases/{version}/sbom/difference',
  'GET /api/projects/{slug}/releases/{version}/sbom/summary',
];

const roleNames: ReadonlySet<string> = new Set<Role>(['admin', 'manager', 'viewer']);
const verbNames: ReadonlySet<string> = new Set<Verb>([
  ...(['read', 'upload', 'activate', 'manage', 'admin', 'metrics', 'submit'] as const),
]);

/** Lists everything that is wrong with `table` for these routes; empty when all is well. */
export function validateRoleTable(table: RoleTable, routes: readonly RouteName[]): string[] {
  const registered = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  const problems: string[] = [];
  for (const name of registered) {
    if (name.startsWith('ALL ')) problems.push(`${name}: a route for every method cannot be checked`);
    else if (!Object.hasOwn(table, name)) problems.push(`${name}: no entry in the role table`);
  }
  for (const [name, roles] of Object.entries(table)) {
    if (!registered.has(name)) problems.push(`${name}: no such route`);
    problems.push(...problemsOfEntry(name, roles));
  }
  return problems.sort();
}

/** The table by route name. Throws `RoleTableError` with all problems. */
export function parseRoleTable(table: RoleTable, routes: readonly RouteName[]): ReadonlyMap<string, RouteRule> {
  const problems = validateRoleTable(table, routes);
  if (problems.length > 0) throw new RoleTableError(problems);
  return new Map(Object.entries(table).map(([name, roles]) => [name, parseRule(name, roles)]));
}

/** Whether the table lets `principal` call the route, its organisation and project aside. */
export function isAllowed(rule: RouteRule, principal: Principal): boolean {
  if (rule.public) return true;
  switch (principal.kind) {
    case 'anonymous':
      return false;
    case 'person':
      return rule.roles.has(principal.role);
    case 'api-key':
    case 'client-certificate':
      return principal.verbs.some((verb) => rule.verbs.has(verb));
  }
}

function problemsOfEntry(name: string, roles: readonly string[]): string[] {
  const problems: string[] = [];
  if (!Array.isArray(roles)) return [`${name}: expected a list of roles`];
  const who = roles.filter((role) => role !== 'server-wide');
  if (who.length === 0) problems.push(`${name}: nobody may call it`);
  for (const role of who) if (!isRole(role)) problems.push(`${name}: unknown role "${role}"`);
  if (new Set(roles).size !== roles.length) problems.push(`${name}: a role stands twice`);
  if (who.includes('public')) {
    if (who.length > 1) problems.push(`${name}: public and other roles exclude each other`);
    if (!publicRoutes.includes(name)) problems.push(`${name}: may not be public`);
  }
  return problems;
}

function isRole(text: string): boolean {
  return text === 'public' || roleNames.has(text) || (text.startsWith('key:') && verbNames.has(text.slice(4)));
}

function parseRule(name: string, roles: readonly string[]): RouteRule {
  const segments = name.split('/');
  const verbs = new Set(roles.filter((role) => role.startsWith('key:')).map((role) => role.slice(4) as Verb));
  return {
    name,
    public: roles.includes('public'),
    serverWide: roles.includes('server-wide'),
    roles: new Set(roles.filter((role): role is Role => roleNames.has(role))),
    verbs,
    projectSegment: placeOf('{slug}', segments),
    collectionSegment: verbs.has('submit') ? placeOf('{collection}', segments) : undefined,
  };
}

function placeOf(parameter: string, segments: readonly string[]): number | undefined {
  const place = segments.indexOf(parameter);
  return place === -1 ? undefined : place;
}
