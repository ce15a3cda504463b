/** SQL of projects. */
import type { Insertable, Selectable, Transaction, Updateable } from 'kysely';
import type { Database, Query } from '../../storage/database.ts';
import { type ListPage, rowsToRead } from '../../storage/pages.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ProjectTable } from '../../storage/tables/releases.ts';
import { holdsText, someTextHolds } from '../../storage/text-search.ts';

/** A stored project. */
export type ProjectRow = Selectable<ProjectTable>;

/** The project with that slug, deleted or not. */
export async function findProject(query: Query, organisationId: string, slug: string): Promise<ProjectRow | undefined> {
  return query
    .selectFrom('project')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('slug', '=', slug)
    .executeTakeFirst();
}

/** All projects of an organisation by slug, deleted ones too. */
export async function listProjects(query: Query, organisationId: string): Promise<ProjectRow[]> {
  return query
    .selectFrom('project')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('slug')
    .execute();
}

/** Which projects are wanted; `after` is the slug of the last one seen. */
export interface ProjectFilter extends ListPage {
  readonly organisationId: string;
  readonly kind?: ProjectRow['kind'] | undefined;
  /** Those for which something was signed, or all. */
  readonly isSigned?: boolean;
}

/** Projects by slug, deleted ones too, whose slug or one of whose names holds `search`. */
export async function searchProjects({ query, engine }: Database, filter: ProjectFilter): Promise<ProjectRow[]> {
  const { organisationId, kind, isSigned = false, search, after } = filter;
  let rows = query.selectFrom('project').selectAll().where('organisation_id', '=', organisationId).orderBy('slug');
  if (kind !== undefined) rows = rows.where('kind', '=', kind);
  if (isSigned) rows = rows.where('counter', '>', 0);
  if (search !== undefined) {
    const wanted = { engine, search };
    rows = rows.where(({ or, ref }) => or([holdsText(ref('slug'), wanted), someTextHolds(ref('name'), wanted)]));
  }
  if (after !== undefined) rows = rows.where('slug', '>', after);
  const count = rowsToRead(filter);
  return (count === undefined ? rows : rows.limit(count)).execute();
}

/** Stores a new project. */
export async function insertProject(tx: Transaction<Schema>, row: Insertable<ProjectTable>): Promise<void> {
  await tx.insertInto('project').values(row).execute();
}

/** Changes a project; returns the new row. */
export async function updateProject(
  tx: Transaction<Schema>,
  id: string,
  change: Omit<Updateable<ProjectTable>, 'id' | 'counter' | 'organisation_id'>,
): Promise<ProjectRow> {
  return tx.updateTable('project').set(change).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
}

/** Takes the next counter of a project. The statement alone decides, so that two callers never get the same. */
export async function takeCounter(tx: Transaction<Schema>, projectId: string): Promise<number> {
  const row = await tx
    .updateTable('project')
    .set(({ eb }) => ({ counter: eb('counter', '+', 1) }))
    .where('id', '=', projectId)
    .returning('counter')
    .executeTakeFirstOrThrow();
  return row.counter;
}
