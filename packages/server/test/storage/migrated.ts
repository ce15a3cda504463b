/** Databases that have their tables from the start: copies of one that was migrated, for a tenth of what migrating each costs. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type DatabaseLocation, databaseFile, openDatabase } from '../../src/storage/database/open.ts';
import type { Database } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';

let migratedFile: Promise<Uint8Array> | undefined;

/** A new SQLite database with every table, in a folder that is there. */
export async function openMigratedSqlite(dataDir: string): Promise<Database> {
  // A run of many files makes one for them all.
  const given = process.env.SIGNPOST_TEST_SQLITE;
  migratedFile ??= given === undefined ? createMigratedFile() : readFile(given);
  const location = { dataDir, databaseUrl: undefined };
  await writeFile(databaseFile(location), await migratedFile, { mode: 0o600 });
  return openDatabase(location, { create: false });
}

/** The bytes of a SQLite database with every table. */
export async function createMigratedFile(): Promise<Uint8Array> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-migrated-'));
  try {
    const location = { dataDir, databaseUrl: undefined };
    await migrateAt(location);
    return await readFile(databaseFile(location));
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The name of a database with every table on the server at `url`, which is there from now on. */
export async function nameMigratedPostgres(url: string): Promise<string> {
  const name = `migrated_${await hashMigrations()}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // Files of tests run side by side: one of them makes it, the others wait. The lock ends with the connection.
    await client.query('select pg_advisory_lock(1)');
    const { rows } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rows.length === 0) await createMigratedPostgres(client, url, name);
  } finally {
    await client.end();
  }
  return name;
}

/** Whoever is killed half-way leaves a draft, never a database of that name without its tables. */
async function createMigratedPostgres(client: Client, url: string, name: string): Promise<void> {
  const draft = `${name}_draft`;
  await client.query(`drop database if exists ${draft} with (force)`);
  await client.query(`create database ${draft}`);
  const databaseUrl = new URL(url);
  databaseUrl.pathname = `/${draft}`;
  await migrateAt({ dataDir: tmpdir(), databaseUrl: databaseUrl.href });
  await client.query(`alter database ${draft} rename to ${name}`);
}

async function migrateAt(location: DatabaseLocation): Promise<void> {
  const database = await openDatabase(location, { create: location.databaseUrl === undefined });
  try {
    await migrate(database);
  } finally {
    await database.close();
  }
}

/** A server that outlives the run may have databases of other migrations. */
async function hashMigrations(): Promise<string> {
  const folder = join(import.meta.dirname, '../../src/storage/migrations');
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).sort()) hash.update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}
