/** What nobody asks for any more: orders and proofs a month after their end. Certificates and finished orders stay. */
import type { Database } from '../../storage/database.ts';
import { pruneOrders } from './orders/store.ts';

const keepMs = 30 * 86_400_000;

/** Removes orders that came to nothing, and proofs that ran out, thirty days after they did. */
export async function pruneAcme({ database, now }: { readonly database: Database; readonly now: () => number }) {
  await database.transaction((tx) => pruneOrders(tx, now() - keepMs));
}
