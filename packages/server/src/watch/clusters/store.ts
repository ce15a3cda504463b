/** SQL of clusters: which are followed, by whom, and what runs in them. */
import type { Selectable, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WatchClusterTable } from '../../storage/tables/watch.ts';
import type { Tx } from '../parts.ts';

/** A stored cluster. */
export type ClusterRow = Selectable<WatchClusterTable>;

/** A cluster of an organisation that was not removed. */
export async function findCluster(
  query: Query,
  { organisationId, id }: { readonly organisationId: string; readonly id: string },
): Promise<ClusterRow | undefined> {
  return query
    .selectFrom('watch_cluster')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
}

/** The clusters of an organisation by name. */
export async function listClusters(query: Query, organisationId: string): Promise<ClusterRow[]> {
  return query
    .selectFrom('watch_cluster')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute();
}

/** The clusters whose credentials are sealed. */
export async function listSealedClusters(query: Query): Promise<{ name: string }[]> {
  return query
    .selectFrom('watch_cluster')
    .select('name')
    .where('sealed_credential', 'is not', null)
    .orderBy('name')
    .execute();
}

/** Adds a cluster. The unique name refuses one that there is. */
export async function insertCluster(tx: Tx, row: ClusterRow): Promise<void> {
  await tx.insertInto('watch_cluster').values(row).execute();
}

/** Changes a cluster. */
export async function updateCluster(tx: Tx, id: string, set: Updateable<WatchClusterTable>): Promise<void> {
  await tx.updateTable('watch_cluster').set(set).where('id', '=', id).execute();
}

/** Clusters that are due and that nobody holds, the longest due first. */
export async function listDueClusters(
  query: Query,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<ClusterRow[]> {
  return query
    .selectFrom('watch_cluster')
    .selectAll()
    .where('due_at', '<=', now)
    .where('removed_at', 'is', null)
    .where((row) => row.or([row('lease_until', 'is', null), row('lease_until', '<', now)]))
    .orderBy('due_at')
    .limit(limit)
    .execute();
}

/** The right to follow a cluster, until somebody else has taken it. */
export interface ClusterLease {
  readonly clusterId: string;
  readonly number: number;
}

/** Takes a cluster; undefined: somebody else was faster. */
export async function takeCluster(
  query: Query,
  { id, lease }: Pick<ClusterRow, 'id' | 'lease'>,
  { now, until }: { readonly now: number; readonly until: number },
): Promise<ClusterLease | undefined> {
  const taken = await query
    .updateTable('watch_cluster')
    .set({ lease: lease + 1, lease_until: until })
    .where('id', '=', id)
    // Of two who read the same row only one finds its number unchanged.
    .where('lease', '=', lease)
    .where((row) => row.or([row('lease_until', 'is', null), row('lease_until', '<', now)]))
    .executeTakeFirst();
  return taken.numUpdatedRows === 1n ? { clusterId: id, number: lease + 1 } : undefined;
}

/** Changes when a cluster is due, or who holds it, where it is still held and watched; false when not. */
export async function updateLeased(
  query: Query,
  { clusterId, number }: ClusterLease,
  set: Pick<Updateable<WatchClusterTable>, 'due_at' | 'lease_until'>,
): Promise<boolean> {
  const updated = await query
    .updateTable('watch_cluster')
    .set(set)
    .where('id', '=', clusterId)
    .where('lease', '=', number)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}
