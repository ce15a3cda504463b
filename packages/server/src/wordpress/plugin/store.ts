/** SQL of what was read of plugins. */
import type { Query } from '../../storage/database.ts';

/** What was read of an artifact, or undefined. */
export async function findReading(query: Query, artifactId: string): Promise<string | undefined> {
  const row = await query
    .selectFrom('wordpress_reading')
    .select('reading')
    .where('artifact_id', '=', artifactId)
    .executeTakeFirst();
  return row?.reading;
}

/** Keeps what was read; the same bytes read by somebody else meanwhile said the same. */
export async function insertReading(
  query: Query,
  row: { readonly artifact_id: string; readonly reading: string; readonly read_at: number },
): Promise<void> {
  await query
    .insertInto('wordpress_reading')
    .values(row)
    .onConflict((conflict) => conflict.column('artifact_id').doNothing())
    .execute();
}
