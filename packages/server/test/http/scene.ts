/** The real application on a real database: two organisations, people of each role, API keys, a clock to move. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Scope } from '@signpost/protocol/updates/names';
import { type Logger, pino } from 'pino';
import { createApiKey } from '../../src/accounts/api-keys.ts';
import { createOrganisation } from '../../src/accounts/organisations.ts';
import type { PasswordHash, Passwords } from '../../src/accounts/passwords.ts';
import { createPerson } from '../../src/accounts/people.ts';
import { createSessionSecrets } from '../../src/accounts/sessions/secrets.ts';
import { csrfTokenOf, openSession } from '../../src/accounts/sessions/sessions.ts';
import { type App, type AppDependencies, createApp } from '../../src/app.ts';
import { systemActor } from '../../src/audit/audit.ts';
import { parseConfig } from '../../src/config.ts';
import { createSbomInspection } from '../../src/evidence/sboms/inspection.ts';
import { Spool } from '../../src/evidence/spool.ts';
import type { AppEnv, Role, Verb } from '../../src/http/context.ts';
import { PreparedAnswers } from '../../src/http/prepared.ts';
import { createRasterDecoding } from '../../src/images/raster/decode.ts';
import { createCatalogues } from '../../src/modules/catalogue/keeper.ts';
import { createAcmeState } from '../../src/pki/acme/state.ts';
import { WeakKeys } from '../../src/pki/profiles/weak-keys.ts';
import { openRevocation } from '../../src/pki/revocation/revocation.ts';
import { createPlanes, openEvidence, openObserving } from '../../src/planes.ts';
import { openPush } from '../../src/push/push.ts';
import { DownloadCounter } from '../../src/releases/public/statistics.ts';
import { PartFiles } from '../../src/releases/uploads/part-files.ts';
import roles from '../../src/roles.json' with { type: 'json' };
import { openDiskBlobs } from '../../src/storage/blobs/disk.ts';
import type { Database } from '../../src/storage/database.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { AdmissionFigures } from '../../src/watch/admission/metrics.ts';
import { openFollowing } from '../../src/watch/clusters/open.ts';
import { createQuickPasswords } from '../accounts/quick-passwords.ts';
import { openProcessParts } from '../backup/process-parts.ts';
import { openMigratedSqlite } from '../storage/migrated.ts';
import { openNewVault } from '../vault/opened-vault.ts';

export const password = 'correct horse battery';

/** Creates a person and makes an admin of them, as an admin in person does; `at` is a prefix such as `/o/fresh`. */
export async function addAdmin(
  { ask }: Pick<Scene, 'ask'>,
  { as, at = '', email }: { as: Credential; at?: string; email: string },
): Promise<string> {
  const made = await ask('POST', `${at}/api/people`, { as, json: { email, name: 'Second', role: 'viewer', password } });
  const { id } = (await made.json()) as { id: string };
  const raised = await ask('POST', `${at}/api/people/${id}/admin`, { as, json: { password } });
  if (raised.status !== 200) throw new Error(`expected an admin, got ${raised.status}`);
  return id;
}

/** The table of the running server. */
export const allRoles: AppDependencies['roles'] = roles;

/** The table of the routes that stand without any plane. */
export const ownRoles: AppDependencies['roles'] = Object.fromEntries(
  Object.entries(roles).filter(([name]) =>
    /\/(?:$|api-keys|audit|console|docs|factors|first-admin|health|healthz|metrics|openapi|organisation|people|roles|session|sign-in|vault)/.test(
      name,
    ),
  ),
);

/** A request in words: who asks, from where, with what. */
interface Ask {
  readonly as?: Credential;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address that the connection comes from. */
  readonly from?: string;
}

/** Headers that prove who asks; a session's hold its CSRF token too. */
export type Credential = Readonly<Record<string, string>>;

/** A member who is logged in. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly session: Credential;
  /** Opens one more session. */
  logIn(): Promise<Credential>;
}

/** One organisation with a person of each role. */
interface Tenant {
  readonly id: string;
  readonly people: Readonly<Record<Role, Person>>;
}

/** What a test has in its hands. */
export interface Scene {
  readonly app: App;
  readonly database: Database;
  readonly vault: Vault;
  /** The organisation `default`. */
  readonly home: Tenant;
  /** The organisation `other`, with the host name other.example. */
  readonly other: Tenant;
  /** What was logged, a line each. */
  readonly lines: string[];
  now(): number;
  travel(ms: number): void;
  ask(method: string, path: string, ask?: Ask): Promise<Response>;
  openKey(wanted: {
    organisationId: string;
    verbs: readonly Verb[];
    scope?: Scope;
    expiresAt?: number;
  }): Promise<{ id: string; key: string; credential: Credential }>;
}

/** What planes are made with. */
type SharedParts = Pick<AppDependencies, 'database' | 'vault' | 'now' | 'log'> & { readonly passwords: Passwords };

/** What a test may choose; the rest is the default. */
export interface SceneChoice {
  readonly config?: Partial<AppDependencies['config']>;
  readonly planes?: readonly OpenAPIHono<AppEnv>[] | 'all' | ((shared: SharedParts) => OpenAPIHono<AppEnv>[]);
  readonly roles?: AppDependencies['roles'];
}

/** Sets the scene on SQLite, for tests of what no SQL is about; it is cleared away after the test. */
export async function openScene(t: TestContext, choice?: SceneChoice): Promise<Scene> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const database = await openMigratedSqlite(dataDir);
  t.after(async () => {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return createScene(database, choice);
}

/** Sets the scene on an empty, migrated database. The vault is open. */
export async function createScene(database: Database, choice: SceneChoice = {}): Promise<Scene> {
  let time = Date.parse('2026-11-21T09:00:00Z');
  const now = () => time;
  const vault = await openNewVault(database, now);
  const passwords = createQuickPasswords();
  const lines: string[] = [];
  const log = logTo(lines);
  const planes = await choosePlanes({ database, vault, now, log, passwords }, choice.planes ?? []);
  const app = openApp({ database, vault, now, passwords, log, planes, choice });
  const found = createFounder({ database, vault, now, passwords, hash: await passwords.hash(password) });
  return {
    app,
    database,
    vault,
    lines,
    home: await found('default', null),
    other: await found('other', 'other.example'),
    now,
    travel: (ms) => {
      time += ms;
    },
    ask: async (method, path, ask = {}) => sendTo(app, method, path, ask),
    openKey: async ({ scope = '*', expiresAt = null, ...wanted }) => {
      const { key, row } = await database.transaction((transaction) =>
        createApiKey(
          transaction,
          { ...wanted, name: 'a key', scope, expiresAt, createdBy: null },
          { actor: systemActor, now: time },
        ),
      );
      return { id: row.id, key, credential: { authorization: `Bearer ${key}` } };
    },
  };
}

async function choosePlanes(
  shared: SharedParts,
  choice: NonNullable<SceneChoice['planes']>,
): Promise<readonly OpenAPIHono<AppEnv>[]> {
  if (choice === 'all') return openPlanes(shared);
  return typeof choice === 'function' ? choice(shared) : choice;
}

function openApp(
  parts: Pick<AppDependencies, 'database' | 'vault' | 'now' | 'log' | 'planes'> & {
    passwords: Passwords;
    choice: SceneChoice;
  },
): App {
  const { choice, ...shared } = parts;
  return createApp({
    ...shared,
    config: {
      baseUrl: undefined,
      tls: undefined,
      clientCertificates: 'off',
      trustedProxies: [],
      readsPerMinute: 0,
      loginsPerMinute: 1000,
      acmePerMinute: 0,
      ...choice.config,
    },
    version: '0.0.0-test',
    roles: choice.roles ?? (choice.planes === 'all' ? allRoles : ownRoles),
    listSealed: async () => ['signing key *'],
  });
}

/** Every plane, with its files in a folder of its own. */
async function openPlanes(shared: SharedParts): Promise<OpenAPIHono<AppEnv>[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const config = parseConfig({ SIGNPOST_DATA: dataDir, SIGNPOST_SCAN: 'off' });
  const wakeWorker = () => undefined;
  const evidence = openEvidence({ ...shared, config, wakeWorker });
  const observing = openObserving({ ...shared, ...evidence, config });
  return createPlanes({
    ...shared,
    ...evidence,
    catalogues: createCatalogues({ ...shared, baseUrl: undefined }),
    push: openPush({ ...shared, config, wakeWorker }),
    observing,
    following: openFollowing({ ...shared, config, observing }),
    admissions: new AdmissionFigures(),
    ...(await openProcessParts(config)),
    config,
    blobs: await openDiskBlobs(join(dataDir, 'blobs')),
    parts: await PartFiles.open(join(dataDir, 'uploads')),
    spool: await Spool.open(join(dataDir, 'incoming')),
    inspectSbom: createSbomInspection(),
    pictures: createRasterDecoding(),
    scanner: undefined,
    downloads: new DownloadCounter(shared),
    prepared: new PreparedAnswers(shared.now),
    acme: createAcmeState({ ...shared, dnsServers: [] }),
    revocation: openRevocation({ ...shared, weakKeys: new WeakKeys() }),
    version: '0.0.0-test',
    webhookAttempts: new Map(),
    mailer: undefined,
    mailAttempts: new Map(),
    wakeRelay: () => undefined,
    wakeWorker,
    published: () => undefined,
  });
}

function logTo(lines: string[]): Logger {
  return pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
}

function createFounder(parts: {
  database: Database;
  vault: Vault;
  now: () => number;
  passwords: Passwords;
  hash: PasswordHash;
}) {
  const { database, vault, now, passwords, hash } = parts;
  const secrets = createSessionSecrets({ database, vault, now });
  return async function found(slug: string, host: string | null): Promise<Tenant> {
    const act = { actor: systemActor, now: now() };
    const { id } = await database.transaction((transaction) =>
      createOrganisation(transaction, { slug, name: slug, host }, act),
    );
    const enter = async (role: Role) => {
      const member = await database.transaction((transaction) =>
        createPerson(
          transaction,
          { organisationId: id, email: `${role}@${slug}.example`, name: role, role, passwordHash: hash },
          act,
        ),
      );
      const logIn = async () => {
        const opened = await openSession({ database, secrets, passwords, now }, id, member);
        const token = await csrfTokenOf(secrets, opened.session.id);
        return { cookie: `__Host-signpost=${opened.token}`, 'x-signpost-csrf': token };
      };
      return { id: member.id, email: member.email, session: await logIn(), logIn };
    };
    return {
      id,
      people: { admin: await enter('admin'), manager: await enter('manager'), viewer: await enter('viewer') },
    };
  };
}

async function sendTo(
  app: App,
  method: string,
  path: string,
  { as, json, headers, from = '192.0.2.1' }: Ask,
): Promise<Response> {
  const url = path.startsWith('/') ? `http://signpost.example${path}` : path;
  const request = new Request(url, {
    method,
    headers: { ...as, ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  // The one member of the connection that the application reads.
  const bindings = { incoming: { socket: { remoteAddress: from } } } as unknown as HttpBindings;
  return app.fetch(request, bindings);
}
