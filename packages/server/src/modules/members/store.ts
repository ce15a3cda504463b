/** SQL of modules. */
import type { Insertable, Transaction, Updateable } from 'kysely';
import type { Database, Query } from '../../storage/database.ts';
import { type ListPage, rowsToRead } from '../../storage/pages.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ModuleTable } from '../../storage/tables/modules.ts';
import { holdsText, someTextHolds } from '../../storage/text-search.ts';
import type { ModuleRow } from '../catalogue/store.ts';

/** Stores what a module has beside its project. */
export async function insertModule(tx: Transaction<Schema>, row: Insertable<ModuleTable>): Promise<void> {
  await tx.insertInto('module').values(row).execute();
}

/** Changes what a module has beside its project. */
export async function updateModule(
  tx: Transaction<Schema>,
  projectId: string,
  change: Pick<Updateable<ModuleTable>, 'category' | 'requires_permissions' | 'info_url' | 'trust_level'>,
): Promise<void> {
  if (Object.keys(change).length === 0) return;
  await tx.updateTable('module').set(change).where('project_id', '=', projectId).execute();
}

function selectModules(query: Query, collectionId: string) {
  return query
    .selectFrom('module')
    .innerJoin('project', 'project.id', 'module.project_id')
    .selectAll('project')
    .selectAll('module')
    .where('module.collection_id', '=', collectionId)
    .where('project.deleted_at', 'is', null);
}

/** Which modules are wanted; `after` is the slug of the last one seen. */
export interface ModuleFilter extends ListPage {
  readonly collectionId: string;
}

/** The modules of a collection by slug whose slug or one of whose names holds `search`, deleted ones left out. */
export async function searchModules({ query, engine }: Database, filter: ModuleFilter): Promise<ModuleRow[]> {
  const { collectionId, search, after } = filter;
  let rows = selectModules(query, collectionId).orderBy('project.slug');
  if (search !== undefined) {
    const wanted = { engine, search };
    rows = rows.where(({ or, ref }) =>
      or([holdsText(ref('project.slug'), wanted), someTextHolds(ref('project.name'), wanted)]),
    );
  }
  if (after !== undefined) rows = rows.where('project.slug', '>', after);
  const count = rowsToRead(filter);
  return (count === undefined ? rows : rows.limit(count)).execute();
}

/** The module of that slug, unless it is deleted. */
export async function findModule(query: Query, collectionId: string, slug: string): Promise<ModuleRow | undefined> {
  return selectModules(query, collectionId).where('project.slug', '=', slug).executeTakeFirst();
}

/** Which versions the catalogue offers, by the module's id. */
export async function listOffered(query: Query, collectionId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await query
    .selectFrom('catalogue_entry')
    .innerJoin('release', 'release.id', 'catalogue_entry.release_id')
    .select(['catalogue_entry.module_id', 'release.version'])
    .where('catalogue_entry.collection_id', '=', collectionId)
    .execute();
  return new Map(rows.map(({ module_id, version }) => [module_id, version]));
}
