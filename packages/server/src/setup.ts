/** What happens once: making the data folder, and bringing the database to this version's schema. */
import { createApiKey } from './accounts/api-keys.ts';
import { createOrganisation } from './accounts/organisations.ts';
import { Passwords } from './accounts/passwords.ts';
import { createPerson } from './accounts/people.ts';
import { systemActor } from './audit/audit.ts';
import { recordAudit } from './audit/store.ts';
import { type Config, parseConfig } from './config.ts';
import { Refusal } from './errors.ts';
import { defaultOrganisation } from './http/guard.ts';
import { assertVacant, createDataFolder, lockDataFolder } from './storage/data-folder.ts';
import { lockDatabase, openDatabase } from './storage/database/open.ts';
import type { Database, Query } from './storage/database.ts';
import { migrate } from './storage/migrations/migrate.ts';
import type { Argon2Parameters } from './vault/argon2.ts';
import { hasVaultState } from './vault/store.ts';
import { Vault } from './vault/vault.ts';

/** What a new server needs to be told. */
export interface InitialiseRequest {
  readonly masterPassword: string;
  readonly organisationName: string;
  readonly admin: { readonly email: string; readonly name: string; readonly password: string };
}

/** What was made. */
export interface Initialised {
  readonly dataDir: string;
  /** An API key with every verb, shown this once; it expires after 90 days. */
  readonly apiKey: string;
}

/** What turning passwords into keys costs, where it is not the real thing: in tests. */
export interface SetupCosts {
  readonly passwords?: Passwords;
  readonly vaultCost?: Argon2Parameters;
}

const apiKeyLifeMs = 90 * 86_400_000;

/** Makes data folder, database, vault, the default organisation and its first admin, all or nothing. Throws `conflict` when there is a server already, or the folder is somebody else's. */
export async function initialise(
  environment: Readonly<Record<string, string | undefined>>,
  request: InitialiseRequest,
  costs: SetupCosts = {},
): Promise<Initialised> {
  const config = parseConfig(environment);
  await assertVacant(config.dataDir);
  await createDataFolder(config.dataDir);
  return withDatabase(config, { create: true }, async (database) => {
    // Before anything is changed, an older schema included.
    await assertNoServer(database);
    await migrate(database);
    return { dataDir: config.dataDir, apiKey: await fillDatabase(database, request, costs) };
  });
}

/** Applies the migrations that are missing; returns their names. The server must not be running. */
export async function migrateData(environment: Readonly<Record<string, string | undefined>>): Promise<string[]> {
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
  if (!(await hasVaultState(database.query))) return;
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
    const { id } = await createOrganisation(tx, { slug: defaultOrganisation, name: organisationName, host: null }, act);
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
    const object = { kind: 'server', id: 'server' };
    await recordAudit(tx, act.now, { organisationId: id, actor: systemActor, action: 'server.initialised', object });
    return key;
  });
}
