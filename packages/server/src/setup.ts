/** What happens once: making the data folder, and bringing the database to this version's schema. */
import { createApiKey } from './accounts/api-keys.ts';
import { forgetFactors } from './accounts/factors/second-factor.ts';
import { makeSetupLink } from './accounts/first-admin/first-admin.ts';
import { queueAccountMail } from './accounts/notices/queue.ts';
import { createOrganisation } from './accounts/organisations.ts';
import { Passwords } from './accounts/passwords.ts';
import { createPerson, normaliseEmail } from './accounts/people.ts';
import { findPersonId, hasOrganisations, listOrganisations } from './accounts/store.ts';
import { systemActor } from './audit/audit.ts';
import { recordAudit } from './audit/store.ts';
import { type Config, parseConfig } from './config.ts';
import { Refusal } from './errors.ts';
import { defaultOrganisation } from './http/guard.ts';
import { assertVacant, createDataFolder, lockDataFolder } from './storage/data-folder.ts';
import { lockDatabase, openDatabase } from './storage/database/open.ts';
import type { Database, Query } from './storage/database.ts';
import { assertMigrated, migrate } from './storage/migrations/migrate.ts';
import type { Argon2Parameters } from './vault/argon2.ts';
import { hasVaultState } from './vault/store.ts';
import { Vault } from './vault/vault.ts';

/** What a new server needs to be told. */
export interface InitialiseRequest {
  readonly masterPassword: string;
  readonly organisationName: string;
  readonly admin: { readonly email: string; readonly name: string; readonly password: string };
}

/** What a server needs to be told whose first admin will come by a link. */
export interface AwaitRequest {
  readonly organisationName: string;
  /** Without it there is no vault, and the first admin chooses one. */
  readonly masterPassword: string | undefined;
}

/** What was made. */
export interface Initialised {
  readonly dataDir: string;
  /** An API key with every verb, shown this once; it expires after 90 days. */
  readonly apiKey: string;
}

/** What was made without an admin. */
export interface Awaiting {
  readonly dataDir: string;
  /** Where the first admin is made, within a day and once. */
  readonly setupLink: string;
}

/** What turning passwords into keys costs, where it is not the real thing: in tests. */
export interface SetupCosts {
  readonly passwords?: Passwords;
  readonly vaultCost?: Argon2Parameters;
}

/** Variables by name, such as `process.env`. */
type Variables = Readonly<Record<string, string | undefined>>;

const apiKeyLifeMs = 90 * 86_400_000;

/** Makes data folder, database, vault, the default organisation and its first admin, all or nothing. Throws `conflict` when there is a server already, or the folder is somebody else's. */
export async function initialise(
  environment: Variables,
  request: InitialiseRequest,
  costs: SetupCosts = {},
): Promise<Initialised> {
  const config = parseConfig(environment);
  const apiKey = await createServer(config, (database) => fillDatabase(database, request, costs));
  return { dataDir: config.dataDir, apiKey };
}

/** The same without an admin: whoever has the link makes the first one in a browser. */
export async function awaitFirstAdmin(
  environment: Variables,
  request: AwaitRequest,
  costs: Pick<SetupCosts, 'vaultCost'> = {},
): Promise<Awaiting> {
  const config = parseConfig(environment);
  const token = await createServer(config, (database) => fillWithoutAdmin(database, request, costs));
  return { dataDir: config.dataDir, setupLink: formatSetupLink(config, token) };
}

async function createServer<T>(config: Config, fill: (database: Database) => Promise<T>): Promise<T> {
  await assertVacant(config.dataDir);
  await createDataFolder(config.dataDir);
  return withDatabase(config, { create: true }, async (database) => {
    // Before anything is changed, an older schema included.
    await assertNoServer(database);
    await migrate(database);
    return fill(database);
  });
}

/** Makes another link for the first admin; the one before holds no more. The server must not be running. Throws `conflict` once there are people. */
export async function renewSetupLink(environment: Variables): Promise<string> {
  const config = parseConfig(environment);
  return withDatabase(config, { create: false }, async (database) => {
    await assertMigrated(database);
    const home = (await listOrganisations(database.query)).find(({ slug }) => slug === defaultOrganisation);
    if (!home) throw new Refusal('unavailable', 'expected an initialised server', { hint: 'signpost init' });
    const token = await database.transaction((tx) => makeSetupLink(tx, home.id, Date.now()));
    return formatSetupLink(config, token);
  });
}

/** Takes all second factors from a person, for when no admin can log in to do so. The server must not be running. Throws `not_found`. */
export async function resetFactors(environment: Variables, email: string): Promise<void> {
  await withDatabase(parseConfig(environment), { create: false }, async (database) => {
    await assertMigrated(database);
    await database.transaction(async (tx) => {
      const now = Date.now();
      const personId = await findPersonId(tx, normaliseEmail(email));
      if (personId === undefined)
        throw new Refusal('not_found', 'there is no such person', { hint: 'signpost user list' });
      await forgetFactors(tx, personId, now);
      await queueAccountMail(tx, { personId, change: 'person.factors_reset', now });
      const object = { kind: 'person', id: personId };
      await recordAudit(tx, now, { organisationId: null, actor: systemActor, action: 'person.factors_reset', object });
    });
  });
}

/** The token stands behind the `#`: browsers send it to nobody, and no log on the way has it. */
function formatSetupLink({ baseUrl, tls, listen }: Config, token: string): string {
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return `${baseUrl ?? `${tls ? 'https' : 'http'}://${host}:${listen.port}`}/console/setup#${token}`;
}

/** Applies the migrations that are missing; returns their names. The server must not be running. */
export async function migrateData(environment: Variables): Promise<string[]> {
  return withDatabase(parseConfig(environment), { create: false }, async (database) => {
    const names = await migrate(database);
    if (names.length > 0) await database.transaction((tx) => recordMigrations(tx, names));
    return names;
  });
}

/** Runs `work` on the database while no server can use it or the data folder. */
async function withDatabase<T>(
  config: Config,
  options: { readonly create: boolean },
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const folderLock = lockDataFolder(config.dataDir);
  try {
    const lock = await lockDatabase(config);
    const database = await openDatabase(config, options).catch(async (error: unknown) => {
      await lock.release();
      throw error;
    });
    try {
      return await work(database);
    } finally {
      await database.close();
      await lock.release();
    }
  } finally {
    folderLock.release();
  }
}

async function assertNoServer(database: Database): Promise<void> {
  const tables = await database.query.introspection.getTables();
  if (!tables.some(({ name }) => name === 'vault_state')) return;
  // Whoever was killed in between left tables of any of our versions: no more is asked of them than whether there is a row.
  const isMade = (await hasVaultState(database.query)) || (await hasOrganisations(database.query));
  if (!isMade) return;
  throw new Refusal('conflict', 'expected an empty data folder, got one that holds a server', {
    rule: 'initialised',
    hint: 'signpost serve',
  });
}

async function recordMigrations(tx: Query, names: readonly string[]): Promise<void> {
  await recordAudit(tx, Date.now(), {
    organisationId: null,
    actor: systemActor,
    action: 'server.migrated',
    object: { kind: 'server', id: 'server' },
    detail: { migrations: names.join(' ') },
  });
}

async function fillDatabase(
  database: Database,
  { masterPassword, organisationName, admin }: InitialiseRequest,
  { passwords = new Passwords(), vaultCost: cost }: SetupCosts,
): Promise<string> {
  const vault = await Vault.open(database, Date.now, { cost });
  const passwordHash = await passwords.hash(admin.password);
  const act = { actor: systemActor, now: Date.now() };
  return database.transaction(async (tx) => {
    await vault.create(tx, masterPassword);
    const id = await createHome(tx, organisationName, act.now);
    const person = await createPerson(
      tx,
      { organisationId: id, email: admin.email, name: admin.name, role: 'admin', passwordHash },
      act,
    );
    const { key } = await createApiKey(
      tx,
      {
        ...{ organisationId: id, name: 'made by signpost init', scope: '*', createdBy: person.id },
        ...{ verbs: ['admin', 'manage', 'activate', 'upload', 'read', 'metrics'], expiresAt: act.now + apiKeyLifeMs },
      },
      act,
    );
    return key;
  });
}

async function fillWithoutAdmin(
  database: Database,
  { masterPassword, organisationName }: AwaitRequest,
  { vaultCost: cost }: Pick<SetupCosts, 'vaultCost'>,
): Promise<string> {
  const vault = await Vault.open(database, Date.now, { cost });
  return database.transaction(async (tx) => {
    const now = Date.now();
    if (masterPassword !== undefined) await vault.create(tx, masterPassword);
    return makeSetupLink(tx, await createHome(tx, organisationName, now), now);
  });
}

/** The default organisation, with which the server is one. */
async function createHome(tx: Query, name: string, now: number): Promise<string> {
  const { id } = await createOrganisation(
    tx,
    { slug: defaultOrganisation, name, host: null },
    { actor: systemActor, now },
  );
  const object = { kind: 'server', id: 'server' };
  await recordAudit(tx, now, { organisationId: id, actor: systemActor, action: 'server.initialised', object });
  return id;
}
