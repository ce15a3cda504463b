/** Forgets what was said. */
import type { Database } from '../storage/database.ts';
import { pruneNotices } from './notices/store.ts';
import { pruneSubscriptions } from './subscriptions/store.ts';

const keepMs = 30 * 86_400_000;

/** Removes what ended more than 30 days ago. */
export async function pruneMail({ database, now }: { database: Database; now: () => number }): Promise<void> {
  await pruneNotices(database.query, now() - keepMs);
  await pruneSubscriptions(database.query, now() - keepMs);
}
