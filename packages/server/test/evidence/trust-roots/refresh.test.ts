/** Trusted roots by TUF: what arrives, what is refused, and that nothing is lost by it (docs/evidence.md). */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { lightOf } from '../../../src/evidence/trust-roots/light.ts';
import { pauseAfter, requestDueRefreshes, trustRootJobKind } from '../../../src/evidence/trust-roots/schedule.ts';
import { readMetadata } from '../../../src/evidence/trust-roots/store.ts';
import { removeTrustRoot } from '../../../src/evidence/trust-roots/trust-root.ts';
import { createFetch } from '../../../src/http/outgoing/fetch.ts';
import type { Database } from '../../../src/storage/database.ts';
import { dayMs } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { createLog, encodeTrustedRoot, type TufRepository } from './repository.ts';
import { openTrustRootScene, type TrustRootScene } from './scene.ts';

const hourMs = 3_600_000;

forEachEngine((_engine, openDatabase) => {
  let shared: Promise<Database> | undefined;
  const repositories: TufRepository[] = [];
  after(() => {
    for (const repository of repositories) repository.close();
  });
  const openScene = async (choice: Parameters<typeof openTrustRootScene>[1] = {}) => {
    shared ??= openDatabase();
    const scene = await openTrustRootScene(await shared, choice);
    repositories.push(scene.repository);
    return scene;
  };

  test('a trusted root arrives, and another key of a log after it, without a new Signpost', async () => {
    const scene = await openScene();
    await scene.follow();
    const arrived = await scene.refresh();
    assert.equal(arrived.document, scene.first);
    assert.equal(lightOf(arrived, scene.parts.now()).light, 'green');
    assert.equal(arrived.next_check_at, scene.parts.now() + 6 * hourMs);

    scene.travel(dayMs);
    const second = encodeTrustedRoot({ tlogs: [createLog('https://log2.example', scene.parts.now())] });
    scene.repository.publish(second);
    scene.repository.rotateRootKey();
    const rotated = await scene.refresh();
    assert.equal(rotated.document, second);
    assert.equal(rotated.root_version, 2);
    assert.deepEqual(await scene.listActs(), [
      'evidence_root.added success',
      'evidence_root.updated success',
      'evidence_root.updated success',
    ]);
  });

  test('an update that brings nothing new asks for two files and records no act', async () => {
    const scene = await openScene();
    await scene.follow();
    await scene.refresh();
    scene.repository.requests.length = 0;
    const before = await scene.listActs();
    await scene.refresh();
    assert.deepEqual(scene.repository.requests, ['/2.root.json', '/timestamp.json']);
    assert.deepEqual(await scene.listActs(), before);
  });

  test('what is refused leaves the old root in force, is told once, and pauses longer each time', async () => {
    const scene = await openScene();
    await scene.follow();
    await scene.refresh();
    scene.repository.publish('{}', { signTimestamp: false });
    for (const minutes of [5, 10, 20]) {
      await assert.rejects(scene.refresh(), { name: 'TrustError', code: 'bad_signature' });
      const row = await scene.find();
      assert.ok(row);
      assert.equal(row.document, scene.first);
      assert.equal(row.failure_code, 'bad_signature');
      assert.equal(row.next_check_at, scene.parts.now() + minutes * 60_000);
      const { light, reason } = lightOf(row, scene.parts.now());
      assert.deepEqual([light, reason], ['yellow', 'refused']);
    }
    assert.deepEqual((await scene.listActs()).slice(2), ['evidence_root.refused bad_signature']);
    const events = await scene.parts.database.query
      .selectFrom('outbox')
      .select('topic')
      .where('topic', '=', 'evidence_root.refused')
      .execute();
    assert.equal(events.length, 1);

    scene.repository.publish(scene.first);
    const healed = await scene.refresh();
    assert.equal(healed.failures, 0);
    assert.deepEqual(lightOf(healed, scene.parts.now()).light, 'green');
  });

  test('a document that is no trusted root is refused, whoever signed it', async () => {
    const scene = await openScene();
    await scene.follow();
    await scene.refresh();
    scene.repository.publish(encodeTrustedRoot({ tlogs: [{ baseUrl: 'https://log.example' }] }));
    await assert.rejects(scene.refresh(), { code: 'trusted_root_invalid' });
    const row = await scene.find();
    assert.equal(row?.document, scene.first);
  });

  test('an older state of the repository is refused: what was accepted is remembered', async () => {
    const scene = await openScene();
    await scene.follow();
    await scene.refresh();
    scene.repository.publish(scene.first);
    const row = await scene.refresh();
    const metadata = await readMetadata(scene.parts.database.query, row.id);
    assert.deepEqual([...metadata.keys()].sort(), ['root', 'snapshot', 'targets', 'timestamp']);
    scene.repository.serveAgain(1);
    await assert.rejects(scene.refresh(), { code: 'metadata_replayed' });
  });

  test('a repository that is away makes the light yellow, and red once the metadata has expired', async () => {
    const scene = await openScene();
    await scene.follow();
    await scene.refresh();
    scene.repository.failWith = 500;
    scene.travel(dayMs);
    await assert.rejects(scene.refresh(), { code: 'fetch_failed' });
    const row = await scene.find();
    assert.ok(row);
    assert.deepEqual(lightOf(row, scene.parts.now()), {
      light: 'yellow',
      reason: 'unreachable',
      since: scene.parts.now(),
    });
    scene.travel(7 * dayMs);
    assert.deepEqual(lightOf(row, scene.parts.now()), { light: 'red', reason: 'expired', since: row.expires_at });
  });

  test('roots that are due are asked for by a job, one to a root', async () => {
    const scene = await openScene();
    await scene.follow();
    const { parts } = scene;
    assert.ok((await requestDueRefreshes(parts)) >= 1);
    const jobs = await scene.listJobs();
    assert.deepEqual(
      jobs.map(({ kind }) => kind),
      [trustRootJobKind],
    );
    await scene.refresher.run(await describeJob(scene));
    assert.equal((await scene.find())?.document, scene.first);
    await parts.database.query.deleteFrom('job').execute();
    await requestDueRefreshes(parts);
    assert.deepEqual(await scene.listJobs(), []);
    scene.travel(7 * hourMs);
    await requestDueRefreshes(parts);
    assert.equal((await scene.listJobs()).length, 1);
  });

  test('a job for a root that is gone, or that was refused, ends without a second attempt', async () => {
    const scene = await openScene();
    await scene.follow();
    const job = await describeJob(scene);
    scene.repository.failWith = 503;
    await scene.refresher.run(job);
    assert.equal((await scene.find())?.failure_code, 'fetch_failed');
    await removeTrustRoot(scene.parts, scene.caller, 'private');
    await scene.refresher.run(job);
    const metadata = await readMetadata(scene.parts.database.query, String(job.payload.root_id));
    assert.equal(metadata.size, 0);
  });

  test('a server that stops in the middle of a refresh records nothing', async () => {
    const scene = await openScene();
    await scene.follow();
    const before = await scene.find();
    const stopping = AbortSignal.abort(new Error('the worker stops'));
    await assert.rejects(scene.refresher.run({ ...(await describeJob(scene)), signal: stopping }), /the worker stops/);
    assert.deepEqual(await scene.find(), before);
  });

  test('refreshes of one root follow each other, and none overwrites a later one', async () => {
    const scene = await openScene();
    await scene.follow();
    await Promise.all([scene.refresh(), scene.refresh(), scene.refresh()]);
    const row = await scene.find();
    assert.equal(row?.failures, 0);
    assert.equal((await scene.listActs()).length, 2);
  });

  test('a repository that answers slowly, again and again, is left after two minutes', async () => {
    const fetch = createFetch({ addresses: 'any' });
    const scene = await openScene({
      outgoing: (url, bounds) => {
        scene.travel(50_000);
        return fetch(url, bounds);
      },
    });
    await scene.follow();
    await assert.rejects(scene.refresh(), { code: 'fetch_failed' });
    assert.equal(scene.repository.requests.length, 3);
  });

  test('offline, nothing makes a request', async () => {
    const scene = await openScene({ outgoing: undefined });
    await scene.follow();
    await scene.refresher.run(await describeJob(scene));
    await assert.rejects(scene.refresh(), { code: 'unavailable', rule: 'outgoing-off' });
    assert.deepEqual(await scene.listJobs(), []);
    assert.deepEqual(scene.repository.requests, []);
  });
});

async function describeJob(scene: TrustRootScene) {
  const row = await scene.find();
  const { signal } = new AbortController();
  return { payload: { root_id: row?.id }, organisationId: scene.caller.organisationId, signal };
}

test('pauses lie around six hours, and after failures between five minutes and that', () => {
  assert.equal(
    pauseAfter(0, () => 0),
    5.4 * hourMs,
  );
  assert.equal(
    pauseAfter(0, () => 1),
    6.6 * hourMs,
  );
  assert.equal(
    pauseAfter(1, () => 0.5),
    300_000,
  );
  assert.equal(
    pauseAfter(50, () => 0.5),
    6 * hourMs,
  );
});
