/** Keeps catalogues what they should be, in the transactions that change what they show. */
import type { Transaction } from 'kysely';
import { Refusal } from '../../errors.ts';
import type { Catalogues, ProjectAct } from '../../releases/projects/catalogues.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Schema } from '../../storage/schema.ts';
import { findUnreviewed } from '../submissions/store.ts';
import { type CatalogueParts, signCatalogue } from './sign.ts';
import { countModules, findCollectionOf, markBehind, markModule } from './store.ts';

/** What reflects acts on projects in the catalogues that show them. */
export function createCatalogues(parts: CatalogueParts): Catalogues {
  return {
    reflect: async (tx, act) => {
      if (act.project.kind === 'module_collection') await reflectCollection(tx, parts, act);
      if (act.project.kind === 'module') await reflectModule(tx, parts, act);
    },
  };
}

async function reflectCollection(
  tx: Transaction<Schema>,
  parts: CatalogueParts,
  { project: collection, act, at }: ProjectAct,
): Promise<void> {
  if (act === 'deleted') return assertEmpty(tx, collection);
  await markBehind(tx, collection.id, at);
  await signCatalogue(tx, parts, { collection, at });
}

/** Nobody loses modules by deleting what they stand in; the database holds the same for its rows. */
async function assertEmpty(tx: Transaction<Schema>, { id, slug }: ProjectRow): Promise<void> {
  const modules = await countModules(tx, id);
  if (modules === 0) return;
  throw new Refusal('conflict', `the collection ${slug} holds ${modules} ${modules === 1 ? 'module' : 'modules'}`, {
    rule: 'collection-not-empty',
    hint: `signpost module list ${slug}, then signpost module delete each of them`,
  });
}

async function reflectModule(tx: Transaction<Schema>, parts: CatalogueParts, reflected: ProjectAct): Promise<void> {
  const { project, act, at } = reflected;
  const collection = await findCollectionOf(tx, project.id);
  if (!collection) return;
  if (collection.deleted_at !== null) return refuseOrphan(collection, act);
  if (act === 'published') await assertReviewed(tx, project);
  await markModule(tx, project.id);
  await markBehind(tx, collection.id, at);
  // Thousands are renewed one after the other, and say nothing new: they are signed together, see `refreshCatalogues`.
  if (act !== 'renewed') await signCatalogue(tx, parts, { collection, at });
}

/** What an author handed in goes into service after a manager approved it, with nothing put beside it since, however it is activated. */
async function assertReviewed(tx: Transaction<Schema>, { id, slug }: ProjectRow): Promise<void> {
  const version = await findUnreviewed(tx, id);
  if (version === undefined) return;
  throw new Refusal('conflict', `no manager has approved version ${version} of ${slug}, or not every file of it`, {
    rule: 'submission-unreviewed',
    hint: 'signpost module submissions, then signpost module approve',
  });
}

function refuseOrphan({ slug }: ProjectRow, act: ProjectAct['act']): void {
  if (act !== 'restored') return;
  throw new Refusal('conflict', `the collection ${slug} of the module is deleted`, {
    rule: 'collection-deleted',
    hint: `signpost project restore ${slug}`,
  });
}
