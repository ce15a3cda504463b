/** Reads about many keys that are asked for one by one and done together. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from './database.ts';

/** Reads about `keys`, together with what others ask of the same group in this turn of the event loop. */
export type GatheredReads<T> = (database: Database, group: string, keys: readonly string[]) => Promise<T>;

/** Beyond it the next asker begins another read: statements take so many parameters and no more. */
const maxKeys = 256;

interface Gathering<T> {
  readonly keys: Set<string>;
  readonly result: Promise<T>;
}

/**
 * Reads of one kind; what `read` finds about all the keys is given to all who asked. It begins after the turn in which they
 * asked: nobody sees what was overtaken before, so there is nothing to forget when it changes.
 */
export function createGatheredReads<T>(
  read: (database: Database, group: string, keys: readonly string[]) => Promise<T>,
): GatheredReads<T> {
  const waiting = new WeakMap<Database, Map<string, Gathering<T>>>();
  return (database, group, keys) => {
    const groups = waiting.get(database) ?? new Map<string, Gathering<T>>();
    waiting.set(database, groups);
    const open = groups.get(group);
    const gathering = open && open.keys.size + keys.length <= maxKeys ? open : begin();
    for (const key of keys) gathering.keys.add(key);
    return gathering.result;

    function begin(): Gathering<T> {
      const gathered = new Set<string>();
      const result = nextTurn().then(() => {
        // Whoever asks from now on could be told what is no longer so.
        if (groups.get(group)?.keys === gathered) groups.delete(group);
        return read(database, group, [...gathered]);
      });
      const begun = { keys: gathered, result };
      groups.set(group, begun);
      return begun;
    }
  };
}
