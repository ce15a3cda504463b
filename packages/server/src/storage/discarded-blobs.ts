/** Blobs that no row may name: of a row that is gone, or of one that is to come and may never. */
import { blobTables } from './blob-tables.ts';
import type { Query } from './database.ts';

/** How long the bytes of such a blob stay on the disk, in milliseconds: a backup that began before may still read them. */
export const discardedKeptMs = 24 * 3_600_000;

/** Notes that no row may name these blobs; the last time counts. */
export async function noteDiscarded(query: Query, blobs: readonly string[], at: number): Promise<void> {
  for (const sha256 of blobs) {
    await query
      .insertInto('discarded_blob')
      .values({ sha256, discarded_at: at })
      .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ discarded_at: at }))
      .execute();
  }
}

/** The blobs noted before `before`, in Unix milliseconds. */
export async function listDiscarded(query: Query, before: number): Promise<string[]> {
  const rows = await query
    .selectFrom('discarded_blob')
    .select('sha256')
    .where('discarded_at', '<', before)
    .orderBy('discarded_at')
    .execute();
  return rows.map(({ sha256 }) => sha256);
}

/** Takes the blob from the list, unless it was noted again since `before`; false when it is not on it, or stays there. */
export async function forgetDiscarded(query: Query, sha256: string, before: number): Promise<boolean> {
  const row = await query
    .deleteFrom('discarded_blob')
    .where('sha256', '=', sha256)
    .where('discarded_at', '<', before)
    .returning('sha256')
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether a row names the blob. */
export async function isReferenced(query: Query, sha256: string): Promise<boolean> {
  for (const table of blobTables) {
    const row = await query.selectFrom(table).select('sha256').where('sha256', '=', sha256).limit(1).executeTakeFirst();
    if (row) return true;
  }
  return false;
}
