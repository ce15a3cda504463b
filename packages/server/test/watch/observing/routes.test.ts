/** Asking for looks over HTTP: builds and registries say that something happened, never what. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { listAudit } from '../../../src/audit/store.ts';
import { createObserving } from '../../../src/watch/observing/scheduler.ts';
import { listRequests } from '../../../src/watch/observing/store.ts';
import { findSchedule } from '../../../src/watch/recording/store.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { silentLog } from '../../silent-log.ts';
import { hex } from '../drift/scene.ts';
import { away, listingOf, readAll, ScriptedReader } from './scripted-reader.ts';

describe('asking for a look', () => {
  let scene: PlanesScene;
  let key: Credential;
  let reader: Credential;
  let source = '';
  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  before(async () => {
    scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) });
    key = await scene.openKey(scene.home, ['manage']);
    reader = await scene.openKey(scene.home, ['read']);
    const made = await scene.ask('POST', '/api/watch/sources', { as: key, json: { source: 'ghcr.io/org/app' } });
    source = String(made.json.id);
  });

  const takeRequests = async () => {
    const requests = await listRequests(scene.resources.database.query, source, Number.MAX_SAFE_INTEGER);
    await scene.resources.database.query.deleteFrom('watch_request').execute();
    return requests;
  };

  test('a build has what it published looked at, before what is merely due', async () => {
    const digest = `sha256:${hex('a')}`;
    const json = { reference: `GHCR.io/org/app:1.2.3@${digest}` };
    const asked = await scene.ask('POST', '/api/watch/observe', { as: reader, json });
    assert.deepEqual([asked.status, asked.json.state, asked.json.id], [202, 'waiting', source]);
    assert.deepEqual(await takeRequests(), [{ label: '1.2.3', content: hex('a') }]);
    const schedule = await findSchedule(scene.resources.database.query, source);
    assert.ok((schedule?.due_at ?? 0) <= scene.resources.now() - 3_600_000);
  });

  test('it can wait for the look, and hears when the source did not answer', async () => {
    const scripted = new ScriptedReader();
    const { database, now } = scene.resources;
    const parts = { database, now, log: silentLog, random: () => 0, readers: readAll(scripted) };
    const json = { reference: 'ghcr.io/org/app', wait_seconds: 30 };
    for (const [listing, state, reason] of [
      [listingOf([1]), 'observed', null],
      [away, 'unanswered', 'status 503'],
    ] as const) {
      scripted.listing = listing;
      // The clock of the scene stands still.
      await database.query.updateTable('watch_schedule').set({ looked_at: null, due_at: 0 }).execute();
      const answer = scene.ask('POST', '/api/watch/observe', { as: key, json });
      const observing = createObserving(parts);
      while ((await listRequests(database.query, source, Number.MAX_SAFE_INTEGER)).length === 0) {
        await new Promise(setImmediate);
      }
      await observing.drain();
      assert.deepEqual((await answer).json, { id: source, source: 'oci:ghcr.io/org/app', state, reason });
    }
    await takeRequests();
  });

  test('what is not watched, malformed, or too much is refused', async () => {
    for (const [reference, status] of [
      ['ghcr.io/org/unwatched', 404],
      ['ghcr.io/Org/app', 400],
    ] as const) {
      assert.equal((await scene.ask('POST', '/api/watch/observe', { as: key, json: { reference } })).status, status);
    }
    const viewer = await scene.openPerson(scene.home, 'viewer');
    const json = { reference: 'ghcr.io/org/app' };
    assert.equal((await scene.ask('POST', '/api/watch/observe', { as: viewer, json })).status, 403);
    const other = await scene.openKey(scene.other, ['manage']);
    assert.equal((await scene.ask('POST', '/o/other/api/watch/observe', { as: other, json })).status, 404);
    const busy = await scene.openKey(scene.home, ['manage']);
    const statuses = new Set<number>();
    for (let count = 0; count < 121; count += 1) {
      statuses.add((await scene.ask('POST', '/api/watch/observe', { as: busy, json: { reference: 'a/b' } })).status);
    }
    assert.deepEqual([...statuses], [404, 429]);
  });

  test('a registry tells what was pushed, and only what is watched is looked at', async () => {
    const host = 'registry.internal:5000';
    const target = { repository: 'org/app', mediaType: 'application/vnd.oci.image.manifest.v1+json' };
    const events = [
      { action: 'push', target: { ...target, tag: '2.0.0', digest: `sha256:${hex('1')}` }, request: { host } },
      { action: 'push', target: { ...target, tag: '2.0.0', digest: `sha256:${hex('2')}` }, request: { host } },
      { action: 'push', target: { ...target, tag: `sha256-${hex('3')}.sig` }, request: { host } },
      { action: 'push', target: { ...target, digest: `sha256:${hex('4')}` }, request: { host } },
      { action: 'push', target: { repository: 'org/app', mediaType: 'application/octet-stream' }, request: { host } },
      { action: 'pull', target: { ...target, tag: '1.0.0' }, request: { host } },
      { action: 'push', target: { ...target, repository: 'org/other', tag: '1' }, request: { host } },
    ];
    const send = (query: string, body: string, as = reader) =>
      scene.ask('POST', `/api/watch/notifications/registry${query}`, {
        ...{ as, body, headers: { 'content-type': 'application/vnd.docker.distribution.events.v1+json' } },
      });
    const elsewhere = await send('', JSON.stringify({ events }));
    assert.deepEqual([elsewhere.status, elsewhere.json], [202, { asked: 0, passed_over: 4 }]);
    const here = await send('?registry=ghcr.io', JSON.stringify({ events }));
    assert.deepEqual([here.status, here.json], [202, { asked: 3, passed_over: 1 }]);
    const rows = await listAudit(scene.resources.database, { action: 'watch_source.asked', limit: 100 });
    assert.equal(JSON.parse(String(rows.at(-1)?.detail)).count, 3);
    assert.ok(!rows.slice(0, -1).some(({ detail }) => String(detail).includes('2.0.0')));
    assert.deepEqual(
      (await takeRequests()).sort((left, right) => (left.label < right.label ? -1 : 1)).map(({ label }) => label),
      ['', '', '2.0.0'],
    );
    for (const body of ['{', '{"events":[{}]}', '[]']) assert.equal((await send('', body)).status, 400);
    assert.equal((await send('', JSON.stringify({ events }), {})).status, 401);
  });

  test('shows when a source was looked at, and since when it does not answer', async () => {
    const { json } = await scene.ask('GET', `/api/watch/sources/${source}`, { as: reader });
    const look = json.look as Record<string, unknown>;
    assert.equal(look.unanswered_reason, 'status 503');
    assert.ok(look.unanswered_since && look.last && look.next);
  });
});
