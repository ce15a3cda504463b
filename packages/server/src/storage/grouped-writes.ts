/** Grouped commits: what many requests write at the same time becomes durable in one transaction. */
import type { Transaction } from 'kysely';
import { Refusal } from '../errors.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';
import { violationOf } from './violation.ts';

/** Writes of one kind. */
export interface GroupedWrites<T> {
  /** Resolves once the transaction that holds `item` is durable; rejects when nothing of `item` was written, or nobody knows. */
  write(item: T): Promise<void>;
}

/** Writes all of `items` in `transaction`, or throws. It may be run again, so it must be repeatable. */
export type WriteGroup<T> = (transaction: Transaction<Schema>, items: readonly T[]) => Promise<void>;

interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Items in one transaction; more only makes the first one wait longer. */
const maxGroup = 128;
/** Turns of the event loop that the first one waits at most. */
const maxTurns = 4;

/**
 * Collects what arrives while a transaction is under way, or in the same turn of the event loop, and writes it together. When a
 * group is refused (a `Refusal`, or a constraint) each item is written by itself, so that one does not take others down.
 */
export function createGroupedWrites<T>(database: Database, writeGroup: WriteGroup<T>): GroupedWrites<T> {
  let waiting: Waiting<T>[] = [];
  let isRunning = false;
  // On SQLite a commit holds the event loop: what has arrived is read first, as long as more comes with each turn.
  const collect = async () => {
    let seen = 0;
    for (let turn = 0; turn < maxTurns && waiting.length > seen && waiting.length < maxGroup; turn++) {
      seen = waiting.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const run = async () => {
    while (waiting.length > 0) {
      await collect();
      const group = waiting.slice(0, maxGroup);
      waiting = waiting.slice(maxGroup);
      // Resolves at the commit: while the disk flushes one group, the next one is collected and written.
      await commit(database, writeGroup, group);
    }
    isRunning = false;
  };
  return {
    write: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (isRunning) return;
        isRunning = true;
        void run();
      }),
  };
}

async function commit<T>(database: Database, writeGroup: WriteGroup<T>, group: readonly Waiting<T>[]): Promise<void> {
  try {
    const { durable } = await database.commit((transaction) =>
      writeGroup(
        transaction,
        group.map(({ item }) => item),
      ),
    );
    void settle(durable, group);
  } catch (error) {
    if (group.length > 1 && isAboutOne(error)) {
      for (const one of group) await commit(database, writeGroup, [one]);
    } else {
      for (const { reject } of group) reject(error);
    }
  }
}

async function settle<T>(durable: Promise<void>, group: readonly Waiting<T>[]): Promise<void> {
  try {
    await durable;
    for (const { resolve } of group) resolve();
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}

function isAboutOne(error: unknown): boolean {
  return error instanceof Refusal || violationOf(error) !== undefined;
}
