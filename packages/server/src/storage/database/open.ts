/** Opens the database that the configuration names. */
import { join } from 'node:path';
import type { BaseLogger } from 'pino';
import { createDataFolder } from '../data-folder.ts';
import type { Database } from '../database.ts';
import type { DatabaseLock } from './postgres/lock-postgres.ts';
import { openSqlite } from './sqlite/open-sqlite.ts';

/** Where a database is; the members are those of `Config`. */
export interface DatabaseLocation {
  readonly dataDir: string;
  /** A `postgres://` URL, or undefined for SQLite in the data folder. */
  readonly databaseUrl: string | undefined;
}

/**
 * Opens PostgreSQL when a URL is given, otherwise `signpost.db` in the data folder. With `create` the folder and a missing
 * SQLite file are made; without it a missing one throws `unavailable`. Creates no tables (`migrate` does).
 */
export async function openDatabase(
  location: DatabaseLocation,
  options: { readonly create: boolean },
): Promise<Database> {
  if (options.create) await createDataFolder(location.dataDir);
  if (location.databaseUrl !== undefined) {
    // The client of the one engine is not loaded for the other.
    const { openPostgres } = await import('./postgres/open-postgres.ts');
    return openPostgres(location.databaseUrl);
  }
  return openSqlite(databaseFile(location), options);
}

/** Where SQLite's file is. */
export function databaseFile({ dataDir }: Pick<DatabaseLocation, 'dataDir'>): string {
  return join(dataDir, 'signpost.db');
}

/** Keeps other servers out of the database; from SQLite the lock of the data folder does. Throws `unavailable`. */
export async function lockDatabase(
  { databaseUrl }: Pick<DatabaseLocation, 'databaseUrl'>,
  log?: Pick<BaseLogger, 'warn'>,
): Promise<DatabaseLock> {
  if (databaseUrl === undefined) return { release: async () => {} };
  const { lockPostgres } = await import('./postgres/lock-postgres.ts');
  return lockPostgres(databaseUrl, log);
}
