/** Readings that strangers may ask for: each archive is read once for all who wait for it, and few of them at a time. */
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';

/** Each takes a thread with a heap of its own. */
const maxAtOnce = 2;
/** Archives that wait for their turn. */
const maxWaiting = 32;
const retryAfterSeconds = 30;

/** Joins readings of one kind. */
export class JoinedReadings<T> {
  readonly #open = new WeakMap<Database, Map<string, Promise<T>>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** What `read` gives for `key`, or what the reading of it gives that somebody else waits for. Throws `unavailable` when too many wait. */
  async read(database: Database, key: string, read: () => Promise<T>): Promise<T> {
    const open = this.#open.get(database) ?? new Map<string, Promise<T>>();
    this.#open.set(database, open);
    const joined = open.get(key) ?? this.#begin(read).finally(() => open.delete(key));
    open.set(key, joined);
    return joined;
  }

  async #begin(read: () => Promise<T>): Promise<T> {
    await this.#takeTurn();
    try {
      return await read();
    } finally {
      // A turn is handed on, so that nobody who comes now takes it.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#running < maxAtOnce) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= maxWaiting) {
      throw new Refusal('unavailable', 'too many plugins are being read', { rule: 'readings', retryAfterSeconds });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
