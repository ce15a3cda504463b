/** The log through a restore: nothing that was logged is taken back, and no second history is ever signed under one key. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listAudit } from '../../../src/audit/store.ts';
import { type DatabaseLocation, openDatabase } from '../../../src/storage/database/open.ts';
import type { Database } from '../../../src/storage/database.ts';
import { migrate } from '../../../src/storage/migrations/migrate.ts';
import { loadContent } from '../../../src/storage/portable/load.ts';
import { openSnapshot } from '../../../src/storage/portable/snapshot.ts';
import { appendAll, type Loggable } from '../../../src/trust/log/append.ts';
import { carryLogs } from '../../../src/trust/log/carry.ts';
import { listLogs, listRun } from '../../../src/trust/log/store.ts';
import { readServedTile } from '../../../src/trust/log/tiles.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { createScene, type Scene } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

forEachEngine((_engine, _open, locate) => {
  test('a restored state goes on with all that the state before it had logged', async (t) => {
    const { current, staged, scene } = await openStates(t, locate);
    const parts = { staged, current, now: scene.dependencies.now };
    await appendLists(current, scene, [4, 300]);
    await carryLogs(parts);
    await appendLists(current, scene, [301, 310]);
    await carryLogs(parts);
    await carryLogs(parts);
    assert.deepEqual(await listLogs(staged.query), await listLogs(current.query));
    await appendLists(staged, scene, [311, 311]);
    const [log] = await listLogs(staged.query);
    assert.deepEqual([log?.size, log?.checkpoint_size, log?.ended_at], [311, 311, null]);
    assert.ok(log && (await readServedTile(staged.query, log, { level: 1, index: 0, width: 1 })));
  });

  test('a state that nobody can compare with what was logged since begins a log of its own, and says so', async (t) => {
    const { staged, scene } = await openStates(t, locate);
    await carryLogs({ staged, current: undefined, now: scene.dependencies.now });
    const [row] = await listAudit(staged, { action: 'log.ended', limit: 1 });
    assert.deepEqual(JSON.parse(row?.detail ?? '{}').reason, 'restored');
    await openLog({ ...scene.dependencies, database: staged, baseUrl: 'https://updates.example.com' });
    const [old, next] = await listLogs(staged.query);
    assert.ok(old && next);
    assert.notEqual(old.ended_at, null);
    assert.deepEqual([next.origin, next.size], [`updates.example.com/log/${next.id}`, 0]);
    assert.ok(next.id >= 2 && next.id < 1_000_000_000);
    assert.notEqual(next.pubkey_b64, old.pubkey_b64);
  });

  test('two histories of one log are not joined', async (t) => {
    const { current, staged, scene } = await openStates(t, locate);
    await appendLists(current, scene, [4, 4]);
    await appendLists(staged, scene, [5, 6]);
    const [before] = await listLogs(staged.query);
    await carryLogs({ staged, current, now: scene.dependencies.now });
    const [after] = await listLogs(staged.query);
    assert.deepEqual(after, { ...before, ended_at: scene.dependencies.now() });
    assert.equal((await listRun(staged.query, { log: 1, start: 0, count: 9 })).length, 5);
  });
});

/** A state with three entries in its log, and the same state restored. */
async function openStates(t: TestContext, locate: () => Promise<DatabaseLocation>) {
  const location = await locate();
  const current = await openEmpty(t, location);
  await migrate(current);
  const scene = await createScene(current);
  await openLog({ ...scene.dependencies, baseUrl: 'https://updates.example.com' });
  await appendLists(current, scene, [1, 3]);
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const snapshot = await openSnapshot(location, folder);
  const staged = await openEmpty(t, await locate());
  await loadContent(staged, snapshot).finally(() => snapshot.close());
  return { current, staged, scene };
}

async function openEmpty(t: TestContext, location: DatabaseLocation): Promise<Database> {
  const database = await openDatabase(location, { create: true });
  t.after(() => database.close());
  return database;
}

async function appendLists(database: Database, { dependencies, caller }: Scene, [from, to]: [number, number]) {
  const loggables = Array.from({ length: to - from + 1 }, (_, index): Loggable => {
    const version = from + index;
    const entry = {
      type: 'trust-list',
      trustVersion: version,
      sha256: version.toString(16).padStart(64, '0'),
    } as const;
    return { organisationId: caller.organisationId, entry };
  });
  await appendAll({ ...dependencies, database }, loggables);
}
