/** What a migration is made of. */
import type { Database } from '../database.ts';

/** SQLite's dialect of STRICT tables, see `translate`, or a text for each engine where they share none. */
export type Statement = string | Readonly<Record<Database['engine'], string>>;

/** One step. */
export interface Migration {
  /** Its number and a word, such as `0001_foundation`. Never changed once released, nor are the statements. */
  readonly name: string;
  readonly statements: readonly Statement[];
}

/**
 * Keeps the rows of `table` as they were inserted, whatever statement comes: SQLite refuses it, PostgreSQL leaves it without
 * effect (a rule moves with its table when a restore exchanges schemas, the function of a trigger would not).
 */
export function keepRows(table: string): readonly Statement[] {
  return ['update', 'delete'].map((act) => ({
    sqlite: `create trigger ${table}_${act} before ${act} on ${table}
      begin select raise(abort, 'rows of ${table} are kept as they are'); end`,
    postgres: `create rule ${table}_${act} as on ${act} to ${table} do instead nothing`,
  }));
}
