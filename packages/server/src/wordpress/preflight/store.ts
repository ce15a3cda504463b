/** SQL of the pre-flight. What must not race is in each `where`: a run moves from the state that it was seen in, or not at all. */
import type { Selectable, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WordpressPreflightSettingsTable, WordpressPreflightTable } from '../../storage/tables/wordpress.ts';

/** A stored run. */
export type PreflightRow = Selectable<WordpressPreflightTable>;
/** The states of runs. */
export type PreflightState = PreflightRow['state'];

/** Runs that are not at their end; there is one for each release. */
export const openStates: readonly PreflightState[] = ['waiting', 'running'];

/** Adds a run. Fails on the unique index when one is open. */
export async function insertRun(query: Query, row: PreflightRow): Promise<void> {
  await query.insertInto('wordpress_preflight').values(row).execute();
}

/** The run, or undefined. */
export async function findRun(query: Query, id: string): Promise<PreflightRow | undefined> {
  return query.selectFrom('wordpress_preflight').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The newest run of a release that was not cancelled, or else the newest; undefined when there is none. */
export async function findReport(query: Query, releaseId: string): Promise<PreflightRow | undefined> {
  const rows = await query
    .selectFrom('wordpress_preflight')
    .selectAll()
    .where('release_id', '=', releaseId)
    .orderBy('id', 'desc')
    .execute();
  return rows.find(({ state }) => state !== 'cancelled') ?? rows[0];
}

/** Moves a run on; undefined when it is in none of the states of `from` any more. */
export async function moveRun(
  query: Query,
  id: string,
  { from, change }: { readonly from: readonly PreflightState[]; readonly change: Updateable<WordpressPreflightTable> },
): Promise<PreflightRow | undefined> {
  return query
    .updateTable('wordpress_preflight')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .returningAll()
    .executeTakeFirst();
}

/** Runs that something is to be done for. */
export async function listOpenRuns(query: Query): Promise<Pick<PreflightRow, 'id' | 'organisation_id'>[]> {
  return query
    .selectFrom('wordpress_preflight')
    .select(['id', 'organisation_id'])
    .where('state', 'in', [...openStates])
    .orderBy('id')
    .execute();
}

/** Removes the ended runs of a release but the newest `keep` of them. */
export async function pruneRuns(query: Query, releaseId: string, keep: number): Promise<void> {
  const rows = await query
    .selectFrom('wordpress_preflight')
    .select('id')
    .where('release_id', '=', releaseId)
    .where('ended_at', 'is not', null)
    .orderBy('id', 'desc')
    .execute();
  const old = rows.slice(keep).map(({ id }) => id);
  if (old.length > 0) await query.deleteFrom('wordpress_preflight').where('id', 'in', old).execute();
}

/** Project, release and main file of a run, deleted or not. */
export async function readRunNames(
  query: Query,
  row: PreflightRow,
): Promise<{ readonly slug: string; readonly version: string; readonly sha256: string }> {
  return query
    .selectFrom('artifact')
    .innerJoin('release', 'release.id', 'artifact.release_id')
    .innerJoin('project', 'project.id', 'release.project_id')
    .select(['project.slug', 'release.version', 'artifact.sha256'])
    .where('artifact.id', '=', row.artifact_id)
    .executeTakeFirstOrThrow();
}

/** What a project asks for, or undefined. */
export async function findSettings(
  query: Query,
  projectId: string,
): Promise<Selectable<WordpressPreflightSettingsTable> | undefined> {
  return query
    .selectFrom('wordpress_preflight_settings')
    .selectAll()
    .where('project_id', '=', projectId)
    .executeTakeFirst();
}

/** Sets what a project asks for, in place of what it asked for before. */
export async function replaceSettings(query: Query, row: Selectable<WordpressPreflightSettingsTable>): Promise<void> {
  const { project_id: _, ...change } = row;
  await query
    .insertInto('wordpress_preflight_settings')
    .values(row)
    .onConflict((conflict) => conflict.column('project_id').doUpdateSet(change))
    .execute();
}
