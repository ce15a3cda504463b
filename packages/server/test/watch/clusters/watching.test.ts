/** Changes in clusters as they come, and who follows a cluster. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../../../../protocol/test/wait-until.ts';
import type { Database } from '../../../src/storage/database.ts';
import { readCluster } from '../../../src/watch/clusters/cluster.ts';
import { createFollowing } from '../../../src/watch/clusters/following.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { hex } from '../drift/scene.ts';
import { contentOf } from '../recording/desk.ts';
import { type ClusterPlaces, openClusterPlaces } from './cluster-place.ts';
import { podOf } from './small-api-server.ts';

const app = 'ghcr.io/org/app';

forEachEngine((_, open) => {
  let database: Database;
  let places: ClusterPlaces;
  before(async () => {
    database = await open();
    places = await openClusterPlaces(database);
  });
  after(() => places.close());

  test('changes are taken as they come, until all has to be listed again', async () => {
    const place = await places.open({ roundMs: 60_000 });
    place.api.put(podOf('one', { app: [`${app}:1`, `${app}@sha256:${contentOf(3)}`] }));
    const followed = place.follow();
    await waitUntil('what was told', () => place.api.watching === 1);
    const names = async () => (await place.listed()).map(({ row }) => `${row.workload} ${row.reference} ${row.state}`);
    const two = podOf('two', { web: ['nginx:1'] });
    place.api.put(two);
    await waitUntil('what was told', async () => (await names()).includes('Pod/two nginx:1 waiting'));
    place.api.put(podOf('two', { web: ['nginx:1', `nginx@sha256:${hex('f')}`] }));
    await waitUntil(
      'what was told',
      async () => (await names()).join() === `Pod/one ${app}:1 known,Pod/two nginx:1 known`,
    );
    const requested = () => place.requestsOf('oci:docker.io/library/nginx');
    await waitUntil('what runs to be asked for', async () => (await requested())?.length === 1);
    assert.deepEqual(await requested(), [{ label: '', content: hex('f') }]);
    place.api.remove('one');
    await waitUntil('what was told', async () => (await names()).join() === 'Pod/two nginx:1 known');
    // A stream that ends is taken up again from the last version that it named.
    place.api.tell({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '4711' } } });
    place.api.endWatches();
    await waitUntil('what was told', () => place.api.requests.some((one) => one.includes('resourceVersion=4711')));
    await waitUntil('what was told', () => place.api.watching === 1);
    place.api.tell({ type: 'ERROR', object: { code: 410 } });
    assert.deepEqual(await followed, { kind: 'followed' });
  });

  test('a stream that tells of what is no event is left, and all is listed again', async () => {
    const place = await places.open({ roundMs: 60_000 });
    for (const text of ['{', '{"type":"ADDED","object":{}}', '{"type":"ERROR","object":{"code":500}}']) {
      const followed = place.follow();
      await waitUntil('the cluster to be watched', () => place.api.watching > 0);
      place.api.tell(`${text}\n`);
      assert.deepEqual(await followed, { kind: 'broken' });
      await waitUntil('the watch to end', () => place.api.watching === 0);
    }
  });

  test('two servers follow a cluster one at a time, and one that stops gives it back', async () => {
    const place = await places.open({ roundMs: 60_000 });
    // Others of this database are at rest.
    await database.query
      .updateTable('watch_cluster')
      .set({ due_at: Number.MAX_SAFE_INTEGER })
      .where('id', '!=', place.cluster.id)
      .execute();
    const [one, two] = [
      createFollowing({ ...place.parts, random: () => 0 }),
      createFollowing({ ...place.parts, random: () => 0 }),
    ];
    one.start();
    await waitUntil('the cluster to be watched', () => place.api.watching > 0);
    two.start();
    await two.stop();
    assert.equal(place.api.watching, 1);
    await one.stop();
    await waitUntil('the watch to end', () => place.api.watching === 0);
    const row = await readCluster(place.parts, place.desk.caller.organisationId, place.cluster.id);
    assert.deepEqual([row.lease_until, row.due_at], [null, place.desk.now()]);
    place.api.failure = { status: 500 };
    const three = createFollowing({ ...place.parts, random: () => 0 });
    await three.drain();
    const later = await readCluster(place.parts, place.desk.caller.organisationId, place.cluster.id);
    assert.deepEqual([later.failures, later.due_at], [1, place.desk.now() + 60_000]);
  });
});
