/** Composes what all requests share, the accounts and the planes into one application. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import { authenticate } from './accounts/authenticate.ts';
import { forgetAllTotp } from './accounts/factors/second-factor.ts';
import { createDirectory } from './accounts/organisations.ts';
import { Passwords } from './accounts/passwords.ts';
import { accountRoutes } from './accounts/routes.ts';
import { passkeyLogInUse } from './accounts/sessions/log-in.ts';
import { createSessionSecrets } from './accounts/sessions/secrets.ts';
import { csrfTokenOf, endAllSessions } from './accounts/sessions/sessions.ts';
import { confirmAdmin } from './accounts/step-up.ts';
import type { Config } from './config.ts';
import { Refusal } from './errors.ts';
import { createTrustedProxies, type TrustedProxies } from './http/address.ts';
import { auditRoutes } from './http/audit/routes.ts';
import type { Console } from './http/console/files.ts';
import { createConsoleRoutes } from './http/console/routes.ts';
import type { AppEnv } from './http/context.ts';
import { createDocumentationRoutes, describeApi } from './http/documentation.ts';
import { createGuard, type GuardParts } from './http/guard.ts';
import { createHealthRoutes } from './http/health.ts';
import { createMetrics, createMetricsRoutes, type Metrics } from './http/metrics.ts';
import { createObserver } from './http/observer.ts';
import { routingPath } from './http/organisation-path.ts';
import { answerProblem } from './http/problem.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { parseRoleTable, type RoleTable } from './http/role-table.ts';
import { listMethods, listRoutes } from './http/route-name.ts';
import { vaultRoutes } from './http/vault/routes.ts';
import { authenticateCertificate } from './pki/access/authenticate.ts';
import { VerifiedCertificates } from './pki/access/verified-certificates.ts';
import { answerAcmeProblem, isAcmePath } from './pki/acme/routes.ts';
import type { Database } from './storage/database.ts';
import type { Vault } from './vault/vault.ts';

/** What the application is made of. */
export interface AppDependencies {
  readonly database: Database;
  readonly vault: Vault;
  readonly config: Pick<
    Config,
    'baseUrl' | 'tls' | 'clientCertificates' | 'trustedProxies' | 'readsPerMinute' | 'loginsPerMinute' | 'acmePerMinute'
  >;
  readonly now: () => number;
  readonly log: Logger;
  readonly version: string;
  /** `roles.json`: names every route, these here and those of the planes. */
  readonly roles: RoleTable;
  /** The planes' routers. Patterns that match much, such as `/{slug}`, come last. */
  readonly planes: readonly OpenAPIHono<AppEnv>[];
  /** Called when a host name may stand for another organisation than before. */
  readonly hostsChanged?: () => void;
  /** Names what is sealed under the vault and would be lost by a reset, such as signing keys. */
  readonly listSealed: () => Promise<readonly string[]>;
  /** Where the planes have registered their figures; a new one by default. */
  readonly metrics?: Metrics;
  readonly passwords?: Passwords;
  /** The console's files; `off` by default. */
  readonly console?: Console | undefined;
  /** Whether the outer bus takes events; undefined where there is none. */
  readonly isBusWell?: (() => boolean) | undefined;
  /** Whether watched sources are looked at in time. */
  readonly watchState?: (() => 'ok' | 'late' | 'stalled') | undefined;
  /** Whether listeners are told what happens; undefined without a push plane. */
  readonly isPushWell?: (() => boolean) | undefined;
}

/** The application, and what the listening socket shares with it. */
export interface App {
  readonly app: OpenAPIHono<AppEnv>;
  readonly fetch: OpenAPIHono<AppEnv>['fetch'];
  readonly metrics: Metrics;
  readonly limits: GuardParts['limits'];
  readonly proxies: TrustedProxies;
  /** Clients reach the server over HTTPS: its own, or that of its base URL. */
  readonly secure: boolean;
}

/**
 * Puts the application together: the observer around everything, health and the console's files before the guard (they answer
 * without an organisation and are nobody's), and every other route behind it. Throws `RoleTableError` when table and routes do not fit.
 */
export function createApp(dependencies: AppDependencies): App {
  const {
    database,
    now,
    log,
    version,
    roles,
    isBusWell,
    watchState,
    isPushWell,
    metrics = createMetrics(),
  } = dependencies;
  const shared = shareParts(dependencies);
  const health = createHealthRoutes({ database, version, now, isBusWell, watchState, isPushWell });
  const guarded = createGuardedRouters(dependencies, { ...shared, metrics, describe: () => document() });
  const pages = createConsoleRoutes(dependencies.console ?? { kind: 'off' });
  const rules = parseRoleTable(roles, [health, pages, ...guarded].flatMap(listRoutes));
  const app = new OpenAPIHono<AppEnv>({ getPath: routingPath });
  const document = () => describeApi(app, { version, roles });
  app.onError((error, c) =>
    isAcmePath(c.req.path) ? answerAcmeProblem(c, error, log) : answerProblem(c, error, { log }),
  );
  app.notFound((c) => answerProblem(c, new Refusal('not_found', 'there is nothing here'), { log }));
  app.use(createObserver({ rules, metrics, log, proxies: shared.proxies, secure: shared.secure }));
  app.route('/', health);
  app.route('/', pages);
  app.use(createGuard({ ...guardParts(dependencies, shared), rules, methodsOf: (path) => listMethods(app, path) }));
  for (const router of guarded) app.route('/', router);
  return { app, fetch: app.fetch, metrics, limits: shared.limits, proxies: shared.proxies, secure: shared.secure };
}

type Shared = ReturnType<typeof shareParts>;

function shareParts({ database, vault, config, now, hostsChanged, passwords = new Passwords() }: AppDependencies) {
  const directory = createDirectory({ database, now });
  return {
    secrets: createSessionSecrets({ database, vault, now }),
    directory: {
      find: directory.find,
      forget() {
        directory.forget();
        hostsChanged?.();
      },
    },
    passwords,
    verified: new VerifiedCertificates(),
    proxies: createTrustedProxies(config.trustedProxies),
    secure: config.tls !== undefined || (config.baseUrl?.startsWith('https:') ?? false),
    limits: {
      reads: createRateLimit(config.readsPerMinute, now),
      logins: createRateLimit(config.loginsPerMinute, now),
      unlocks: createRateLimit(unlocksPerMinute, now),
      enrolment: createRateLimit(config.acmePerMinute, now),
      tiles: createRateLimit(tilesPerRead * config.readsPerMinute, now),
      exchanges: createRateLimit(exchangesPerMinute, now),
    },
  };
}

/** For each read a minute, so many tiles of the log: whoever checks it as a whole reads two for 256 entries. */
const tilesPerRead = 20;

/** Tokens of builds a minute and address; a build shows one. */
const exchangesPerMinute = 30;

/** Attempts at the master password a minute and address; no setting, since nobody types it more often. */
const unlocksPerMinute = 5;

function guardParts(dependencies: AppDependencies, shared: Shared): Omit<GuardParts, 'rules' | 'methodsOf'> {
  const { database, now, log, config } = dependencies;
  const credentials = { database, secrets: shared.secrets, now, log };
  return {
    organisations: shared.directory,
    proxies: shared.proxies,
    limits: shared.limits,
    authenticate: async (request, organisation, certificate) => {
      const found = await authenticate(credentials, request.headers, organisation);
      // Whoever brings a credential means it; the certificate comes with the connection.
      if (found.principal.kind !== 'anonymous' || found.refusal) return found;
      // A proxy that nobody told of certificates hands on whatever header its clients make up.
      if (config.clientCertificates === 'off') return found;
      return authenticateCertificate({ ...credentials, verified: shared.verified }, organisation, certificate);
    },
    csrfToken: (sessionId) => csrfTokenOf(shared.secrets, sessionId),
  };
}

function createGuardedRouters(
  { database, vault, now, config, planes, listSealed }: AppDependencies,
  { secrets, directory, passwords, metrics, describe }: Shared & { metrics: Metrics; describe: DescribeApi },
): OpenAPIHono<AppEnv>[] {
  const parts = { database, vault, passwords, config, now };
  return [
    accountRoutes({ ...parts, secrets, directory }),
    vaultRoutes({
      database,
      vault,
      now,
      listSealed,
      confirmAdmin: (organisationId, proof) =>
        confirmAdmin(parts, { organisationId, use: passkeyLogInUse(organisationId) }, proof),
      endSessions: async (transaction, at) => {
        await endAllSessions(secrets, transaction, at);
        await forgetAllTotp(transaction, at);
      },
    }),
    auditRoutes({ database, now }),
    createMetricsRoutes(metrics),
    createDocumentationRoutes(describe),
    ...planes,
  ];
}

type DescribeApi = Parameters<typeof createDocumentationRoutes>[0];
