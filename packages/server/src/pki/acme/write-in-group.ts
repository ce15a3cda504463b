/** Writes of many clients in one durable transaction: on a disk, a commit costs more than what it holds. */
import type { Transaction } from 'kysely';
import type { Database } from '../../storage/database.ts';
import { createGroupedWrites, type GroupedWrites } from '../../storage/grouped-writes.ts';
import type { Schema } from '../../storage/schema.ts';

/** One client's part. It may be run again; only a Refusal may be thrown, and takes this part alone. */
type Write = (transaction: Transaction<Schema>) => Promise<void>;

// One process has the database to itself, so all its clients can share transactions.
const groups = new WeakMap<Database, GroupedWrites<Write>>();

/** Resolves once the transaction that holds `write` has committed. */
export async function writeInGroup(database: Database, write: Write): Promise<void> {
  const group =
    groups.get(database) ??
    createGroupedWrites<Write>(database, async (transaction, writes) => {
      for (const one of writes) await one(transaction);
    });
  groups.set(database, group);
  await group.write(write);
}
