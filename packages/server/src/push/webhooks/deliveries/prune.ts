/** Forgets deliveries in the end. */
import type { Database } from '../../../storage/database.ts';
import { pruneDeliveries } from './store.ts';

const keepMs = 30 * 86_400_000;

/** Removes deliveries of events of more than 30 days ago, and keys that have ended. */
export async function pruneWebhooks({ database, now }: { database: Database; now: () => number }): Promise<void> {
  const at = now();
  await pruneDeliveries(database.query, { before: at - keepMs, now: at });
}
