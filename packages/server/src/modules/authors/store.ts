/** SQL of authors: who they are, which keys they have, whose a module is. */
import type { Selectable, Transaction, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';

/** A stored author. */
export type AuthorRow = Selectable<Schema['module_author']>;
/** Whose a module is. */
export type OwnershipRow = Selectable<Schema['module_ownership']>;

/** Adds an author. */
export async function insertAuthor(tx: Transaction<Schema>, row: AuthorRow): Promise<void> {
  await tx.insertInto('module_author').values(row).execute();
}

/** The author of that id in the collection. */
export async function findAuthor(query: Query, collectionId: string, id: string): Promise<AuthorRow | undefined> {
  return query
    .selectFrom('module_author')
    .selectAll()
    .where('collection_id', '=', collectionId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The authors of a collection, the first one first. */
export async function listAuthors(query: Query, collectionId: string): Promise<AuthorRow[]> {
  return query
    .selectFrom('module_author')
    .selectAll()
    .where('collection_id', '=', collectionId)
    .orderBy('id')
    .execute();
}

/** Ties a key to its author. */
export async function insertAuthorKey(
  tx: Transaction<Schema>,
  row: Selectable<Schema['module_author_key']>,
): Promise<void> {
  await tx.insertInto('module_author_key').values(row).execute();
}

/** The author whose key this is. */
export async function findAuthorByKey(query: Query, apiKeyId: string): Promise<AuthorRow | undefined> {
  return query
    .selectFrom('module_author_key')
    .innerJoin('module_author', 'module_author.id', 'module_author_key.author_id')
    .selectAll('module_author')
    .where('module_author_key.api_key_id', '=', apiKeyId)
    .executeTakeFirst();
}

/** The keys of the authors of a collection that are not revoked, the first one first. */
export async function listAuthorKeys(query: Query, collectionId: string) {
  return query
    .selectFrom('module_author_key')
    .innerJoin('module_author', 'module_author.id', 'module_author_key.author_id')
    .innerJoin('api_key', 'api_key.id', 'module_author_key.api_key_id')
    .select(['module_author_key.author_id', 'api_key.id', 'api_key.hint', 'api_key.scope'])
    .select(['api_key.created_at', 'api_key.expires_at', 'api_key.last_used_at'])
    .where('module_author.collection_id', '=', collectionId)
    .where('api_key.revoked_at', 'is', null)
    .orderBy('api_key.id')
    .execute();
}

/** The modules of the authors of a collection. */
export async function listOwned(query: Query, collectionId: string) {
  return query
    .selectFrom('module_ownership')
    .innerJoin('project', 'project.id', 'module_ownership.module_id')
    .select(['module_ownership.author_id', 'module_ownership.approved_at', 'project.slug'])
    .where('module_ownership.collection_id', '=', collectionId)
    .where('project.deleted_at', 'is', null)
    .orderBy('project.slug')
    .execute();
}

/** Whose the module is; undefined for one of the vendor. */
export async function findOwnership(query: Query, moduleId: string): Promise<OwnershipRow | undefined> {
  return query.selectFrom('module_ownership').selectAll().where('module_id', '=', moduleId).executeTakeFirst();
}

/** How many modules an author has asked for and none has approved yet. */
export async function countProposed(query: Query, authorId: string): Promise<number> {
  const row = await query
    .selectFrom('module_ownership')
    .innerJoin('project', 'project.id', 'module_ownership.module_id')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('module_ownership.author_id', '=', authorId)
    .where('module_ownership.approved_at', 'is', null)
    .where('project.deleted_at', 'is', null)
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

/** Gives a module to an author, in place of whoever had it. */
export async function replaceOwnership(tx: Transaction<Schema>, row: OwnershipRow): Promise<void> {
  const { module_id: _, ...change } = row;
  await tx
    .insertInto('module_ownership')
    .values(row)
    .onConflict((conflict) => conflict.column('module_id').doUpdateSet(change))
    .execute();
}

/** Makes a module the vendor's own. */
export async function deleteOwnership(tx: Transaction<Schema>, moduleId: string): Promise<void> {
  await tx.deleteFrom('module_ownership').where('module_id', '=', moduleId).execute();
}

/** Notes what an approval says of a module. */
export async function updateOwnership(
  tx: Transaction<Schema>,
  moduleId: string,
  change: Pick<Updateable<Schema['module_ownership']>, 'approved_at' | 'public_key'>,
): Promise<void> {
  await tx.updateTable('module_ownership').set(change).where('module_id', '=', moduleId).execute();
}
