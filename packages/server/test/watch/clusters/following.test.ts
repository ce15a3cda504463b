/** Clusters followed: what runs there is kept, watched and looked at by its digest; and what cannot be seen is told. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listAudit } from '../../../src/audit/store.ts';
import type { Database } from '../../../src/storage/database.ts';
import { addCluster, readCluster, removeCluster } from '../../../src/watch/clusters/cluster.ts';
import { type FollowParts, followCluster } from '../../../src/watch/clusters/follow.ts';
import { updateCluster } from '../../../src/watch/clusters/store.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import { addSource, removeSource } from '../../../src/watch/sources/source.ts';
import { listSources } from '../../../src/watch/sources/store.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { hex, hour, keyless, stranger } from '../drift/scene.ts';
import { contentOf } from '../recording/desk.ts';
import { type ClusterPlace, type ClusterPlaces, clusterKeys, never, openClusterPlaces } from './cluster-place.ts';
import { createClusterKeys, podOf, type SmallApiServer } from './small-api-server.ts';

const app = 'ghcr.io/org/app';

forEachEngine((_, open) => {
  let database: Database;
  let places: ClusterPlaces;
  before(async () => {
    database = await open();
    places = await openClusterPlaces(database);
  });
  after(() => places.close());

  test('what runs is watched, and exactly its digest is looked at', async () => {
    const place = await places.open();
    const digest = hex('e');
    place.api.put(podOf('one', { app: [`${app}:1.0.3`, `${app}@sha256:${contentOf(3)}`] }));
    place.api.put(podOf('two', { web: ['nginx:1', `docker-pullable://nginx@sha256:${digest}`] }));
    place.api.put(podOf('three', { web: ['stuck.example/app:1'], own: ['local/build:1', `sha256:${digest}`] }));
    assert.deepEqual(await place.follow(), { kind: 'followed' });
    const rows = (await place.listed()).map(({ row, key, verdict }) => [
      row.workload,
      row.container,
      row.state,
      key,
      verdict.outcome,
    ]);
    assert.deepEqual(rows, [
      ['Pod/one', 'app', 'known', `oci:${app}`, 'ok'],
      ['Pod/two', 'web', 'known', 'oci:docker.io/library/nginx', 'unknown'],
      ['Pod/three', 'web', 'waiting', null, 'unknown'],
      ['Pod/three', 'own', 'image-id', 'oci:docker.io/local/build', 'unknown'],
    ]);
    // Known bytes are not asked for again, what has not started brings in no source.
    assert.deepEqual(await place.requestsOf(`oci:${app}`), []);
    assert.deepEqual(await place.requestsOf('oci:docker.io/library/nginx'), [{ label: '', content: digest }]);
    assert.equal(await place.requestsOf('oci:stuck.example/app'), undefined);
    const told = await listAudit(database, { organisationId: place.desk.caller.organisationId, limit: 500 });
    assert.equal(told.filter(({ action }) => action === 'watch_source.asked').length, 1);
    await place.follow();
    const again = await listAudit(database, { organisationId: place.desk.caller.organisationId, limit: 500 });
    assert.equal(again.length, told.length, 'a second list of the same says nothing new');
  });

  test('what runs weighs more, shows its findings, and that its tag leads elsewhere by now', async () => {
    const place = await places.open();
    const { desk } = place;
    await desk.see(4, { signatures: [keyless(stranger)] }, { tag: '1.0', version: '1.0.4' });
    place.api.put(podOf('one', { app: [`${app}:1.0`, `${app}@sha256:${contentOf(4)}`] }));
    await place.follow();
    const [before] = await place.listed();
    assert.deepEqual([before?.verdict.outcome, before?.tagContent], ['deny', contentOf(4)]);
    assert.ok(Object.values(before?.open ?? {}).some((count) => count > 0));
    const inUse = await database.query
      .selectFrom('watch_artifact')
      .select(['content', 'in_use'])
      .where('content', '=', contentOf(4))
      .where('line', 'in', (own) =>
        own.selectFrom('watch_line').select('number').where('source_id', '=', desk.source.id),
      )
      .executeTakeFirst();
    assert.equal(inUse?.in_use, 1);
    await desk.see(5, {}, { tag: '1.0', version: '1.0.5' });
    const [moved] = await place.listed();
    assert.deepEqual([moved?.row.digest, moved?.tagContent], [contentOf(4), contentOf(5)]);
  });

  test('what runs no more has ended, and runs again when it is back', async () => {
    const place = await places.open();
    const pod = podOf('one', { app: [`${app}:1.0.3`, `${app}@sha256:${contentOf(3)}`] });
    place.api.put(pod);
    await place.follow();
    const [first] = await place.listed();
    place.api.remove('one');
    place.desk.goTo(11);
    await place.follow();
    assert.deepEqual(await place.listed(), []);
    place.api.put(pod);
    place.desk.goTo(12);
    await place.follow();
    const [again] = await place.listed();
    assert.deepEqual([again?.row.id, again?.row.first_seen_at], [first?.row.id, first?.row.first_seen_at]);
    place.api.remove('one');
    for (const onDay of [13, 110]) {
      place.desk.goTo(onDay);
      await place.follow();
    }
    const left = await database.query
      .selectFrom('watch_running')
      .select('id')
      .where('cluster_id', '=', place.cluster.id)
      .execute();
    assert.deepEqual(left, [], 'what ended long ago is forgotten');
  });

  test('long lists are read in pages, and once more when they expire', async () => {
    const place = await places.open();
    for (let index = 0; index < 260; index += 1)
      place.api.put(podOf(`p${index}`, { a: ['nginx', `nginx@sha256:${hex('b')}`] }));
    await place.follow();
    assert.equal(place.api.requests.filter((one) => one.includes('limit=250')).length, 2);
    assert.equal((await place.listed()).length, 100);
    const list = place.api.requests.length;
    // The history is forgotten between the two pages.
    place.api.asked = (text) => {
      if (text.includes('continue=') && place.api.requests.length === list + 2) place.api.forget();
    };
    assert.deepEqual(await place.follow(), { kind: 'followed' });
    assert.equal(place.api.requests.length - list, 4);
  });

  test('over a limit nothing is silent: it is a finding, which ends when there is room', async () => {
    const place = await places.open({ mostRows: 2, mostSources: 1 });
    for (const name of ['a', 'b', 'c']) place.api.put(podOf(name, { x: [name, `${name}@sha256:${hex(name)}`] }));
    await place.follow();
    assert.equal((await place.listed()).length, 2);
    const { organisationId } = place.desk.caller;
    assert.equal((await listSources(database.query, { organisationId, limit: 9 })).length, 2);
    assert.deepEqual(await place.findings(), ['baseline.quota medium open']);
    place.api.remove('b');
    place.api.remove('c');
    await place.follow();
    assert.deepEqual(await place.findings(), ['baseline.quota medium resolved']);
  });

  test('a cluster that has more than fits into memory is read as far as it does, and told', async () => {
    const place = await places.open({ maxKeptBytes: 5_000 });
    for (let index = 0; index < 40; index += 1) place.api.put(podOf(`p${index}`, { x: ['a', `a@sha256:${hex('a')}`] }));
    assert.deepEqual(await place.follow(), { kind: 'followed' });
    const kept = (await place.listed()).length;
    assert.ok(kept > 3 && kept < 20, `${kept} are kept`);
    assert.deepEqual(await place.findings(), ['baseline.quota medium open']);
  });

  test('a pod that cannot be read keeps no other from being seen, and is told', async () => {
    const place = await places.open();
    place.api.put(podOf('one', { app: [app, `${app}@sha256:${contentOf(3)}`] }));
    place.api.put(podOf('odd', { app: [`${app}:${'a'.repeat(1100)}`, ''] }));
    assert.deepEqual(await place.follow(), { kind: 'followed' });
    assert.deepEqual(
      (await place.listed()).map(({ row }) => row.workload),
      ['Pod/one'],
    );
    assert.deepEqual(await place.findings(), ['baseline.quota medium open']);
    place.api.remove('odd');
    await place.follow();
    assert.deepEqual(await place.findings(), ['baseline.quota medium resolved']);
  });

  test('a source that a person removed is not brought back', async () => {
    const place = await places.open();
    const { caller } = place.desk;
    const request = { reference: 'nginx', rules: learningPresets.usual, isDevelopment: false };
    const source = await addSource(place.parts, caller, request);
    await removeSource(place.parts, caller, source.id);
    place.api.put(podOf('one', { a: ['nginx', `nginx@sha256:${hex('b')}`] }));
    await place.follow();
    const [row] = await place.listed();
    assert.deepEqual([row?.key, row?.verdict.reasons[0]?.code], [null, 'source.unwatched']);
  });

  describe('a cluster that does not answer', () => {
    const list = { kind: 'PodList', metadata: { resourceVersion: '1' }, items: [{}] };
    const cases: readonly (readonly [name: string, RegExp, SmallApiServer['failure'], Partial<FollowParts>?])[] = [
      ['forbids it', /answered 403: the credential must be allowed/, { status: 403 }],
      ['knows nobody', /answered 401/, { status: 401 }],
      ['fails', /answered 503/, { status: 503 }],
      ['leads elsewhere', /answered 302/, { status: 302, headers: { location: '/x' } }],
      ['answers with no JSON', /no list of pods/, { status: 200, body: '{' }],
      ['answers with another list', /no list of pods/, { status: 200, body: '{"kind":"NodeList"}' }],
      ['lists no pods', /listed what is no pod/, { status: 200, body: JSON.stringify(list) }],
      ['is at an address that nobody listed', /SIGNPOST_WATCH_HOSTS/, undefined, { privateHosts: new Set() }],
      ['may not be asked', /SIGNPOST_OUTGOING is off/, undefined, { isOff: true }],
    ];
    for (const [name, reason, failure, differs] of cases) {
      test(`because it ${name}: unknown, and nothing has ended`, async () => {
        const place = await shared();
        place.api.failure = undefined;
        place.api.put(podOf('one', { app: [app, `${app}@sha256:${contentOf(3)}`] }));
        await place.follow();
        place.api.failure = failure;
        const failed = await followCluster({ ...place.parts, ...differs }, place.cluster, never);
        assert.equal(failed.kind, 'unanswered');
        const row = await readCluster(place.parts, place.desk.caller.organisationId, place.cluster.id);
        assert.match(row.unknown_reason ?? '', reason);
        assert.ok(!row.unknown_reason?.includes(place.api.token));
        assert.equal((await place.listed()).length, 1);
      });
    }

    let one: Promise<ClusterPlace> | undefined;
    const shared = () => {
      one ??= places.open();
      return one;
    };

    test('since another authority vouches for it: nothing is sent', async () => {
      const place = await places.open();
      const access = { ...place.access, ca: createClusterKeys().ca };
      const cluster = await addCluster(place.parts, place.desk.caller, {
        name: 'false',
        access,
        environment: undefined,
      });
      assert.equal((await followCluster(place.parts, cluster, never)).kind, 'unanswered');
      const row = await readCluster(place.parts, place.desk.caller.organisationId, cluster.id);
      assert.match(row.unknown_reason ?? '', /UNABLE_TO_VERIFY|SELF_SIGNED|signature/i);
      assert.deepEqual(place.api.requests, []);
    });

    test('for longer is a finding that gets worse, and over when it answers', async () => {
      const place = await places.open();
      place.api.failure = { status: 403 };
      await place.follow();
      assert.deepEqual(await place.findings(), []);
      for (const [onDay, finding] of [
        [10 + hour / (24 * hour), 'observation.blind low open'],
        [11.5, 'observation.blind medium open'],
        [18, 'observation.blind high open'],
      ] as const) {
        place.desk.goTo(onDay);
        await place.follow();
        assert.deepEqual(await place.findings(), [finding]);
      }
      place.api.failure = undefined;
      await place.follow();
      assert.deepEqual(await place.findings(), ['observation.blind high resolved']);
    });
  });

  test('a client certificate shows who asks as well as a token', async () => {
    const place = await places.open();
    const credential = {
      kind: 'certificate',
      certificate: clusterKeys.clientCertificate,
      key: clusterKeys.clientKey,
    } as const;
    const access = { ...place.access, credential };
    const cluster = await addCluster(place.parts, place.desk.caller, {
      name: 'by-certificate',
      access,
      environment: undefined,
    });
    assert.equal((await followCluster(place.parts, cluster, never)).kind, 'followed');
    assert.ok(!JSON.stringify(cluster).includes('PRIVATE'));
  });

  test('in a cluster the files of the service account are read each time', async () => {
    const place = await places.open();
    const { hostname, port } = new URL(place.api.url);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const cluster = await addCluster(place.parts, place.desk.caller, {
      name: 'own',
      access: undefined,
      environment: undefined,
    });
    const parts = { ...place.parts, environment };
    const reason = async (with_: FollowParts) => {
      await followCluster(with_, cluster, never);
      return (await readCluster(parts, place.desk.caller.organisationId, cluster.id)).unknown_reason;
    };
    assert.match((await reason(place.parts)) ?? '', /KUBERNETES_SERVICE_HOST is not set/);
    await rm(join(places.folder, 'token'), { force: true });
    assert.match((await reason(parts)) ?? '', /the file token .* cannot be read/);
    await writeFile(join(places.folder, 'ca.crt'), clusterKeys.ca);
    await writeFile(join(places.folder, 'token'), 'an-old-token');
    assert.match((await reason(parts)) ?? '', /answered 401/);
    await writeFile(join(places.folder, 'token'), `${place.api.token}\n`);
    assert.equal(await reason(parts), null);
  });

  test('what is removed is forgotten, credential and findings too', async () => {
    const place = await places.open();
    const { caller } = place.desk;
    place.api.put(podOf('one', { app: [app, `${app}@sha256:${contentOf(3)}`] }));
    await place.follow();
    await assert.rejects(
      addCluster(place.parts, caller, { name: 'shop', access: place.access, environment: undefined }),
      { code: 'conflict', rule: 'watch-cluster' },
    );
    place.api.failure = { status: 500 };
    await place.follow();
    place.desk.goTo(12);
    await place.follow();
    await removeCluster(place.parts, caller, place.cluster.id);
    assert.deepEqual(await place.findings(), ['observation.blind medium resolved']);
    assert.deepEqual(await place.listed(), []);
    const row = await database.query
      .selectFrom('watch_cluster')
      .selectAll()
      .where('id', '=', place.cluster.id)
      .executeTakeFirst();
    assert.equal(row?.sealed_credential, null);
    await assert.rejects(removeCluster(place.parts, caller, place.cluster.id), { code: 'not_found' });
    await addCluster(place.parts, caller, { name: 'shop', access: place.access, environment: undefined });
  });

  test('while the vault is locked nothing is asked, which is told', async () => {
    const place = await places.open();
    places.vault.lock();
    try {
      await place.follow();
    } finally {
      await places.vault.unlock('a long master password');
    }
    const row = await readCluster(place.parts, place.desk.caller.organisationId, place.cluster.id);
    assert.match(row.unknown_reason ?? '', /unlocked vault/);
    assert.deepEqual(place.api.requests, []);
    await database.transaction((tx) => updateCluster(tx, place.cluster.id, { due_at: Number.MAX_SAFE_INTEGER }));
  });
});
