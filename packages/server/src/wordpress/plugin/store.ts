/** SQL of what was read of plugins. */
import type { Query } from '../../storage/database.ts';

/** What was read of an artifact, or undefined. */
export async function findReading(
  query: Query,
  artifactId: string,
): Promise<{ readonly reading: string; readonly read_at: number } | undefined> {
  return query
    .selectFrom('wordpress_reading')
    .select(['reading', 'read_at'])
    .where('artifact_id', '=', artifactId)
    .executeTakeFirst();
}

/** Keeps what was read, or why it could not be; in place of what was kept before. */
export async function replaceReading(
  query: Query,
  row: { readonly artifact_id: string; readonly reading: string; readonly read_at: number },
): Promise<void> {
  const { artifact_id: _, ...change } = row;
  await query
    .insertInto('wordpress_reading')
    .values(row)
    .onConflict((conflict) => conflict.column('artifact_id').doUpdateSet(change))
    .execute();
}
