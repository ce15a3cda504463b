/** Opens a snapshot of whichever database a location names. */
import { join } from 'node:path';
import { type DatabaseLocation, databaseFile } from '../database/open.ts';
import { leftBehind, type PortableContent, type Snapshot } from './portable.ts';

/** The content of the database as it is now; `dir` is an existing folder with room for a copy of SQLite's file. */
export async function openSnapshot(location: DatabaseLocation, dir: string): Promise<Snapshot> {
  const snapshot = await openWhole(location, dir);
  return { ...snapshot, tables: snapshot.tables.map(omitRows) };
}

async function openWhole(location: DatabaseLocation, dir: string): Promise<Snapshot> {
  if (location.databaseUrl !== undefined) {
    const { snapshotPostgres } = await import('./postgres-snapshot.ts');
    return snapshotPostgres(location.databaseUrl);
  }
  const { snapshotSqlite } = await import('./sqlite-snapshot.ts');
  return snapshotSqlite(databaseFile(location), join(dir, 'snapshot.db'));
}

function omitRows(table: PortableContent): PortableContent {
  return leftBehind.has(table.name) ? { ...table, rows: async function* () {} } : table;
}
