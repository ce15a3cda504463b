/** SQL of the pictures of plugins' pages: what the repository is to hold, by name. */
import type { Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WordpressAssetTable, WordpressShownAssetTable } from '../../storage/tables/wordpress.ts';

/** A picture that is staged, or a name that is to be deleted. */
export type AssetRow = Selectable<WordpressAssetTable>;

/** The pictures of a plugin by name. */
export async function listAssets(query: Query, projectId: string): Promise<AssetRow[]> {
  return query.selectFrom('wordpress_asset').selectAll().where('project_id', '=', projectId).orderBy('name').execute();
}

/** Sets what becomes of a name, in place of what was said before. */
export async function replaceAsset(query: Query, row: AssetRow): Promise<void> {
  const { project_id: _project, name: _name, ...change } = row;
  await query
    .insertInto('wordpress_asset')
    .values(row)
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doUpdateSet(change))
    .execute();
}

/** Takes a name out of what is staged; false when it was not. */
export async function deleteAsset(query: Query, projectId: string, name: string): Promise<boolean> {
  const row = await query
    .deleteFrom('wordpress_asset')
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .returning('name')
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes what a revision brought to the repository: pictures as they are still, and deletions, which are done with. */
export async function settleAssets(
  query: Query,
  projectId: string,
  { revision, changes }: { readonly revision: number; readonly changes: readonly AssetChange[] },
): Promise<void> {
  for (const { name, shown } of changes) {
    if (shown === null) {
      await query
        .deleteFrom('wordpress_asset')
        .where('project_id', '=', projectId)
        .where('name', '=', name)
        .where('sha256', 'is', null)
        .execute();
      continue;
    }
    await query
      .updateTable('wordpress_asset')
      .set({ deployed_revision: revision })
      .where('project_id', '=', projectId)
      .where('name', '=', name)
      .where('sha256', '=', shown.sha256)
      .execute();
  }
}

/** What strangers see of a name from now on; null: nothing. */
export interface AssetChange {
  readonly name: string;
  readonly shown: Pick<ShownAssetRow, 'media_type' | 'sha256' | 'size_bytes'> | null;
}

/** A picture as strangers see it. */
export type ShownAssetRow = Selectable<WordpressShownAssetTable>;

/** The pictures of a plugin that strangers see, by name. */
export async function listShownAssets(query: Query, projectId: string): Promise<ShownAssetRow[]> {
  return query
    .selectFrom('wordpress_shown_asset')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('name')
    .execute();
}

/** Shows what was confirmed. */
export async function showAssets(query: Query, projectId: string, changes: readonly AssetChange[]): Promise<void> {
  for (const { name, shown } of changes) {
    if (shown === null) {
      await query
        .deleteFrom('wordpress_shown_asset')
        .where('project_id', '=', projectId)
        .where('name', '=', name)
        .execute();
      continue;
    }
    await query
      .insertInto('wordpress_shown_asset')
      .values({ project_id: projectId, name, ...shown })
      .onConflict((conflict) => conflict.columns(['project_id', 'name']).doUpdateSet(shown))
      .execute();
  }
}
