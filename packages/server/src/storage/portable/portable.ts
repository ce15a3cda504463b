/**
 * A database's content in the one form that both engines read and write: rows of texts, integers and nulls, by table and
 * column name. Neither a copy of SQLite's file nor a dump of PostgreSQL's could be restored on the other engine.
 */

/** A value of a column; the schema has no other types. Integers lie within ±(2^53−1). */
export type PortableValue = string | number | null;

/** A table's name and its columns, in the order in which rows hold their values. */
interface PortableTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A table with its rows, which can be read any number of times. */
export interface PortableContent extends PortableTable {
  rows(): AsyncIterable<readonly PortableValue[]>;
}

/** Everything in a database at one moment, while others go on writing to it. */
export interface Snapshot {
  /** The migrations that made the tables, in order. */
  readonly migrations: readonly string[];
  /** All tables but that of the migrations, by introspection: a new one needs no word here. */
  readonly tables: readonly PortableContent[];
  close(): Promise<void>;
}

/**
 * Tables whose rows no copy carries: frames of the push plane, which nobody could prove in the epoch that a restore begins.
 */
export const leftBehind: ReadonlySet<string> = new Set(['push_frame']);

/** The table that names the applied migrations; it is written by migrating, never copied. */
export const migrationTable = 'migration';

/** Throws a TypeError for a column type that has no portable form. */
export function assertPortable(table: string, column: { readonly name: string; readonly type: string }): void {
  if (/^(?:text|integer|bigint)$/i.test(column.type)) return;
  throw new TypeError(`expected text or integers in ${table}.${column.name}, got ${column.type}`);
}
