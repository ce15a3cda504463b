/** SQL of collections. */
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';

/** The collections of an organisation with the number of modules in each, deleted ones left out of both. */
export async function listCollections(
  query: Query,
  organisationId: string,
): Promise<(ProjectRow & { readonly modules: number })[]> {
  const rows = await query
    .selectFrom('project as collection')
    .selectAll('collection')
    .select((outer) =>
      outer
        .selectFrom('module')
        .innerJoin('project', 'project.id', 'module.project_id')
        .select(({ fn }) => fn.countAll().as('n'))
        .whereRef('module.collection_id', '=', 'collection.id')
        .where('project.deleted_at', 'is', null)
        .as('modules'),
    )
    .where('collection.organisation_id', '=', organisationId)
    .where('collection.kind', '=', 'module_collection')
    .where('collection.deleted_at', 'is', null)
    .orderBy('collection.slug')
    .execute();
  return rows.map((row) => ({ ...row, modules: Number(row.modules) }));
}
