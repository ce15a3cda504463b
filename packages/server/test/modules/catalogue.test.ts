/** The catalogue is what is in service, signed, in the transaction that changes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { verifyAuditChain } from '../../src/audit/store.ts';
import { examineCatalogues } from '../../src/doctor/catalogues.ts';
import { createCatalogues } from '../../src/modules/catalogue/keeper.ts';
import { registerCatalogueMetrics } from '../../src/modules/catalogue/metrics.ts';
import { refreshCatalogues as refreshAll } from '../../src/modules/catalogue/refresh.ts';
import type { CatalogueParts } from '../../src/modules/catalogue/sign.ts';
import { findCatalogue, markBehind } from '../../src/modules/catalogue/store.ts';
import { createCollection } from '../../src/modules/collections/collection.ts';
import { changeModule } from '../../src/modules/members/module.ts';
import { refreshManifests } from '../../src/releases/lifecycle/refresh.ts';
import { deleteRelease, quarantineRelease, withdrawRelease } from '../../src/releases/lifecycle/release.ts';
import { changeProject, deleteProject, restoreProject } from '../../src/releases/projects/project.ts';
import type { Database } from '../../src/storage/database.ts';
import { violationOf } from '../../src/storage/violation.ts';
import { activateSigningKey, createSigningKey } from '../../src/trust/signing-keys.ts';
import { importTrustList } from '../../src/trust/trust-lists.ts';
import { createScene, dayMs, type Scene, trustKey } from '../releases/scene.ts';
import { silentLog } from '../silent-log.ts';
import { forEachEngine } from '../storage/engines.ts';
import { masterPassword } from '../vault/opened-vault.ts';
import { addModule, openCollection, publish, readAsClient } from './shop.ts';

async function openShop(database: Database): Promise<Scene & { readonly collectionId: string }> {
  const scene = await createScene(database);
  await scene.openServerKey(1);
  return { ...scene, collectionId: await openCollection(scene) };
}

function refreshCatalogues(parts: CatalogueParts) {
  return refreshAll({ ...parts, log: silentLog, published: () => undefined });
}

function withdraw({ dependencies, caller }: Scene, slug: string, version = '1.0.0') {
  return withdrawRelease(dependencies, caller, { name: { slug, version }, reason: 'broken' });
}

async function listEvents({ dependencies }: Scene, topic: string): Promise<Record<string, unknown>[]> {
  const { query } = dependencies.database;
  const rows = await query.selectFrom('outbox').select('payload').where('topic', '=', topic).orderBy('id').execute();
  return rows.map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
}

forEachEngine((_engine, open) => {
  test('a module comes into the catalogue with its activation, and a beta changes nothing', async () => {
    const scene = await openShop(await open());
    assert.deepEqual((await readAsClient(scene)).offered, []);
    const projectId = await addModule(scene, 'maps', { infoUrl: 'https://maps.example/', category: { en: 'Tools' } });
    await publish(scene, { slug: 'maps', projectId });
    const { catalogue, entries, offered } = await readAsClient(scene);
    assert.deepEqual(offered, ['maps 1.0.0']);
    assert.deepEqual(catalogue.collection.name, { en: 'Add-ons', de: 'Erweiterungen' });
    const [entry] = entries;
    assert.deepEqual([entry?.trustLevel, entry?.infoUrl], ['verified', 'https://maps.example/']);
    assert.equal(entry?.downloadUrl, '/maps/1.0.0/app-1.0.0.zip');
    await publish(scene, { slug: 'maps', projectId, version: '2.0.0-beta', channel: 'beta' });
    assert.equal((await readAsClient(scene)).catalogue.version, catalogue.version);
    await publish(scene, { slug: 'maps', projectId, version: '1.1.0' });
    const after = await readAsClient(scene);
    assert.deepEqual([after.offered, after.catalogue.version], [['maps 1.1.0'], catalogue.version + 1]);
    const events = await listEvents(scene, 'catalogue.updated');
    const { version, digest } = after.catalogue;
    assert.deepEqual(events.at(-1), { collection: 'addons', version, sha256: digest, modules: 1 });
    await verifyAuditChain(scene.dependencies.database);
  });

  test('the figures tell of catalogues that wait, end and have ended', async () => {
    const scene = await openShop(await open());
    const { dependencies } = scene;
    let { now: later } = dependencies;
    const registry = new Registry();
    registerCatalogueMetrics(registry, { ...dependencies, now: () => later() });
    const read = async (name: string) => {
      const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
      return Object.fromEntries(values.map(({ labels, value }) => [labels.state ?? 'all', value]));
    };
    assert.deepEqual(await read('signpost_catalogues'), { current: 1, behind: 0, expired: 0, unsigned: 0 });
    assert.deepEqual(await read('signpost_catalogue_versions_total'), { all: 1 });
    await addModule(scene, 'maps');
    await dependencies.database.transaction((tx) => markBehind(tx, scene.collectionId, dependencies.now()));
    later = () => dependencies.now() + 7 * dayMs;
    assert.deepEqual(await read('signpost_catalogues'), { current: 0, behind: 1, expired: 0, unsigned: 0 });
    assert.deepEqual(await read('signpost_catalogue_behind_seconds'), { all: (7 * dayMs) / 1000 });
    assert.deepEqual(await read('signpost_catalogue_life_left_ratio'), { all: 0.5 });
    later = () => dependencies.now() + 15 * dayMs;
    assert.deepEqual(await read('signpost_catalogues'), { current: 0, behind: 0, expired: 1, unsigned: 0 });
    assert.deepEqual(await read('signpost_catalogue_life_left_ratio'), { all: 0 });
  });

  test('what is withdrawn, quarantined or deleted is gone from the catalogue in the same transaction', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller } = scene;
    for (const slug of ['maps', 'news', 'tags'])
      await publish(scene, { slug, projectId: await addModule(scene, slug) });
    await withdraw(scene, 'maps');
    assert.deepEqual((await readAsClient(scene)).offered, ['news 1.0.0', 'tags 1.0.0']);
    await quarantineRelease(dependencies, caller, { name: { slug: 'news', version: '1.0.0' }, reason: 'malware' });
    assert.deepEqual((await readAsClient(scene)).offered, ['tags 1.0.0']);
    await deleteProject(dependencies, caller, 'tags');
    assert.deepEqual((await readAsClient(scene)).offered, []);
    await restoreProject(dependencies, caller, 'tags');
    assert.deepEqual((await readAsClient(scene)).offered, ['tags 1.0.0']);
  });

  test('what fails after the catalogue was signed leaves release and catalogue as they were', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller } = scene;
    const projectId = await addModule(scene, 'maps');
    await publish(scene, { slug: 'maps', projectId });
    const before = await readAsClient(scene);
    const catalogues: typeof dependencies.catalogues = {
      reflect: async (tx, act) => {
        await dependencies.catalogues.reflect(tx, act);
        throw new Error('the power went');
      },
    };
    const withdrawal = { name: { slug: 'maps', version: '1.0.0' }, reason: 'broken' };
    await assert.rejects(withdrawRelease({ ...dependencies, catalogues }, caller, withdrawal), /power/);
    const after = await readAsClient(scene);
    assert.deepEqual([after.offered, after.catalogue.digest], [before.offered, before.catalogue.digest]);
  });

  test('what a module says of itself changes its entry, what nothing changes makes no version', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller } = scene;
    await publish(scene, { slug: 'maps', projectId: await addModule(scene, 'maps') });
    const name = { collection: 'addons', slug: 'maps' };
    const change = { project: { name: { en: 'Maps', de: 'Karten' } }, facts: { trustLevel: 'official' } } as const;
    await changeModule(dependencies, caller, { name, change });
    const { entries, catalogue } = await readAsClient(scene);
    assert.deepEqual([entries[0]?.name, entries[0]?.trustLevel], [{ en: 'Maps', de: 'Karten' }, 'official']);
    await changeModule(dependencies, caller, { name, change });
    await changeProject(dependencies, caller, { slug: 'maps', change: { manifestDays: 60 } });
    assert.equal((await readAsClient(scene)).catalogue.version, catalogue.version);
    await changeProject(dependencies, caller, { slug: 'addons', change: { name: { en: 'Extras' } } });
    const renamed = (await readAsClient(scene)).catalogue;
    assert.deepEqual([renamed.collection.name, renamed.version], [{ en: 'Extras' }, catalogue.version + 1]);
    const refused = { name, change: { project: {}, facts: { infoUrl: 'javascript:alert(1)' } } };
    await assert.rejects(changeModule(dependencies, caller, refused), { rule: 'module-info-url' });
    const permissions = { name, change: { project: {}, facts: { requiresPermissions: ['a b'] } } };
    await assert.rejects(changeModule(dependencies, caller, permissions), { rule: 'module-permissions' });
  });

  test('while the vault is locked the catalogue waits, and nothing withdrawn is offered meanwhile', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller, collectionId } = scene;
    const { database, vault } = dependencies;
    for (const slug of ['maps', 'news']) await publish(scene, { slug, projectId: await addModule(scene, slug) });
    const { catalogue } = await readAsClient(scene);
    vault.lock();
    const name = { collection: 'addons', slug: 'maps' };
    await changeModule(dependencies, caller, { name, change: { project: { name: { en: 'Maps' } }, facts: {} } });
    assert.equal((await readAsClient(scene)).catalogue.digest, catalogue.digest);
    assert.notEqual((await findCatalogue(database.query, collectionId))?.behind_since, null);
    await withdraw(scene, 'news');
    await assert.rejects(readAsClient(scene), { rule: 'catalogue-withheld', code: 'unavailable' });
    const examined = await examineCatalogues({ ...dependencies, log: silentLog } as never, caller.organisationId);
    assert.deepEqual(
      examined.map(({ code }) => code),
      ['catalogue-not-served'],
    );
    assert.deepEqual(await refreshCatalogues(dependencies), ['unsigned']);
    await vault.unlock(masterPassword);
    assert.deepEqual(await refreshCatalogues(dependencies), ['signed']);
    const after = await readAsClient(scene);
    assert.deepEqual([after.offered, after.entries[0]?.name], [['maps 1.0.0'], { en: 'Maps' }]);
    assert.deepEqual(await refreshCatalogues(dependencies), ['fresh']);
  });

  test('a superseded release that is quarantined or deleted while an old catalogue names it is not offered', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller } = scene;
    const projectId = await addModule(scene, 'maps');
    await publish(scene, { slug: 'maps', projectId });
    // Nobody told the catalogue of the next version: as when its key was not to be had.
    const silent = { ...dependencies, catalogues: { reflect: async () => undefined } };
    await publish({ ...scene, dependencies: silent }, { slug: 'maps', projectId, version: '1.1.0' });
    assert.deepEqual((await readAsClient(scene)).offered, ['maps 1.0.0']);
    await deleteRelease(silent, caller, { slug: 'maps', version: '1.0.0' });
    await assert.rejects(readAsClient(scene), { rule: 'catalogue-withheld' });
  });

  test('a catalogue is signed anew at half of its life, with the manifests that were signed anew before', async () => {
    const scene = await openShop(await open());
    const { dependencies } = scene;
    await publish(scene, { slug: 'maps', projectId: await addModule(scene, 'maps') });
    const before = await readAsClient(scene);
    scene.travel(6 * dayMs);
    assert.deepEqual(await refreshCatalogues(dependencies), ['fresh']);
    scene.travel(2 * dayMs);
    assert.deepEqual(await refreshCatalogues(dependencies), ['signed']);
    scene.travel(8 * dayMs);
    await refreshManifests(dependencies);
    assert.deepEqual(await refreshCatalogues(dependencies), ['signed']);
    const after = await readAsClient(scene);
    assert.equal(after.catalogue.version, before.catalogue.version + 2);
    assert.equal(after.entries[0]?.manifest.counter, 2);
  });

  test('a key for the collection alone signs the catalogue, and without one it waits', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const module = await scene.openServerKey(1, 'project:maps');
    await openCollection(scene);
    const projectId = await addModule(scene, 'maps');
    await publish(scene, { slug: 'maps', projectId });
    await assert.rejects(readAsClient(scene), { rule: 'no-catalogue' });
    const row = await createSigningKey(dependencies, caller, { scope: 'collection:addons', label: 'catalogue' });
    const key = trustKey({ keyId: row.key_id, pubkeyB64: row.pubkey_b64 }, { scope: 'collection:addons' });
    await importTrustList(dependencies, caller, await scene.signList({ version: 2, keys: [module, key] }));
    await activateSigningKey(dependencies, caller, row.key_id);
    await refreshCatalogues(dependencies);
    const { catalogue, offered } = await readAsClient(scene);
    assert.deepEqual([offered, catalogue.keyId], [['maps 1.0.0'], row.key_id]);
    await importTrustList(dependencies, caller, await scene.signList({ version: 3, keys: [key] }));
    await assert.rejects(readAsClient(scene), { rule: 'catalogue-withheld' });
    await refreshCatalogues(dependencies);
    assert.deepEqual((await readAsClient(scene)).offered, []);
  });

  test('a raised epoch of the collection lets clients over a version that a stolen key drove up', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller } = scene;
    const { database } = dependencies;
    const { key_id, pubkey_b64 } = await database.query.selectFrom('signing_key').selectAll().executeTakeFirstOrThrow();
    const keys = [trustKey({ keyId: key_id, pubkeyB64: pubkey_b64 })];
    const projects = [{ project: 'addons', approvals: 0, counterEpoch: 2 }];
    await importTrustList(dependencies, caller, await scene.signList({ version: 2, keys, projects }));
    await assert.rejects(readAsClient(scene), { rule: 'catalogue-unverifiable' });
    await refreshCatalogues(dependencies);
    assert.equal((await readAsClient(scene)).catalogue.counterEpoch, 2);
  });

  test('entries are made again where the server has another address than before', async () => {
    const scene = await openShop(await open());
    await publish(scene, { slug: 'maps', projectId: await addModule(scene, 'maps') });
    const moved = { ...scene.dependencies, baseUrl: 'https://releases.example' };
    assert.deepEqual(await refreshCatalogues(moved), ['signed']);
    const { entries } = await readAsClient({
      ...scene,
      dependencies: { ...moved, catalogues: createCatalogues(moved) },
    });
    assert.equal(entries[0]?.downloadUrl, 'https://releases.example/maps/1.0.0/app-1.0.0.zip');
  });

  test('a collection with modules is not deleted, by people or by statement, and no module returns to a deleted one', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller, collectionId } = scene;
    const { database } = dependencies;
    const projectId = await addModule(scene, 'maps');
    await assert.rejects(deleteProject(dependencies, caller, 'addons'), {
      code: 'conflict',
      rule: 'collection-not-empty',
      message: 'the collection addons holds 1 module',
    });
    const erase = database.transaction(async (tx) => {
      await tx.deleteFrom('catalogue').where('collection_id', '=', collectionId).execute();
      await tx.deleteFrom('project').where('id', '=', collectionId).execute();
    });
    await assert.rejects(erase, (error) => violationOf(error) === 'foreign_key');
    const adopt = database.query.updateTable('module').set({ collection_id: projectId }).execute();
    await assert.rejects(adopt, (error) => violationOf(error) === 'check');
    await deleteProject(dependencies, caller, 'maps');
    await deleteProject(dependencies, caller, 'addons');
    await assert.rejects(restoreProject(dependencies, caller, 'maps'), { rule: 'collection-deleted' });
    await assert.rejects(readAsClient(scene), { code: 'not_found' });
  });

  test('a slug is taken once, whatever it stands for', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller } = scene;
    await addModule(scene, 'maps');
    await assert.rejects(addModule(scene, 'maps'), { rule: 'slug-taken' });
    const texts = { name: { en: 'x' }, description: {}, primaryLocale: 'en' };
    const again = createCollection(dependencies, caller, { slug: 'addons', catalogueDays: 1, ...texts });
    await assert.rejects(again, { rule: 'slug-taken' });
  });
});
