/** Reads that are asked for together and done once. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from './database.ts';

/** Does `read`, or takes part in the one that another asker of the same `key` is about to begin. */
export type SharedReads<T> = (database: Database, key: string, read: () => Promise<T>) => Promise<T>;

/**
 * Reads of one kind. What is asked in the same turn of the event loop is read once, after that turn: nobody sees what was
 * overtaken before they asked, so there is nothing to forget when it changes.
 */
export function createSharedReads<T>(): SharedReads<T> {
  const waiting = new WeakMap<Database, Map<string, Promise<T>>>();
  return (database, key, read) => {
    const reads = waiting.get(database) ?? new Map<string, Promise<T>>();
    waiting.set(database, reads);
    const shared = reads.get(key) ?? nextTurn().then(begin);
    reads.set(key, shared);
    return shared;

    function begin(): Promise<T> {
      // Whoever asks from now on could be told what is no longer so.
      reads.delete(key);
      return read();
    }
  };
}
