/** What the watch works with. */
import type { Transaction } from 'kysely';
import type { Database } from '../storage/database.ts';
import type { Schema } from '../storage/schema.ts';

/** See the file. */
export interface WatchParts {
  readonly database: Database;
  readonly now: () => number;
}

/** A transaction of the watch. */
export type Tx = Transaction<Schema>;
