/** Inserting many rows at once by statements that are compiled once: for rows in hundreds, compiling costs more than inserting. */
import { CompiledQuery, type Insertable } from 'kysely';
import { ownerOf } from './database/transactions.ts';
import type { Query } from './database.ts';
import type { Schema } from './schema.ts';

/** Powers of two, so that any number of rows needs few statements and few are kept. */
const maxRows = 128;

/** By table, columns and number of rows. */
const texts = new WeakMap<Query, Map<string, string>>();

/** Inserts `rows`, which have the same columns and a value for each, in this order. */
export async function insertRows<Table extends keyof Schema & string>(
  query: Query,
  table: Table,
  rows: readonly Insertable<Schema[Table]>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  for (let at = 0; at < rows.length; ) {
    const count = Math.min(maxRows, 2 ** Math.floor(Math.log2(rows.length - at)));
    const part = rows.slice(at, at + count);
    await query.executeQuery(CompiledQuery.raw(compileInsert(query, table, part), listValues(columns, part)));
    at += count;
  }
}

function compileInsert<Table extends keyof Schema & string>(
  query: Query,
  table: Table,
  rows: readonly Insertable<Schema[Table]>[],
): string {
  const owner = ownerOf(query);
  const known = texts.get(owner) ?? new Map<string, string>();
  texts.set(owner, known);
  const key = `${table} ${rows.length} ${Object.keys(rows[0] ?? {}).join()}`;
  const text = known.get(key) ?? query.insertInto(table).values(rows).compile().sql;
  known.set(key, text);
  return text;
}

function listValues(columns: readonly string[], rows: readonly object[]): unknown[] {
  const values: unknown[] = [];
  for (const row of rows) {
    const fields = row as Readonly<Record<string, unknown>>;
    for (const column of columns) values.push(fields[column]);
  }
  return values;
}
