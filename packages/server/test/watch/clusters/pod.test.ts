/** What runs, as pods and runtimes say it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseImageId } from '../../../src/watch/clusters/image-id.ts';
import { parsePod } from '../../../src/watch/clusters/pod.ts';
import { RunningPods } from '../../../src/watch/clusters/running-pods.ts';
import { hex } from '../drift/scene.ts';
import { podOf } from './small-api-server.ts';

const digest = hex('a');

test('a digest of a registry is found however the runtime spells it', () => {
  for (const text of [
    `docker-pullable://ghcr.io/org/app@sha256:${digest}`,
    `ghcr.io/org/app@sha256:${digest}`,
    `GHCR.io/org/app:1.2@sha256:${digest}`,
  ]) {
    assert.deepEqual(parseImageId(text), { kind: 'known', digest, repository: 'ghcr.io/org/app' });
  }
  for (const text of [`docker.io/library/nginx@sha256:${digest}`, `docker-pullable://nginx@sha256:${digest}`]) {
    assert.deepEqual(parseImageId(text), { kind: 'known', digest, repository: 'docker.io/library/nginx' });
  }
});

test('an id of an image is no digest of a registry, nothing is not started, and the rest says nothing', () => {
  for (const text of [`sha256:${digest}`, digest, `docker://sha256:${digest}`]) {
    assert.deepEqual(parseImageId(text), { kind: 'image-id' });
  }
  assert.deepEqual(parseImageId(''), { kind: 'waiting' });
  for (const text of [
    'ghcr.io/org/app',
    'ghcr.io/org/app:1',
    `a@sha512:${digest}`,
    `a@sha256:${hex('G')}`,
    'Not An Image',
    'x'.repeat(3000),
  ]) {
    assert.deepEqual(parseImageId(text), { kind: 'untold' });
  }
});

test('whatever a runtime says is one of the four', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.string(), fc.string()).map((all) => all.join('@sha256:')),
      ),
      (text) => {
        const { kind } = parseImageId(text);
        return ['known', 'waiting', 'image-id', 'untold'].includes(kind);
      },
    ),
  );
});

test('containers of all kinds and what is mounted are found, under where the runtime has them from', () => {
  const pod = podOf('one', {
    main: ['mirror.example/app:1', `ghcr.io/org/app@sha256:${digest}`],
    side: ['nginx', `sha256:${digest}`],
  });
  pod.spec = {
    ...(pod.spec as object),
    initContainers: [{ name: 'init', image: 'busybox' }],
    ephemeralContainers: [{ name: 'debug', image: 'Not An Image' }],
    volumes: [
      { name: 'model', image: { reference: 'ghcr.io/org/model:1' } },
      { name: 'tmp', emptyDir: {} },
    ],
  };
  const parsed = parsePod(pod);
  assert.equal(parsed?.uid, 'shop-one');
  assert.deepEqual(
    parsed?.containers.map((one) => [one.container, one.state, one.digest.slice(0, 1), one.key]),
    [
      ['init', 'waiting', '', 'oci:docker.io/library/busybox'],
      ['main', 'known', 'a', 'oci:ghcr.io/org/app'],
      ['side', 'image-id', '', 'oci:docker.io/library/nginx'],
      ['debug', 'waiting', '', undefined],
      ['volume model', 'untold', '', 'oci:ghcr.io/org/model'],
    ],
  );
});

test('a workload is what somebody deployed, and not what changes with every pod', () => {
  const owned = (kind: string, name: string, labels = {}) =>
    parsePod(podOf('p', { a: ['a'] }, { labels, ownerReferences: [{ kind, name, controller: true }] }))?.containers[0]
      ?.workload;
  assert.equal(owned('ReplicaSet', 'app-5d4f', { 'pod-template-hash': '5d4f' }), 'Deployment/app');
  assert.equal(owned('ReplicaSet', 'app-5d4f'), 'ReplicaSet/app-5d4f');
  assert.equal(owned('Job', 'nightly-28391040'), 'CronJob/nightly');
  assert.equal(owned('Job', 'once'), 'Job/once');
  assert.equal(owned('StatefulSet', 'db'), 'StatefulSet/db');
  assert.equal(owned('Node', 'node-1'), 'Pod/p');
  assert.equal(owned('Runner2', 'a'), 'Runner2/a');
  // Whoever makes a pod writes there what they like.
  for (const [kind, name] of [
    ['X-1', 'a'],
    ['Job', 'Not\nA Name'],
    ['', ''],
  ] as const)
    assert.equal(owned(kind, name), 'Pod/p');
});

test('pods that have ended hold nothing, what is no pod is none, and one that cannot be kept is known as such', () => {
  for (const phase of ['Succeeded', 'Failed']) {
    assert.deepEqual(parsePod({ ...podOf('p', { a: ['a'] }), status: { phase } })?.containers, []);
  }
  for (const value of [undefined, {}, { metadata: {} }]) assert.equal(parsePod(value), undefined);
  const pod = podOf('p', { a: ['a'] });
  for (const value of [
    { ...pod, metadata: { ...pod.metadata, name: 'Not\nA Name' } },
    { ...pod, spec: { containers: 'a' } },
    { ...pod, spec: { containers: [{ name: 'a', image: 'a\u0000' }] } },
    { ...pod, spec: { containers: [{ name: 'a', image: 'a'.repeat(1025) }] } },
    { ...pod, spec: { containers: Array.from({ length: 501 }, (_, index) => ({ name: `a${index}`, image: 'a' })) } },
  ]) {
    assert.deepEqual(parsePod(value), { uid: 'shop-p', containers: [], isUnread: true });
  }
});

test('what runs takes so much memory and no more, whatever a stream tells', () => {
  const running = {
    namespace: 'n',
    workload: 'Pod/p',
    container: 'c',
    reference: 'a',
    digest: '',
    state: 'untold',
  } as const;
  const pod = (uid: string, count: number) => {
    return { uid, containers: Array.from({ length: count }, () => ({ ...running, key: undefined })) };
  };
  const pods = new RunningPods(2_000);
  assert.equal(pods.put(pod('one', 5)), true);
  assert.equal(pods.put(pod('two', 5)), false);
  assert.equal(pods.put(pod('one', 1)), true, 'in place of what it was');
  assert.equal(pods.put(pod('two', 5)), true);
  pods.delete('two');
  assert.equal(pods.put(pod('three', 5)), true);
});
