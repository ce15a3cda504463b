/** A collection with modules, for tests of catalogues: real database, vault and keys. */
import {
  type VerifiedCatalogue,
  type VerifiedCatalogueEntry,
  verifyCatalogue,
  verifyCatalogueEntry,
} from '@signpost/protocol/updates/verify-catalogue';
import { readServedCatalogue } from '../../src/modules/catalogue/publication.ts';
import { createCollection } from '../../src/modules/collections/collection.ts';
import { createModule, type ModuleFacts } from '../../src/modules/members/module.ts';
import { activateRelease } from '../../src/releases/lifecycle/activation.ts';
import { readTrustInForce } from '../../src/trust/trust-lists.ts';
import { addDraft, type Scene } from '../releases/scene.ts';
import { silentLog } from '../silent-log.ts';

/** What acts in an organisation: a scene, or the parts of a server. */
type Shop = Pick<Scene, 'dependencies' | 'caller'>;

/** The same, whose modules wait for one signature at the end, as renewed manifests do. */
export function keepWaiting({ dependencies, caller }: Shop): Shop {
  const { catalogues } = dependencies;
  const reflect: typeof catalogues.reflect = (tx, act) =>
    catalogues.reflect(tx, act.project.kind === 'module' ? { ...act, act: 'renewed' } : act);
  return { caller, dependencies: { ...dependencies, catalogues: { reflect } } };
}

/** Makes the collection `addons`. */
export async function openCollection({ dependencies, caller }: Shop): Promise<string> {
  const texts = { name: { en: 'Add-ons', de: 'Erweiterungen' }, description: {}, primaryLocale: 'en' };
  return (await createCollection(dependencies, caller, { slug: 'addons', catalogueDays: 14, ...texts })).id;
}

/** Makes a module of it, without a release. */
export async function addModule(
  { dependencies, caller }: Shop,
  slug: string,
  facts: Partial<ModuleFacts> = {},
): Promise<string> {
  const row = await createModule(dependencies, caller, {
    collection: 'addons',
    project: {
      ...{ slug, name: { en: slug }, description: { en: 'Adds something.' }, primaryLocale: 'en' },
      ...{ acceptedTypes: ['zip'], scan: 'off', manifestDays: 30 },
    },
    facts: { category: {}, requiresPermissions: ['files.read'], infoUrl: undefined, trustLevel: 'verified', ...facts },
  });
  return row.project_id;
}

/** Puts a version of a module into service. */
export async function publish(
  scene: Shop,
  { slug, projectId, version = '1.0.0', channel = 'stable' }: PublishWish,
): Promise<void> {
  await addDraft(scene, { projectId, version, channel });
  await activateRelease(scene.dependencies, scene.caller, { slug, version });
}

interface PublishWish {
  readonly slug: string;
  readonly projectId: string;
  readonly version?: string;
  readonly channel?: string;
}

/** What is served, as a client accepts it: the whole, and each entry. */
export async function readAsClient(scene: Scene): Promise<{
  catalogue: VerifiedCatalogue;
  entries: readonly VerifiedCatalogueEntry[];
  /** The modules offered, with their versions. */
  offered: readonly string[];
}> {
  const { dependencies, caller } = scene;
  const { database, now, baseUrl = '' } = dependencies;
  const served = await readServedCatalogue({ ...dependencies, log: silentLog }, caller.organisationId, 'addons');
  const trust = await readTrustInForce(database.query, caller.organisationId);
  if (!trust) throw new Error('expected a trust list');
  const catalogue = await verifyCatalogue(served.body, { trust, collection: 'addons', now: now() });
  const context = { trust, collection: 'addons', now: now(), bases: [baseUrl] };
  const entries = await Promise.all(catalogue.entries.map((entry) => verifyCatalogueEntry(entry, context)));
  return { catalogue, entries, offered: entries.map(({ slug, currentVersion }) => `${slug} ${currentVersion}`) };
}
