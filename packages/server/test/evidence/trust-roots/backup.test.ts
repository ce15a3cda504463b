/** A trusted root in a backup: what was accepted is in force where it is restored, and what is older is refused there too. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TrustRootRefresher } from '../../../src/evidence/trust-roots/refresh.ts';
import { findTrustRoot } from '../../../src/evidence/trust-roots/store.ts';
import { openDatabase } from '../../../src/storage/database/open.ts';
import { migrate } from '../../../src/storage/migrations/migrate.ts';
import { loadContent } from '../../../src/storage/portable/load.ts';
import { openSnapshot } from '../../../src/storage/portable/snapshot.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { openTrustRootScene } from './scene.ts';

forEachEngine((_engine, _open, locate) => {
  test('a trusted root and its memory go from SQLite to here', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const source = { dataDir: folder, databaseUrl: undefined };
    const database = await openDatabase(source, { create: true });
    t.after(() => database.close());
    await migrate(database);
    const scene = await openTrustRootScene(database);
    t.after(() => scene.repository.close());
    await scene.follow();
    await scene.refresh();
    scene.repository.publish(scene.first);
    await scene.refresh();

    const snapshot = await openSnapshot(source, folder);
    t.after(() => snapshot.close());
    const target = await openDatabase(await locate(), { create: true });
    t.after(() => target.close());
    await loadContent(target, snapshot);
    const { organisationId } = scene.caller;
    assert.deepEqual(await findTrustRoot(target.query, organisationId, 'private'), await scene.find());
    scene.repository.serveAgain(1);
    const refresher = new TrustRootRefresher({ ...scene.parts, database: target });
    await assert.rejects(refresher.refresh(scene.caller, 'private'), { code: 'metadata_replayed' });
  });
});
