/** The one door to the database: the same queries on SQLite and PostgreSQL. */
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** Inside or outside a transaction. */
export type Query = Kysely<Schema> | Transaction<Schema>;

/** An open database. */
export interface Database {
  readonly engine: 'sqlite' | 'postgres';
  readonly query: Kysely<Schema>;
  /** Runs `work` in one transaction. It is run again when the engine reports a conflict, so it must be repeatable. */
  transaction<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** Answers when the database does; throws otherwise. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
