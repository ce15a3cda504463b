/** SQL of icons: their files in force, and those that were. */
import type { Insertable, Selectable, Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ModuleIconTable } from '../../storage/tables/modules.ts';

/** A file of an icon. */
export type IconRow = Selectable<ModuleIconTable>;

/** The files in force of a module: none, the picture, or picture and rendition. */
export async function listIconFiles(query: Query, moduleId: string): Promise<IconRow[]> {
  return query
    .selectFrom('module_icon')
    .selectAll()
    .where('module_id', '=', moduleId)
    .where('ended_at', 'is', null)
    .orderBy('part')
    .execute();
}

/** The files in force of every module of a collection. */
export async function listCollectionIcons(query: Query, collectionId: string): Promise<IconRow[]> {
  return query
    .selectFrom('module_icon')
    .innerJoin('module', 'module.project_id', 'module_icon.module_id')
    .selectAll('module_icon')
    .where('module.collection_id', '=', collectionId)
    .where('module_icon.ended_at', 'is', null)
    .orderBy('part')
    .execute();
}

/** The file in force of that digest, of any module of the organisation that is not deleted, with the module's slug. */
export async function findIconFile(
  query: Query,
  organisationId: string,
  sha256: string,
): Promise<(IconRow & { readonly slug: string }) | undefined> {
  return query
    .selectFrom('module_icon')
    .innerJoin('project', 'project.id', 'module_icon.module_id')
    .selectAll('module_icon')
    .select('project.slug')
    .where('module_icon.sha256', '=', sha256)
    .where('module_icon.ended_at', 'is', null)
    .where('project.organisation_id', '=', organisationId)
    .where('project.deleted_at', 'is', null)
    .orderBy('module_icon.id')
    .limit(1)
    .executeTakeFirst();
}

/** Puts the files in force in place of those before. */
export async function replaceIconFiles(
  tx: Transaction<Schema>,
  { moduleId, at }: { readonly moduleId: string; readonly at: number },
  files: readonly Insertable<ModuleIconTable>[],
): Promise<void> {
  await tx
    .updateTable('module_icon')
    .set({ ended_at: at })
    .where('module_id', '=', moduleId)
    .where('ended_at', 'is', null)
    .execute();
  if (files.length > 0) await tx.insertInto('module_icon').values(files).execute();
}
