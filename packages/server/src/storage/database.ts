/** The one door to the database: the same queries on SQLite and PostgreSQL. */
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** Inside or outside a transaction. */
export type Query = Kysely<Schema> | Transaction<Schema>;

/** What has been committed and may not be on the disk yet. */
interface Committed<T> {
  readonly result: T;
  readonly durable: Promise<void>;
}

/** An open database. */
export interface Database {
  readonly engine: 'sqlite' | 'postgres';
  readonly query: Kysely<Schema>;
  /** Runs `work` in one transaction. It is run again when the engine reports a conflict, so it must be repeatable. */
  transaction<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T>;
  /**
   * The same, but resolves at the commit, so that other work goes on while the disk flushes: others can read it from then on, and
   * nobody may be told of it before `durable` resolves. `isLone`: nobody else is about to commit, so that a quick disk is waited for in this thread.
   */
  commit<T>(
    work: (transaction: Transaction<Schema>) => Promise<T>,
    options?: { readonly isLone?: boolean },
  ): Promise<Committed<T>>;
  /** Resolves once all that can be read now is durable; `undefined` when it is. To be awaited before what was read leaves. */
  settle(): Promise<void> | undefined;
  /** Answers when the database does; throws otherwise. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
