/** Parts of a transaction that may fail by themselves. */
import { sql, type Transaction } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * Runs `work` in the transaction. When it throws, what it wrote is undone and the transaction can go on, also on PostgreSQL, which takes no more statements after one that
 * failed. Throws what `work` does.
 */
export async function withSavepoint<T>(tx: Transaction<Schema>, work: () => Promise<T>): Promise<T> {
  await sql`savepoint part`.execute(tx);
  try {
    const result = await work();
    await sql`release savepoint part`.execute(tx);
    return result;
  } catch (error) {
    // Where the engine has given up the whole transaction there is nothing to go back to: whatever comes next says so.
    await sql`rollback to savepoint part`.execute(tx).catch(() => undefined);
    throw error;
  }
}
