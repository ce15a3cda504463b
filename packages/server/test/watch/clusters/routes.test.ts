/** Clusters over HTTP: who may register them, what is refused, and what is shown. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { waitUntil } from '../../../../protocol/test/wait-until.ts';
import { listAudit } from '../../../src/audit/store.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { hex } from '../drift/scene.ts';
import { clusterKeys } from './cluster-place.ts';
import { podOf, SmallApiServer } from './small-api-server.ts';

describe('clusters', () => {
  let scene: PlanesScene;
  let admin: Credential;
  let reader: Credential;
  const api = new SmallApiServer(clusterKeys);
  const closers: (() => unknown)[] = [];
  const path = '/api/watch/clusters';
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  before(async () => {
    const url = await api.open();
    closers.push(() => api.close());
    const environment = { SIGNPOST_WATCH_HOSTS: new URL(url).host };
    scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) }, { environment });
    admin = await scene.openKey(scene.home, ['admin']);
    reader = await scene.openKey(scene.home, ['read']);
  });

  const wanted = (differs: Record<string, unknown> = {}) => ({
    ...{ name: 'shop', server: api.url, ca: clusterKeys.ca, credential: { token: api.token } },
    ...differs,
  });
  const post = (json: unknown, as = admin) => scene.ask('POST', path, { as, json });

  test('what is no access is refused whole, without repeating any of it', async () => {
    const { token } = api;
    const pair = { client_certificate: clusterKeys.clientCertificate, client_key: clusterKeys.clientKey };
    for (const differs of [
      { name: 'No Name' },
      { environment: 'No' },
      { server: 'http://127.0.0.1:8080' },
      { server: 'https://user:secret@127.0.0.1' },
      { server: `${api.url}/?x=1` },
      { ca: 'no certificate' },
      { ca: clusterKeys.key },
      { ca: undefined },
      { credential: {} },
      { credential: { token: `${token}\nx: y` } },
      { credential: { ...pair, token } },
      { credential: { ...pair, client_key: clusterKeys.key } },
      { credential: { ...pair, client_certificate: 'none' } },
      { in_cluster: true },
      { insecure: true },
    ]) {
      const refused = await post(wanted(differs));
      assert.equal(refused.status, 400, JSON.stringify(differs));
      assert.doesNotMatch(refused.body.toString(), /token-of-the-watch|PRIVATE|secret/);
    }
    assert.deepEqual((await scene.ask('GET', path, { as: reader })).json, { clusters: [] });
  });

  test('only admins register clusters, and the own one in the default organisation alone', async () => {
    assert.equal((await post(wanted(), reader)).status, 403);
    assert.equal((await post(wanted(), await scene.openKey(scene.home, ['manage']))).status, 403);
    assert.equal((await post(wanted(), {})).status, 401);
    const other = await scene.openKey(scene.other, ['admin']);
    const json = { name: 'own', in_cluster: true };
    const refused = await scene.ask('POST', `/o/other${path}`, { as: other, json });
    assert.deepEqual([refused.status, refused.json.rule], [403, 'watch-in-cluster']);
    const own = await post(json);
    assert.deepEqual([own.status, own.json.kind, own.json.server], [201, 'in-cluster', null]);
    assert.equal((await scene.ask('DELETE', `${path}/${own.json.id}`, { as: admin })).status, 204);
  });

  test('a cluster is followed, and what runs in it is shown with its verdict and in the inventory', async () => {
    const digest = hex('7');
    api.put(podOf('one', { app: ['ghcr.io/org/app:1', `ghcr.io/org/app@sha256:${digest}`] }));
    const made = await post(wanted({ environment: 'production' }));
    assert.deepEqual([made.status, made.json.server, made.json.answered_at], [201, api.url, null]);
    assert.doesNotMatch(made.body.toString(), /token-of-the-watch/);
    assert.equal((await post(wanted())).status, 409);
    scene.resources.following.start();
    await waitUntil('the cluster to be watched', () => api.watching > 0);
    await scene.resources.following.stop();
    const listed = (await scene.ask('GET', path, { as: reader })).json.clusters as Record<string, unknown>[];
    const { name, environment, containers, digests, undigested, unanswered_since: since } = listed[0] ?? {};
    assert.deepEqual(
      [listed.length, name, environment, containers, digests, undigested, since],
      [1, 'shop', 'production', 1, 1, 0, null],
    );
    const id = String(made.json.id);
    assert.equal((await scene.ask('GET', `${path}/${id}`, { as: reader })).json.containers, 1);
    const page = await scene.ask('GET', `${path}/${id}/running`, { as: reader });
    const [row, ...more] = page.json.running as Record<string, unknown>[];
    assert.deepEqual(
      [row?.workload, row?.sha256, row?.source, row?.verdict, row?.drifted, more],
      [...['Pod/one', digest, 'oci:ghcr.io/org/app', 'unknown', false], []],
    );
    const after = await scene.ask('GET', `${path}/${id}/running?after=${row?.id}`, { as: reader });
    assert.deepEqual([page.json.next, after.json], [null, { running: [], next: null }]);
    const inventory = await scene.ask('GET', '/api/watch/inventory', { as: reader });
    const [source] = inventory.json.sources as Record<string, unknown>[];
    assert.deepEqual(source?.running, [{ cluster: 'shop', containers: 1, digests: 1 }]);
  });

  test('another organisation sees none of it, and removing it is on record without the credential', async () => {
    const [cluster] = (await scene.ask('GET', path, { as: reader })).json.clusters as { id: string }[];
    const id = String(cluster?.id);
    const other = await scene.openKey(scene.other, ['admin']);
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/running'],
      ['DELETE', ''],
    ] as const) {
      assert.equal((await scene.ask(method, `/o/other${path}/${id}${rest}`, { as: other })).status, 404);
    }
    assert.equal((await scene.ask('DELETE', `${path}/${id}`, { as: admin })).status, 204);
    assert.equal((await scene.ask('GET', `${path}/${id}/running`, { as: reader })).status, 404);
    const rows = await listAudit(scene.resources.database, { limit: 500 });
    const acts = rows.filter(({ action }) => action.startsWith('watch_cluster.'));
    assert.deepEqual(
      acts.map(({ action }) => action.slice('watch_cluster.'.length)),
      ['added', 'removed', 'added', 'removed'],
    );
    assert.doesNotMatch(JSON.stringify(rows), /token-of-the-watch/);
  });
});
