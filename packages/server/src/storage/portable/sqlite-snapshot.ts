/** A snapshot of SQLite by its online backup (https://sqlite.org/backup.html): a copy of one moment, checked, then read. */
import { rm } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { setImmediate as giveWay } from 'node:timers/promises';
import { Refusal } from '../../errors.ts';
import { assertPortable, migrationTable, type PortableContent, type PortableValue, type Snapshot } from './portable.ts';

/** More than any database has. */
const allPages = 2 ** 31 - 1;

/** Rows after which others get their turn. */
const turnRows = 500;

/**
 * Copies the database at `path` to `copy`, a file that must not exist, and opens the copy; `close` removes it. Throws
 * `unavailable`, rule `database-damaged`, when the copy does not pass `integrity_check`.
 */
export async function snapshotSqlite(path: string, copy: string): Promise<Snapshot> {
  await copyDatabase(path, copy);
  const file = new DatabaseSync(copy);
  const close = async () => {
    if (file.isOpen) file.close();
    for (const suffix of ['', '-wal', '-shm']) await rm(copy + suffix, { force: true });
  };
  try {
    assertIntact(file);
    const migrations = readTexts(file, `select name from ${migrationTable} order by name`);
    return { migrations, tables: listTables(file), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function copyDatabase(path: string, copy: string): Promise<void> {
  const source = new DatabaseSync(path, { readOnly: true });
  try {
    // All pages in one step: a copy in several would begin again whenever somebody commits in between.
    await backup(source, copy, { rate: allPages });
  } finally {
    source.close();
  }
}

function assertIntact(file: DatabaseSync): void {
  const [first] = readTexts(file, 'pragma integrity_check(1)');
  if (first === 'ok') return;
  throw new Refusal('unavailable', 'expected a sound database, got one that SQLite finds damaged', {
    rule: 'database-damaged',
    hint: 'restore the last backup; keep a copy of the data folder as it is',
  });
}

function listTables(file: DatabaseSync): PortableContent[] {
  const names = readTexts(
    file,
    "select name from sqlite_schema where type = 'table' and name not like 'sqlite!_%' escape '!' order by name",
  );
  return names
    .filter((name) => name !== migrationTable)
    .map((name) => {
      const columns = listColumns(file, name);
      return { name, columns, rows: () => readRows(file, { name, columns }) };
    });
}

function listColumns(file: DatabaseSync, table: string): string[] {
  const rows = file.prepare('select name, type from pragma_table_info(?) order by cid').all(table);
  return rows.map((row) => {
    const column = { name: String(row.name), type: String(row.type) };
    assertPortable(table, column);
    return column.name;
  });
}

async function* readRows(
  file: DatabaseSync,
  { name, columns }: { name: string; columns: readonly string[] },
): AsyncGenerator<PortableValue[]> {
  const statement = file.prepare(`select ${columns.map(quote).join(', ')} from ${quote(name)}`);
  let count = 0;
  for (const row of statement.iterate()) {
    yield columns.map((column) => row[column] as PortableValue);
    if (++count % turnRows === 0) await giveWay();
  }
}

function readTexts(file: DatabaseSync, statement: string): string[] {
  return file
    .prepare(statement)
    .all()
    .map((row) => String(Object.values(row)[0]));
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
