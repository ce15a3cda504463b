/** SQL of schedules, and of names that cannot be read. */
import type { Selectable, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WatchScheduleTable, WatchUnreadTable } from '../../storage/tables/watch.ts';
import type { Tx } from '../parts.ts';

/** When a source is looked at next, and since when it has not answered. */
export async function findSchedule(
  query: Query,
  sourceId: string,
): Promise<Selectable<WatchScheduleTable> | undefined> {
  return query.selectFrom('watch_schedule').selectAll().where('source_id', '=', sourceId).executeTakeFirst();
}

/** Contents of a source that run in a cluster now. */
export async function listRunningContents(query: Query, sourceId: string): Promise<ReadonlySet<string>> {
  const rows = await query
    .selectFrom('watch_running as running')
    .innerJoin('watch_cluster as cluster', 'cluster.id', 'running.cluster_id')
    .select('running.digest')
    .distinct()
    .where('running.source_id', '=', sourceId)
    .where('running.ended_at', 'is', null)
    .where('running.state', '=', 'known')
    .where('cluster.removed_at', 'is', null)
    .execute();
  return new Set(rows.map(({ digest }) => digest));
}

/** Changes a schedule. */
export async function updateSchedule(tx: Tx, sourceId: string, set: Updateable<WatchScheduleTable>): Promise<void> {
  await tx.updateTable('watch_schedule').set(set).where('source_id', '=', sourceId).execute();
}

/** The names of a source that cannot be read, the one that could not for longest first. */
export async function listUnreadNames(query: Query, sourceId: string): Promise<Selectable<WatchUnreadTable>[]> {
  return query
    .selectFrom('watch_unread')
    .selectAll()
    .where('source_id', '=', sourceId)
    .orderBy('since')
    .orderBy('name')
    .execute();
}

/** Notes a name that cannot be read. */
export async function insertUnreadName(tx: Tx, row: Selectable<WatchUnreadTable>): Promise<void> {
  await tx.insertInto('watch_unread').values(row).execute();
}

/** Forgets a name that can be read again, or is none any more. */
export async function deleteUnreadName(tx: Tx, sourceId: string, name: string): Promise<void> {
  await tx.deleteFrom('watch_unread').where('source_id', '=', sourceId).where('name', '=', name).execute();
}
