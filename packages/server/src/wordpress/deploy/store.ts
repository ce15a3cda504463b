/** SQL of deploys. What must not race is in each `where`: a deploy moves from the state that it was seen in, or not at all. */
import type { Selectable, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WordpressDeployTable } from '../../storage/tables/wordpress.ts';

/** A stored deploy. */
export type DeployRow = Selectable<WordpressDeployTable>;
/** The states of deploys. */
export type DeployState = DeployRow['state'];

/** Deploys that are not at their end; there is one for each project and lane. */
export const inFlight: readonly DeployState[] = ['requested', 'preparing', 'awaiting_confirmation', 'committing'];

/** Adds a deploy. Fails on the unique index when one is in flight. */
export async function insertDeploy(query: Query, row: DeployRow): Promise<void> {
  await query.insertInto('wordpress_deploy').values(row).execute();
}

/** The deploy, or undefined. */
export async function findDeploy(query: Query, id: string): Promise<DeployRow | undefined> {
  return query.selectFrom('wordpress_deploy').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The deploys of a project, newest first. */
export async function listDeploys(query: Query, projectId: string, limit: number): Promise<DeployRow[]> {
  return query
    .selectFrom('wordpress_deploy')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Moves a deploy on; undefined when it is in none of the states of `from` any more. */
export async function moveDeploy(
  query: Query,
  id: string,
  { from, change }: { readonly from: readonly DeployState[]; readonly change: Updateable<WordpressDeployTable> },
): Promise<DeployRow | undefined> {
  return query
    .updateTable('wordpress_deploy')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .returningAll()
    .executeTakeFirst();
}

/** Deploys that something is to be done for. */
export async function listUnfinished(
  query: Query,
): Promise<Pick<DeployRow, 'id' | 'organisation_id' | 'state' | 'updated_at'>[]> {
  return query
    .selectFrom('wordpress_deploy')
    .select(['id', 'organisation_id', 'state', 'updated_at'])
    .where('state', 'in', ['requested', 'preparing', 'committing'])
    .orderBy('id')
    .execute();
}

/** The deploy of a project that is in flight, or undefined. */
export async function findInFlight(query: Query, projectId: string): Promise<DeployRow | undefined> {
  return query
    .selectFrom('wordpress_deploy')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('state', 'in', [...inFlight])
    .executeTakeFirst();
}

/** The slug of a deploy's project, deleted or not. */
export async function readProjectSlug(query: Query, projectId: string): Promise<string> {
  const row = await query.selectFrom('project').select('slug').where('id', '=', projectId).executeTakeFirstOrThrow();
  return row.slug;
}
