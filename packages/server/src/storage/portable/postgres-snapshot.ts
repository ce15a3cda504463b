/** A snapshot of PostgreSQL: one repeatable-read transaction that reads every table and holds up no writer. */
import { Client, escapeIdentifier } from 'pg';
import { parserOf } from '../database/postgres/open-postgres.ts';
import { assertPortable, migrationTable, type PortableContent, type PortableValue, type Snapshot } from './portable.ts';

const pageRows = 1000;

/** Opens a snapshot of the database that `url` names, as it is now. */
export async function snapshotPostgres(url: string): Promise<Snapshot> {
  const client = new Client({
    connectionString: url,
    application_name: 'signpost backup',
    types: { getTypeParser: parserOf },
  });
  // A connection that breaks fails the query under way; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    // A large backup to a slow disk may leave the transaction alone for minutes.
    await client.query('set idle_in_transaction_session_timeout = 0');
    await client.query('begin isolation level repeatable read read only');
    const { rows } = await client.query(`select name from ${migrationTable} order by name`);
    return {
      migrations: rows.map(({ name }) => String(name)),
      tables: await listTables(client),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function listTables(client: Client): Promise<PortableContent[]> {
  const { rows } = await client.query(
    `select c.table_name, c.column_name, c.data_type
     from information_schema.columns c
     join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' and c.table_name <> $1
     order by c.table_name, c.ordinal_position`,
    [migrationTable],
  );
  const tables = Map.groupBy(rows, ({ table_name }) => String(table_name));
  return [...tables].map(([name, entries]) => {
    for (const entry of entries) assertPortable(name, { name: entry.column_name, type: entry.data_type });
    const columns = entries.map(({ column_name }) => String(column_name));
    return { name, columns, rows: () => readRows(client, { name, columns }) };
  });
}

async function* readRows(
  client: Client,
  { name, columns }: { name: string; columns: readonly string[] },
): AsyncGenerator<PortableValue[]> {
  const list = columns.map(escapeIdentifier).join(', ');
  await client.query(`declare reading no scroll cursor for select ${list} from ${escapeIdentifier(name)}`);
  let failed = true;
  try {
    for (;;) {
      const { rows } = await client.query({ text: `fetch ${pageRows} from reading`, rowMode: 'array' });
      failed = false;
      yield* rows;
      failed = true;
      if (rows.length < pageRows) break;
    }
    failed = false;
  } finally {
    // Also when the reader has seen enough; after an error the transaction takes no more statements.
    if (!failed) await client.query('close reading');
  }
}
