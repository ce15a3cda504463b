/** A collection of 500 modules: read whole by a client, and changed one entry at a time. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { refreshCatalogues } from '../../src/modules/catalogue/refresh.ts';
import { findCatalogue } from '../../src/modules/catalogue/store.ts';
import { withdrawRelease } from '../../src/releases/lifecycle/release.ts';
import { createScene } from '../releases/scene.ts';
import { silentLog } from '../silent-log.ts';
import { openMigratedSqlite } from '../storage/migrated.ts';
import { addModule, keepWaiting, openCollection, publish, readAsClient } from './shop.ts';

test('a catalogue of 500 modules is read whole, and a change of one module signs it once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-many-'));
  const database = await openMigratedSqlite(folder);
  t.after(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });
  const opened = await createScene(database);
  await opened.openServerKey(1);
  const collectionId = await openCollection(opened);
  const quiet = keepWaiting(opened);
  for (let index = 0; index < 500; index++) {
    const slug = `module-${String(index).padStart(4, '0')}`;
    await publish(quiet, { slug, projectId: await addModule(quiet, slug) });
  }
  const parts = { ...opened.dependencies, log: silentLog, published: () => undefined };
  assert.deepEqual(await refreshCatalogues(parts), ['signed']);
  const { catalogue, offered } = await readAsClient(opened);
  assert.equal(offered.length, 500);
  assert.deepEqual([...offered].sort(), offered);
  const withdrawal = { name: { slug: 'module-0250', version: '1.0.0' }, reason: 'broken' };
  await withdrawRelease(opened.dependencies, opened.caller, withdrawal);
  const after = await readAsClient(opened);
  assert.deepEqual([after.offered.length, after.catalogue.version], [499, catalogue.version + 1]);
  assert.equal((await findCatalogue(database.query, collectionId))?.behind_since, null);
});
