/** SQL of announcements, as people make and end them. */
import type { AnnouncementRow } from '../learning/store.ts';
import type { Tx } from '../parts.ts';

/** Adds an announcement. */
export async function insertAnnouncement(tx: Tx, row: AnnouncementRow): Promise<void> {
  await tx.insertInto('watch_announcement').values(row).execute();
}

/** Ends an announcement; false when there is none that is not over. */
export async function endAnnouncement(
  tx: Tx,
  { sourceId, id, now }: { readonly sourceId: string; readonly id: string; readonly now: number },
): Promise<boolean> {
  const ended = await tx
    .updateTable('watch_announcement')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where('source_id', '=', sourceId)
    .where('ended_at', 'is', null)
    .where('valid_to', '>', now)
    .executeTakeFirst();
  return ended.numUpdatedRows === 1n;
}
