/** SQL of what runs in clusters. */
import type { Selectable } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import type { WatchRunningTable } from '../../../storage/tables/watch.ts';
import type { Tx } from '../../parts.ts';

/** What was seen to run. */
export type RunningRow = Selectable<WatchRunningTable>;

/** Adds what runs, or notes that it still does; each is unique by cluster, place, reference and digest. */
export async function upsertRunning(tx: Tx, rows: readonly RunningRow[]): Promise<void> {
  await tx
    .insertInto('watch_running')
    .values([...rows])
    .onConflict((conflict) =>
      conflict
        .columns(['cluster_id', 'namespace', 'workload', 'container', 'reference', 'digest'])
        .doUpdateSet(({ ref }) => ({
          last_seen_at: ref('excluded.last_seen_at'),
          state: ref('excluded.state'),
          source_id: ref('excluded.source_id'),
          ended_at: null,
        })),
    )
    .execute();
}

/** Notes the end of all in a cluster that was not seen at `at`. */
export async function endUnseen(tx: Tx, clusterId: string, at: number): Promise<void> {
  await tx
    .updateTable('watch_running')
    .set({ ended_at: at })
    .where('cluster_id', '=', clusterId)
    .where('ended_at', 'is', null)
    .where('last_seen_at', '<', at)
    .execute();
}

/** What names one row of a cluster. */
export type RunningPlace = Pick<RunningRow, 'namespace' | 'workload' | 'container' | 'reference' | 'digest'>;

/** Notes the end of one. */
export async function endRunning(
  tx: Tx,
  { clusterId, at }: { readonly clusterId: string; readonly at: number },
  { namespace, workload, container, reference, digest }: RunningPlace,
): Promise<void> {
  await tx
    .updateTable('watch_running')
    .set({ ended_at: at })
    .where('cluster_id', '=', clusterId)
    .where('namespace', '=', namespace)
    .where('workload', '=', workload)
    .where('container', '=', container)
    .where('reference', '=', reference)
    .where('digest', '=', digest)
    .execute();
}

/** Forgets what ended before `before`. */
export async function deleteEnded(tx: Tx, clusterId: string, before: number): Promise<void> {
  await tx.deleteFrom('watch_running').where('cluster_id', '=', clusterId).where('ended_at', '<', before).execute();
}

/** How many sources a cluster has brought in, or shares with others. */
export async function countClusterSources(query: Query, clusterId: string): Promise<number> {
  const row = await query
    .selectFrom('watch_running')
    .select(({ fn }) => fn.count<number>('source_id').distinct().as('count'))
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** A digest that runs and that was never observed. */
export interface UnseenDigest {
  readonly key: string;
  readonly digest: string;
}

/** Digests that run in a cluster, of watched sources, that nobody observed and nobody asked for since `askedBefore`. */
export async function listUnseen(
  query: Query,
  {
    clusterId,
    askedBefore,
    limit,
  }: { readonly clusterId: string; readonly askedBefore: number; readonly limit: number },
): Promise<UnseenDigest[]> {
  return query
    .selectFrom('watch_running as running')
    .innerJoin('watch_source as source', 'source.id', 'running.source_id')
    .select(['source.key', 'running.digest'])
    .distinct()
    .where('running.cluster_id', '=', clusterId)
    .where('running.ended_at', 'is', null)
    .where('running.state', '=', 'known')
    .where('source.removed_at', 'is', null)
    .where((row) => row.or([row('running.asked_at', 'is', null), row('running.asked_at', '<', askedBefore)]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('watch_artifact as artifact')
            .innerJoin('watch_line as line', 'line.number', 'artifact.line')
            .select('artifact.number')
            .whereRef('line.source_id', '=', 'running.source_id')
            .whereRef('artifact.content', '=', 'running.digest'),
        ),
      ),
    )
    .orderBy('source.key')
    .orderBy('running.digest')
    .limit(limit)
    .execute();
}

/** Notes that looks at these digests were asked for. */
export async function noteAsked(
  query: Query,
  { clusterId, at }: { readonly clusterId: string; readonly at: number },
  digests: readonly string[],
): Promise<void> {
  await query
    .updateTable('watch_running')
    .set({ asked_at: at })
    .where('cluster_id', '=', clusterId)
    .where('ended_at', 'is', null)
    .where('digest', 'in', digests)
    .execute();
}

/** Marks artifacts of a source as in use: what runs weighs more. */
export async function markInUse(tx: Tx, sourceId: string, digest: string): Promise<void> {
  await tx
    .updateTable('watch_artifact')
    .set({ in_use: 1 })
    .where('content', '=', digest)
    .where('in_use', '=', 0)
    .where('line', 'in', (own) => own.selectFrom('watch_line').select('number').where('source_id', '=', sourceId))
    .execute();
}

/** What runs in a cluster now, with the keys of the sources. */
export async function listRunning(
  query: Query,
  {
    clusterId,
    after,
    limit,
  }: { readonly clusterId: string; readonly after: string | undefined; readonly limit: number },
): Promise<(RunningRow & { key: string | null })[]> {
  return query
    .selectFrom('watch_running as running')
    .leftJoin('watch_source as source', 'source.id', 'running.source_id')
    .selectAll('running')
    .select('source.key')
    .where('running.cluster_id', '=', clusterId)
    .where('running.ended_at', 'is', null)
    .$if(after !== undefined, (select) => select.where('running.id', '>', after ?? ''))
    .orderBy('running.id')
    .limit(limit)
    .execute();
}

/** How many containers run in a cluster, with how many digests, and how many without a known one. */
export async function countRunning(
  query: Query,
  clusterId: string,
): Promise<{ readonly containers: number; readonly digests: number; readonly undigested: number }> {
  const rows = await query
    .selectFrom('watch_running')
    .select('state')
    .select(({ fn }) => [fn.countAll<number>().as('containers'), fn.count<number>('digest').distinct().as('digests')])
    .where('cluster_id', '=', clusterId)
    .where('ended_at', 'is', null)
    .groupBy('state')
    .execute();
  const known = rows.find(({ state }) => state === 'known');
  const containers = rows.reduce((sum, row) => sum + Number(row.containers), 0);
  const undigested = containers - Number(known?.containers ?? 0);
  return { containers, digests: Number(known?.digests ?? 0), undigested };
}

/** In which clusters a source runs. */
export async function listClustersOf(
  query: Query,
  sourceId: string,
): Promise<{ cluster: string; containers: number; digests: number }[]> {
  const rows = await query
    .selectFrom('watch_running as running')
    .innerJoin('watch_cluster as cluster', 'cluster.id', 'running.cluster_id')
    .select('cluster.name as cluster')
    .select(({ fn }) => [
      fn.countAll<number>().as('containers'),
      fn.count<number>('running.digest').distinct().as('digests'),
    ])
    .where('running.source_id', '=', sourceId)
    .where('running.ended_at', 'is', null)
    .where('cluster.removed_at', 'is', null)
    .groupBy('cluster.name')
    .orderBy('cluster.name')
    .execute();
  return rows.map((row) => ({ ...row, containers: Number(row.containers), digests: Number(row.digests) }));
}
