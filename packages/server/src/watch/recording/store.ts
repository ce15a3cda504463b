/** SQL of schedules. */
import type { Selectable, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WatchScheduleTable } from '../../storage/tables/watch.ts';
import type { Tx } from '../parts.ts';

/** When a source is looked at next, and since when it has not answered. */
export async function findSchedule(
  query: Query,
  sourceId: string,
): Promise<Selectable<WatchScheduleTable> | undefined> {
  return query.selectFrom('watch_schedule').selectAll().where('source_id', '=', sourceId).executeTakeFirst();
}

/** Changes a schedule. */
export async function updateSchedule(tx: Tx, sourceId: string, set: Updateable<WatchScheduleTable>): Promise<void> {
  await tx.updateTable('watch_schedule').set(set).where('source_id', '=', sourceId).execute();
}
