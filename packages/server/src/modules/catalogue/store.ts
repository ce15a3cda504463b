/** SQL of catalogues: what they show, the entries as they were signed, and what waits. */
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Selectable, Transaction } from 'kysely';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { CatalogueEntryTable, CatalogueTable, ModuleTable } from '../../storage/tables/modules.ts';

/** A stored catalogue. */
export type CatalogueRow = Selectable<CatalogueTable>;
/** A stored entry. */
export type EntryRow = Selectable<CatalogueEntryTable>;
/** A module with its project. */
export type ModuleRow = Selectable<ModuleTable> & ProjectRow;

/** Stores the catalogue of a new collection, of which nothing is signed. */
export async function insertCatalogue(tx: Transaction<Schema>, collectionId: string, at: number): Promise<void> {
  const unsigned = { version: 0, head: null, key_id: null, signature: null, digest: null, size_bytes: 0 };
  const times = { issued_at: 0, expires_at: 0, behind_since: at };
  await tx
    .insertInto('catalogue')
    .values({ collection_id: collectionId, ...unsigned, ...times, trust_digest: null, base: null })
    .execute();
}

/** The catalogue of a collection. */
export async function findCatalogue(query: Query, collectionId: string): Promise<CatalogueRow | undefined> {
  return query.selectFrom('catalogue').selectAll().where('collection_id', '=', collectionId).executeTakeFirst();
}

/** The collection that a module belongs to, deleted or not; undefined for what is no module. */
export async function findCollectionOf(query: Query, projectId: string): Promise<ProjectRow | undefined> {
  return query
    .selectFrom('module')
    .innerJoin('project', 'project.id', 'module.collection_id')
    .selectAll('project')
    .where('module.project_id', '=', projectId)
    .executeTakeFirst();
}

/** How many modules of a collection are not deleted. */
export async function countModules(query: Query, collectionId: string): Promise<number> {
  const row = await query
    .selectFrom('module')
    .innerJoin('project', 'project.id', 'module.project_id')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('module.collection_id', '=', collectionId)
    .where('project.deleted_at', 'is', null)
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

/** Notes that the entry of a module may not be what it should. */
export async function markModule(tx: Transaction<Schema>, projectId: string): Promise<void> {
  await tx.updateTable('module').set({ pending: 1 }).where('project_id', '=', projectId).execute();
}

/** Notes that a catalogue waits to be signed, since the first thing that it waits with. */
export async function markBehind(tx: Transaction<Schema>, collectionId: string, at: number): Promise<void> {
  await tx
    .updateTable('catalogue')
    .set({ behind_since: at })
    .where('collection_id', '=', collectionId)
    .where('behind_since', 'is', null)
    .execute();
}

/** The modules of a collection whose entries may not be what they should, deleted ones too. */
export async function listPendingModules(query: Query, collectionId: string): Promise<ModuleRow[]> {
  return query
    .selectFrom('module')
    .innerJoin('project', 'project.id', 'module.project_id')
    .selectAll('project')
    .selectAll('module')
    .where('module.collection_id', '=', collectionId)
    .where('module.pending', '=', 1)
    .orderBy('project.slug')
    .execute();
}

/** How many entries are read at a time: thousands at once would hold the event loop for as long as they take. */
const entriesAtOnce = 250;

/** The entries of a catalogue as they were signed, in their order. */
export async function listEntries(query: Query, collectionId: string): Promise<EntryRow[]> {
  const entries: EntryRow[] = [];
  for (;;) {
    const rows = await query
      .selectFrom('catalogue_entry')
      .selectAll()
      .where('collection_id', '=', collectionId)
      .where('slug', '>', entries.at(-1)?.slug ?? '')
      .orderBy('slug')
      .limit(entriesAtOnce)
      .execute();
    entries.push(...rows);
    if (rows.length < entriesAtOnce) return entries;
    await giveWay();
  }
}

/** What is to be known of all entries without their texts: whose signatures count, and how long the first of them holds. */
export async function listEntryFacts(query: Query, collectionId: string) {
  return query
    .selectFrom('catalogue_entry')
    .select(['key_ids', ({ fn }) => fn.min('expires_at').as('expires_at'), ({ fn }) => fn.countAll().as('entries')])
    .where('collection_id', '=', collectionId)
    .groupBy('key_ids')
    .execute();
}

/** The slug of an entry whose release may not be offered any more, if there is one. */
export async function findWithdrawnEntry(query: Query, collectionId: string): Promise<string | undefined> {
  const row = await query
    .selectFrom('catalogue_entry')
    .innerJoin('release', 'release.id', 'catalogue_entry.release_id')
    .innerJoin('project', 'project.id', 'catalogue_entry.module_id')
    .select('catalogue_entry.slug')
    .where('catalogue_entry.collection_id', '=', collectionId)
    .where(({ or, eb }) =>
      or([
        eb('release.state', 'not in', ['active', 'superseded']),
        eb('release.deleted_at', 'is not', null),
        eb('project.deleted_at', 'is not', null),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return row?.slug;
}

/** Puts an entry in place of the one before. */
export async function replaceEntry(tx: Transaction<Schema>, row: EntryRow): Promise<void> {
  const { module_id, ...change } = row;
  await tx
    .insertInto('catalogue_entry')
    .values(row)
    .onConflict((conflict) => conflict.column('module_id').doUpdateSet(change))
    .execute();
}

/** Takes an entry out. */
export async function deleteEntry(tx: Transaction<Schema>, moduleId: string): Promise<void> {
  await tx.deleteFrom('catalogue_entry').where('module_id', '=', moduleId).execute();
}

/** Has the entries of modules made again: all, or those whose manifests have ended by then (Unix milliseconds). */
export async function markModules(
  tx: Transaction<Schema>,
  collectionId: string,
  endedBy: number | 'all',
): Promise<void> {
  await tx
    .updateTable('module')
    .set({ pending: 1 })
    .where('collection_id', '=', collectionId)
    .$if(endedBy !== 'all', (modules) =>
      modules.where('project_id', 'in', (entries) =>
        entries
          .selectFrom('catalogue_entry')
          .select('module_id')
          .where('collection_id', '=', collectionId)
          .where('expires_at', '<=', Number(endedBy)),
      ),
    )
    .execute();
}

/** What a signature adds to a catalogue. */
export type SignedColumns = Omit<CatalogueRow, 'collection_id' | 'behind_since'>;

/** Puts a signed catalogue in force if it comes right after the one before; nothing waits then. False when it does not. */
export async function serveCatalogue(
  tx: Transaction<Schema>,
  collectionId: string,
  signed: SignedColumns,
): Promise<boolean> {
  const row = await tx
    .updateTable('catalogue')
    .set({ ...signed, behind_since: null })
    .where('collection_id', '=', collectionId)
    // Here and nowhere else: versions only grow.
    .where('version', '=', signed.version - 1)
    .returning('version')
    .executeTakeFirst();
  await settleModules(tx, collectionId);
  return row !== undefined;
}

/** Notes that nothing waits: all was looked at, and the catalogue says it as it is. */
export async function settleCatalogue(
  tx: Transaction<Schema>,
  collectionId: string,
  under: Pick<SignedColumns, 'trust_digest' | 'base'>,
): Promise<void> {
  await tx
    .updateTable('catalogue')
    .set({ ...under, behind_since: null })
    .where('collection_id', '=', collectionId)
    .execute();
  await settleModules(tx, collectionId);
}

async function settleModules(tx: Transaction<Schema>, collectionId: string): Promise<void> {
  await tx
    .updateTable('module')
    .set({ pending: 0 })
    .where('collection_id', '=', collectionId)
    .where('pending', '=', 1)
    .execute();
}

/** Every catalogue of a collection that is not deleted, of one organisation or all. */
export async function listCatalogues(
  query: Query,
  organisationId?: string,
): Promise<{ collection: ProjectRow; catalogue: CatalogueRow }[]> {
  const rows = await query
    .selectFrom('catalogue')
    .innerJoin('project', 'project.id', 'catalogue.collection_id')
    .selectAll('project')
    .where('project.deleted_at', 'is', null)
    .$if(organisationId !== undefined, (all) => all.where('project.organisation_id', '=', organisationId ?? ''))
    .orderBy('project.id')
    .execute();
  const catalogues = await query.selectFrom('catalogue').selectAll().execute();
  const byId = new Map(catalogues.map((catalogue) => [catalogue.collection_id, catalogue]));
  return rows.flatMap((collection) => {
    const catalogue = byId.get(collection.id);
    return catalogue ? [{ collection, catalogue }] : [];
  });
}

/** What the figures are made of, of every collection that is not deleted. */
export async function listCatalogueFigures(
  query: Query,
): Promise<Pick<CatalogueRow, 'version' | 'issued_at' | 'expires_at' | 'behind_since'>[]> {
  return query
    .selectFrom('catalogue')
    .innerJoin('project', 'project.id', 'catalogue.collection_id')
    .select(['catalogue.version', 'catalogue.issued_at', 'catalogue.expires_at', 'catalogue.behind_since'])
    .where('project.deleted_at', 'is', null)
    .execute();
}

/** The slug of an organisation. */
export async function findOrganisationSlug(query: Query, id: string): Promise<string> {
  const row = await query.selectFrom('organisation').select('slug').where('id', '=', id).executeTakeFirstOrThrow();
  return row.slug;
}
