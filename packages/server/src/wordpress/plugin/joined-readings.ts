/** Readings that strangers may ask for: each archive is read once for all who wait for it, and few of them at a time. */
import type { Database } from '../../storage/database.ts';
import { FairTurns, type TurnLimits } from '../../storage/fair-turns.ts';

/** Each takes a thread with a heap of its own, and up to five minutes. */
const limits: TurnLimits = {
  ...{ running: 2, waiting: 32, waitingOfOne: 8, what: 'plugins' },
  ...{ rule: 'readings', retryAfterSeconds: 30 },
};

/** Which archive is read. */
export interface JoinedReading {
  /** Names the archive in its database. */
  readonly key: string;
  /** Whose archive it is, whoever asks. */
  readonly organisationId: string;
}

/** Joins readings of one kind. */
export class JoinedReadings<T> {
  readonly #open = new WeakMap<Database, Map<string, Promise<T>>>();
  readonly #turns = new FairTurns(limits);

  /** What `read` gives for `key`, or what the reading of it gives that somebody else waits for. Throws as `FairTurns.run` does. */
  async read(database: Database, { key, organisationId }: JoinedReading, read: () => Promise<T>): Promise<T> {
    const open = this.#open.get(database) ?? new Map<string, Promise<T>>();
    this.#open.set(database, open);
    const joined = open.get(key) ?? this.#turns.run({ organisationId }, read).finally(() => open.delete(key));
    open.set(key, joined);
    return joined;
  }
}
