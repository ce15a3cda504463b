/** Rows kept in memory: one process has the database to itself, so they are right as long as each change forgets them. */
import { afterCommit, ownerOf } from './database/transactions.ts';
import type { Query } from './database.ts';

/** Rows kept of one database; the one used least recently goes first. */
const defaultLimit = 4096;

/** Rows of one kind, of any number of databases. What is not there is not kept. */
export class KeptRows<T> {
  readonly #limit: number;
  // Promises, so that a change also forgets a row whose reading began before it.
  readonly #kept = new WeakMap<Query, Map<string, Promise<T | undefined>>>();

  constructor(limit: number = defaultLimit) {
    this.#limit = limit;
  }

  /** The row that is kept under `key`, or the one that `read` finds. `query` is no transaction: that one sees its own rows. */
  async find(query: Query, key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const rows = this.#rowsOf(query);
    const reading = rows.get(key) ?? this.#read(rows, key, read);
    if (rows.delete(key)) rows.set(key, reading);
    return reading;
  }

  /** Forgets what is kept under `key`, once `transaction` has committed. To be called wherever the row is written. */
  forget(transaction: Query, key: string): void {
    afterCommit(transaction, () => this.#rowsOf(transaction).delete(key));
  }

  /** The same for all rows of the database. */
  forgetAll(transaction: Query): void {
    afterCommit(transaction, () => this.#rowsOf(transaction).clear());
  }

  #read(
    rows: Map<string, Promise<T | undefined>>,
    key: string,
    read: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const drop = () => {
      if (rows.get(key) === reading) rows.delete(key);
    };
    const reading = read();
    reading.then((row) => row === undefined && drop(), drop);
    rows.set(key, reading);
    for (const oldest of rows.keys()) {
      if (rows.size <= this.#limit) break;
      rows.delete(oldest);
    }
    return reading;
  }

  #rowsOf(query: Query): Map<string, Promise<T | undefined>> {
    const owner = ownerOf(query);
    const rows = this.#kept.get(owner) ?? new Map<string, Promise<T | undefined>>();
    this.#kept.set(owner, rows);
    return rows;
  }
}
