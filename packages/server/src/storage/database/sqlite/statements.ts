/** `node:sqlite` in the shape that Kysely's SQLite dialect takes, with prepared statements kept. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

const statementLimit = 500;

/** Wraps `file`; preparing the same text twice yields the same statement. */
export function createStatementCache(file: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare: (text) => {
      const known = statements.get(text);
      if (known) return known;
      const statement = createStatement(file, text);
      if (statements.size >= statementLimit) forgetOldest(statements);
      statements.set(text, statement);
      return statement;
    },
    close: () => {
      statements.clear();
      file.close();
    },
  };
}

function createStatement(file: DatabaseSync, text: string): SqliteStatement {
  // A transaction that reads first and writes later could not be upgraded when another process wrote in between.
  const prepared = file.prepare(text === 'begin' ? 'begin immediate' : text);
  const readRow = createRowReader(prepared);
  return {
    reader: prepared.columns().length > 0,
    all: (parameters) => prepared.all(...inputs(parameters)).map(readRow),
    run: (parameters) => {
      // After some errors, a full disk among them, SQLite has rolled back by itself; rolling back again would hide them.
      if (text === 'rollback' && !file.isTransaction) return { changes: 0, lastInsertRowid: 0 };
      return prepared.run(...inputs(parameters));
    },
    // Its own statement: a kept one could be started again while this one is being read.
    iterate: (parameters) => iterateRows(file.prepare(text), parameters),
  };
}

function* iterateRows(statement: StatementSync, parameters: readonly unknown[]): IterableIterator<unknown> {
  const readRow = createRowReader(statement);
  for (const row of statement.iterate(...inputs(parameters))) yield readRow(row);
}

// node:sqlite checks the types of the values itself and throws.
function inputs(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[];
}

type ReadRow = (row: unknown) => Record<string, unknown>;

/**
 * Has `statement` give its rows as lists, of which objects are made here: the engine's own take twice as long, and have no
 * prototype, where PostgreSQL's have one.
 */
function createRowReader(statement: StatementSync): ReadRow {
  statement.setReturnArrays(true);
  let names: readonly string[] = [];
  let empty: Record<string, unknown> = {};
  return (row) => {
    const values = row as readonly unknown[];
    // The first one, or a table that has grown since: the engine prepares such a statement again by itself.
    if (values.length !== names.length) {
      names = statement.columns().map(({ name }) => name);
      empty = Object.fromEntries(names.map((name) => [name, null]));
    }
    // A copy has the shape of all rows at once, where a new object would take it on name by name.
    const object = { ...empty };
    for (let index = 0; index < names.length; index++) object[names[index] ?? ''] = values[index];
    return object;
  };
}

function forgetOldest(statements: Map<string, SqliteStatement>): void {
  for (const text of statements.keys()) {
    statements.delete(text);
    return;
  }
}
