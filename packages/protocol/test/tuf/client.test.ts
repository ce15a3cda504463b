/** What the client accepts, and how it goes about it (docs/protocol/tuf.md); refusals stand in refusals.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { refreshRepository } from '@signpost/protocol/tuf/client';
import { digestHex } from '@signpost/protocol/tuf/file-facts';
import { createTestKey, nameKeys, now, TestRepository } from './repository.ts';

test('a first update walks from the pinned root to a target, and asks for nothing twice', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  const trusted = await refreshRepository(client);
  assert.equal(parseText(await trusted.fetchTarget('file.txt')), 'hello');
  const digest = await digestHex('sha256', encodeText('hello'));
  assert.deepEqual(repository.requests, [
    '/2.root.json',
    '/timestamp.json',
    '/1.snapshot.json',
    '/1.targets.json',
    `/targets/${digest}.file.txt`,
  ]);
  assert.deepEqual([...client.kept.keys()].sort(), ['root', 'snapshot', 'targets', 'timestamp']);
});

test('an update that brings nothing new asks for root and timestamp alone', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  await refreshRepository(client);
  repository.requests.length = 0;
  const { metadata } = await refreshRepository(client);
  assert.equal(metadata.targets.targets.get('file.txt')?.length, 5);
  assert.deepEqual(repository.requests, ['/2.root.json', '/timestamp.json']);
});

test('without consistent snapshots neither versions nor digests stand in the names', async () => {
  const repository = await TestRepository.create();
  repository.root.consistent_snapshot = false;
  await repository.publish();
  for (const name of ['snapshot', 'targets']) {
    repository.serve(`/${name}.json`, repository.files.get(`/1.${name}.json`) ?? new Uint8Array());
  }
  repository.serve('/targets/file.txt', encodeText('hello'));
  const trusted = await refreshRepository(repository.connect());
  assert.equal(parseText(await trusted.fetchTarget('file.txt')), 'hello');
  assert.deepEqual(repository.requests.slice(2), ['/snapshot.json', '/targets.json', '/targets/file.txt']);
});

test('names of roles and targets cannot steer the address', async () => {
  const repository = await TestRepository.create();
  await repository.delegate('targets', '../x?#', { paths: ['*'] });
  await repository.addTarget('a b?#%.txt', 'strange', '../x?#');
  await repository.publishNext();
  const digest = await digestHex('sha256', encodeText('strange'));
  repository.serve(`/targets/${digest}.a%20b%3F%23%25.txt`, encodeText('strange'));
  const trusted = await refreshRepository(repository.connect());
  assert.equal(parseText(await trusted.fetchTarget('a b?#%.txt')), 'strange');
  assert.ok(
    repository.requests.includes('/2...%2Fx%3F%23.json') || repository.requests.includes('/1...%2Fx%3F%23.json'),
  );
});

test('a chain of roots is followed to its end, and every root is kept as it is accepted', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  for (let rotation = 0; rotation < 3; rotation++) {
    const before = repository.keys.root ?? [];
    repository.keys.root = [await createTestKey()];
    repository.root.roles.root = nameKeys(repository.root, repository.keys.root);
    await repository.publishNextRoot(before);
  }
  const { metadata } = await refreshRepository(client);
  assert.equal(metadata.root.version, 4);
  assert.deepEqual(client.kept.get('root'), repository.files.get('/4.root.json'));
});

test('a pinned root that is newer than the kept one takes its place', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  await refreshRepository(client);
  await repository.publishNextRoot();
  const pinnedRoot = repository.files.get('/2.root.json') ?? new Uint8Array();
  repository.files.delete('/2.root.json');
  const { metadata } = await refreshRepository({ ...client, pinnedRoot });
  assert.equal(metadata.root.version, 2);
});

test('an expired root is no obstacle when a newer one follows it', async () => {
  const repository = await TestRepository.create();
  const current = repository.root.expires;
  repository.root.expires = '2020-01-01T00:00:00Z';
  await repository.publishRoot();
  repository.root.expires = current;
  await repository.publishNextRoot();
  const { metadata } = await refreshRepository(repository.connect());
  assert.equal(metadata.root.version, 2);
});

test('a rotated timestamp key forgives a timestamp version that a thief has raised', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  repository.timestamp.version = 1_000_000;
  await repository.publish();
  await refreshRepository(client);
  repository.keys.timestamp = [await createTestKey()];
  repository.root.roles.timestamp = nameKeys(repository.root, repository.keys.timestamp);
  repository.timestamp.version = 2;
  await repository.publish();
  await repository.publishNextRoot();
  const { metadata } = await refreshRepository(client);
  assert.equal(metadata.timestamp.version, 2);
});

test('a rotated snapshot key forgives the versions that a thief has raised, in the timestamp too', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  repository.snapshot.version = 1_000_000;
  await repository.publish();
  await refreshRepository(client);
  repository.keys.snapshot = [await createTestKey()];
  repository.root.roles.snapshot = nameKeys(repository.root, repository.keys.snapshot);
  repository.snapshot.version = 2;
  repository.timestamp.version = 2;
  await repository.publish();
  await repository.publishNextRoot();
  const { metadata } = await refreshRepository(client);
  assert.equal(metadata.snapshot.version, 2);
});

test('hashes and lengths in timestamp and snapshot are held, sha512 too', async () => {
  const repository = await TestRepository.create();
  const describe = async (path: string, version: number) => {
    const bytes = repository.files.get(path) ?? new Uint8Array();
    const hashes = { sha256: await digestHex('sha256', bytes), sha512: await digestHex('sha512', bytes) };
    return { version, length: bytes.length, hashes };
  };
  repository.snapshot.meta['targets.json'] = await describe('/1.targets.json', 1);
  await repository.publishSnapshot();
  repository.timestamp.meta['snapshot.json'] = await describe('/1.snapshot.json', 1);
  await repository.publishTimestamp();
  await refreshRepository(repository.connect());
});

test('unknown members are signed, kept and left aside', async () => {
  const repository = await TestRepository.create();
  repository.root['x-owner'] = { '1': [null, {}] };
  repository.roles.targets.targets['file.txt'].custom = { note: 'ä\n' };
  await repository.publish();
  const { metadata } = await refreshRepository(repository.connect());
  assert.equal(metadata.targets.targets.get('file.txt')?.custom?.note, 'ä\n');
});

test('a target in the cache is not fetched again, and one that has changed is', async () => {
  const repository = await TestRepository.create();
  const cached = new Map<string, Uint8Array<ArrayBuffer>>();
  const cache = {
    read: async (path: string) => cached.get(path),
    write: async (path: string, bytes: Uint8Array<ArrayBuffer>) => void cached.set(path, bytes),
  };
  const client = { ...repository.connect(), cache };
  const fetchText = async () => parseText(await (await refreshRepository(client)).fetchTarget('file.txt'));
  assert.equal(await fetchText(), 'hello');
  const requests = repository.requests.length;
  assert.equal(await fetchText(), 'hello');
  assert.equal(repository.requests.length, requests + 2);
  await repository.addTarget('file.txt', 'changed');
  await repository.publishNext();
  assert.equal(await fetchText(), 'changed');
});

test('metadata that others wrote into the store is fetched again', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  await refreshRepository(client);
  for (const name of ['timestamp', 'snapshot', 'targets']) client.kept.set(name, encodeText('{"signed":'));
  const { metadata } = await refreshRepository(client);
  assert.equal(metadata.targets.version, 1);
});

test('the clock is read once, when the update begins', async () => {
  const repository = await TestRepository.create();
  let readings = 0;
  const client = repository.connect();
  await refreshRepository({ ...client, now: () => (readings++ === 0 ? now : Number.MAX_SAFE_INTEGER) });
  assert.equal(readings, 1);
});
