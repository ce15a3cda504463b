/** The lights of what runs out or falls silent. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { judgeCertificates, judgeCoverage, weighDisk } from '../../src/overview/lights.ts';
import { recordUnanswered } from '../../src/watch/recording/blindness.ts';
import { openDesk } from '../pki/certificates/desk.ts';
import { openPlanesScene } from '../planes-scene.ts';
import { forEachEngine } from '../storage/engines.ts';

const day = 86_400_000;

suite('the lights', () => {
  forEachEngine((_name, open) => {
    test('of certificates turn with the one that ends first', async () => {
      const desk = await openDesk(await open());
      const { organisationId } = desk.caller;
      const judge = () => judgeCertificates(desk.parts.database.query, { organisationId, now: desk.parts.now() });
      const { row } = await desk.issue({ lifetimeMs: 90 * day });
      assert.deepEqual(await judge(), { light: 'green', endsAt: row.not_after, ending: 0 });
      desk.travel(65 * day);
      assert.deepEqual(await judge(), { light: 'yellow', endsAt: row.not_after, ending: 1 });
      desk.travel(20 * day);
      assert.equal((await judge()).light, 'red');
      assert.deepEqual(
        await judgeCertificates(desk.parts.database.query, { organisationId: 'another', now: desk.parts.now() }),
        { light: 'none', endsAt: undefined, ending: 0 },
      );
    });

    test('of the watch tell how many sources answer, and of the disk only administrators of the server', async (t) => {
      const scene = await openPlanesScene(t, { database: await open() });
      const admin = await scene.openPerson(scene.home, 'admin');
      const { organisationId } = scene.home.caller;
      const ids: string[] = [];
      for (const source of ['ghcr.io/org/one', 'ghcr.io/org/two', 'ghcr.io/org/three']) {
        const { json } = await scene.ask('POST', '/api/watch/sources', { as: admin, json: { source } });
        ids.push(String(json.id));
      }
      const { query } = scene.resources.database;
      assert.deepEqual(await judgeCoverage(query, organisationId), { light: 'green', sources: 3, unanswered: 0 });
      const [one = '', two = ''] = ids;
      await recordUnanswered(scene.resources, { organisationId, sourceId: one, reason: 'no answer' });
      assert.deepEqual(await judgeCoverage(query, organisationId), { light: 'yellow', sources: 3, unanswered: 1 });
      await recordUnanswered(scene.resources, { organisationId, sourceId: two, reason: 'no answer' });
      assert.equal((await judgeCoverage(query, organisationId)).light, 'red');
      const elsewhere = await scene.openPerson(scene.other, 'admin');
      const disks = [];
      for (const [prefix, as] of [
        ['', admin],
        ['', await scene.openPerson(scene.home, 'manager')],
        ['/o/other', elsewhere],
      ] as const) {
        disks.push((await scene.ask('GET', `${prefix}/api/status`, { as })).json.disk === null);
      }
      assert.deepEqual(disks, [false, true, true]);
    });
  });

  test('of the disk warns below 2 GiB and is red below 256 MiB', () => {
    assert.deepEqual(
      [3 * 1024 ** 3, 1024 ** 3, 1024 ** 2].map((free) => weighDisk(free).light),
      ['green', 'yellow', 'red'],
    );
  });
});
