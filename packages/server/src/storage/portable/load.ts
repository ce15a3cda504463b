/** Fills an empty database with portable content: the schema that the content was made with, the rows, then what is newer. */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { Refusal } from '../../errors.ts';
import type { Database } from '../database.ts';
import { migrate } from '../migrations/migrate.ts';
import type { Schema } from '../schema.ts';
import { violationOf } from '../violation.ts';
import { migrationTable, type PortableContent, type PortableValue, type Snapshot } from './portable.ts';
import { enforceReferences, suspendReferences } from './references.ts';

/** Both engines take more parameters than this in one statement. */
const batchParameters = 8000;
const batchCharacters = 1024 * 1024;

/**
 * Fills `database`, which must hold no tables, all or nothing. Returns the migrations that were applied on top of the
 * content. Throws `upload_refused`: `backup-newer-schema`, `backup-tables` when tables or columns are not those of that
 * schema, `backup-rows` when a constraint, a type or a foreign key does not hold.
 */
export async function loadContent(
  database: Database,
  content: Pick<Snapshot, 'migrations' | 'tables'>,
): Promise<string[]> {
  await migrate(database, { only: content.migrations });
  await assertTables(database, content.tables);
  try {
    await database.transaction(async (transaction) => {
      const references = await suspendReferences(transaction, database.engine);
      for (const table of content.tables) await fillTable(transaction, table);
      await enforceReferences(transaction, database.engine, references);
    });
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    if (!isContentFault(cause)) throw cause;
    throw refuse('backup-rows', 'expected rows that keep the constraints of their tables', cause);
  }
  return migrate(database);
}

async function assertTables(database: Database, tables: readonly PortableContent[]): Promise<void> {
  const present = await database.query.introspection.getTables();
  const schema = await readSchema(database);
  const expected = present.filter((table) => table.name !== migrationTable && table.schema === schema);
  const shape = (name: string, columns: readonly string[]) => `${name} (${[...columns].sort().join(' ')})`;
  const want = expected
    .map(({ name, columns }) =>
      shape(
        name,
        columns.map((column) => column.name),
      ),
    )
    .sort();
  const got = tables.map(({ name, columns }) => shape(name, columns)).sort();
  const odd = got.find((entry) => !want.includes(entry)) ?? want.find((entry) => !got.includes(entry));
  if (odd !== undefined || got.length !== want.length) {
    throw refuse('backup-tables', `expected the tables and columns of their schema, got another ${odd ?? 'number'}`);
  }
}

/** PostgreSQL shows the tables of other schemas as well. */
async function readSchema(database: Database): Promise<string | undefined> {
  if (database.engine === 'sqlite') return undefined;
  const { rows } = await sql<{ name: string }>`select current_schema() as name`.execute(database.query);
  return rows[0]?.name;
}

async function fillTable(transaction: Transaction<Schema>, table: PortableContent): Promise<void> {
  // Migrations may have put first rows there.
  await sql`delete from ${sql.table(table.name)}`.execute(transaction);
  const limit = Math.max(1, Math.floor(batchParameters / table.columns.length));
  let batch: (readonly PortableValue[])[] = [];
  let characters = 0;
  for await (const row of table.rows()) {
    batch.push(row);
    for (const value of row) characters += typeof value === 'string' ? value.length : 8;
    if (batch.length < limit && characters < batchCharacters) continue;
    await insertBatch(transaction, table, batch);
    [batch, characters] = [[], 0];
  }
  if (batch.length > 0) await insertBatch(transaction, table, batch);
}

async function insertBatch(
  transaction: Transaction<Schema>,
  { name, columns }: PortableContent,
  rows: readonly (readonly PortableValue[])[],
): Promise<void> {
  const values = rows.map((row): RawBuilder<unknown> => sql`(${sql.join(row)})`);
  const list = columns.map((column) => sql.ref(column));
  await sql`insert into ${sql.table(name)} (${sql.join(list)}) values ${sql.join(values)}`.execute(transaction);
}

/** A constraint, or a value that is not of the column's type: SQLite 3091 (STRICT) and 20, PostgreSQL class 22. */
function isContentFault(error: unknown): boolean {
  if (violationOf(error) !== undefined) return true;
  if (!(error instanceof Error)) return false;
  if ('errcode' in error) return error.errcode === 3091 || error.errcode === 20;
  return 'code' in error && typeof error.code === 'string' && /^22/.test(error.code);
}

function refuse(rule: string, message: string, cause?: unknown): Refusal {
  return new Refusal('upload_refused', message, {
    rule,
    hint: 'the backup was changed, or made by a server with other tables: take another one',
    cause,
  });
}
