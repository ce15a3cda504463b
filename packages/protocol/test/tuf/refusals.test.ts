/** Each way in which the client refuses: the code, and that what was accepted before stays in force. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { refreshRepository } from '@signpost/protocol/tuf/client';
import { createTestKey, nameKeys, signMetadata, type TestClient, TestRepository } from './repository.ts';

type Change = (repository: TestRepository, client: TestClient) => Promise<unknown> | unknown;

/** Refused by a client that has accepted the repository as it was. */
const refusals: Readonly<Record<string, readonly [TrustErrorCode, Change]>> = {
  'a root without signatures of the old keys': [
    'bad_signature',
    async (repository) => {
      repository.keys.root = [await createTestKey()];
      repository.root.roles.root = nameKeys(repository.root, repository.keys.root);
      await repository.publishNextRoot();
    },
  ],
  'a root without signatures of the new keys': [
    'bad_signature',
    async (repository) => {
      repository.root.roles.root = nameKeys(repository.root, [await createTestKey()]);
      await repository.publishNextRoot();
    },
  ],
  'a root that skips a version': [
    'metadata_mismatch',
    async (repository) => {
      repository.root.version = 2;
      await repository.publishNextRoot();
      repository.serve('/2.root.json', repository.files.get('/3.root.json') ?? new Uint8Array());
    },
  ],
  'a root that has expired': [
    'metadata_expired',
    async (repository) => {
      repository.root.expires = '2026-11-21T12:00:00Z';
      await repository.publishNextRoot();
    },
  ],
  'a root above 512,000 bytes': [
    'too_large',
    (repository) => repository.serve('/2.root.json', new Uint8Array(512_001)),
  ],
  'one key under two ids where two keys must sign': [
    'bad_signature',
    async (repository) => {
      const [key] = repository.keys.timestamp ?? assert.fail();
      assert.ok(key);
      const twin = { ...key, keyId: 'another' };
      repository.keys.timestamp = [key, twin];
      repository.root.roles.timestamp = nameKeys(repository.root, [key, twin]);
      await repository.publishNextRoot();
      repository.timestamp.version++;
      await repository.publishTimestamp();
    },
  ],
  'a key id named twice by a role': [
    'malformed',
    async (repository) => {
      const { timestamp } = repository.root.roles;
      timestamp.keyids.push(timestamp.keyids[0]);
      await repository.publishNextRoot();
    },
  ],
  'two signatures with one key id': [
    'malformed',
    async (repository) => {
      const keys = repository.keys.timestamp ?? [];
      repository.serve('/timestamp.json', await signMetadata(repository.timestamp, [...keys, ...keys]));
    },
  ],
  'a timestamp by another key': [
    'bad_signature',
    async (repository) => {
      repository.timestamp.version++;
      repository.serve('/timestamp.json', await signMetadata(repository.timestamp, [await createTestKey()]));
    },
  ],
  'a timestamp changed after it was signed': [
    'bad_signature',
    (repository) => changeText(repository, '/timestamp.json', '"version": 1', '"version": 7'),
  ],
  'a timestamp of a lower version': [
    'metadata_replayed',
    async (repository, client) => {
      const old = repository.files.get('/timestamp.json') ?? new Uint8Array();
      await repository.publishNext();
      await refreshRepository(client);
      repository.serve('/timestamp.json', old);
    },
  ],
  'a timestamp that names a lower version of snapshot': [
    'metadata_replayed',
    async (repository, client) => {
      await repository.publishNext();
      await refreshRepository(client);
      repository.timestamp.version++;
      repository.timestamp.meta['snapshot.json'].version = 1;
      await repository.publishTimestamp();
    },
  ],
  'a timestamp that has expired': [
    'metadata_expired',
    async (repository) => {
      repository.timestamp.version++;
      repository.timestamp.expires = '2026-11-21T11:59:59Z';
      await repository.publishTimestamp();
    },
  ],
  'no timestamp': ['fetch_failed', (repository) => repository.files.delete('/timestamp.json')],
  'a timestamp above 16,384 bytes': [
    'too_large',
    (repository) => repository.serve('/timestamp.json', new Uint8Array(16_385)),
  ],
  'a timestamp of another type': [
    'metadata_mismatch',
    async (repository) => {
      repository.timestamp._type = 'snapshot';
      await repository.publishTimestamp();
    },
  ],
  'a timestamp that names no snapshot': [
    'malformed',
    async (repository) => {
      repository.timestamp.meta = {};
      repository.serve('/timestamp.json', await signMetadata(repository.timestamp, repository.keys.timestamp ?? []));
    },
  ],
  'a snapshot by another key': [
    'bad_signature',
    async (repository) => {
      repository.keys.snapshot = [await createTestKey()];
      await repository.publishNext();
    },
  ],
  'a snapshot of another version than the timestamp names': [
    'metadata_mismatch',
    async (repository) => {
      await repository.publishNext();
      repository.serve(
        '/2.snapshot.json',
        await signMetadata({ ...repository.snapshot, version: 3 }, repository.keys.snapshot ?? []),
      );
    },
  ],
  'a snapshot with another length than the timestamp names': [
    'size_mismatch',
    async (repository) => {
      await repository.publishNext();
      repository.timestamp.meta['snapshot.json'].length = 100_000;
      await repository.publishTimestamp();
    },
  ],
  'a snapshot longer than the timestamp names': [
    'too_large',
    async (repository) => {
      await repository.publishNext();
      repository.timestamp.meta['snapshot.json'].length = 10;
      await repository.publishTimestamp();
    },
  ],
  'a snapshot with another digest than the timestamp names': [
    'digest_mismatch',
    async (repository) => {
      await repository.publishNext();
      repository.timestamp.meta['snapshot.json'].hashes = { sha512: '00' };
      await repository.publishTimestamp();
    },
  ],
  'a snapshot whose digests are all of unknown kinds': [
    'algorithm_unsupported',
    async (repository) => {
      await repository.publishNext();
      repository.timestamp.meta['snapshot.json'].hashes = { md5: '00' };
      await repository.publishTimestamp();
    },
  ],
  'a snapshot that names a lower version of targets': [
    'metadata_replayed',
    async (repository, client) => {
      await repository.publishNext();
      await refreshRepository(client);
      // publishNext makes it 1 again.
      repository.roles.targets.version = 0;
      await repository.publishNext();
    },
  ],
  'a snapshot from which a role has gone': [
    'metadata_replayed',
    async (repository, client) => {
      await repository.delegate('targets', 'team', { paths: ['*'] });
      await repository.publishNext();
      await refreshRepository(client);
      delete repository.roles.team;
      delete repository.snapshot.meta['team.json'];
      await repository.publishNext();
    },
  ],
  'a snapshot that has expired': [
    'metadata_expired',
    async (repository) => {
      repository.snapshot.expires = '2026-01-01T00:00:00Z';
      await repository.publishNext();
    },
  ],
  'a snapshot that names no targets': [
    'malformed',
    async (repository) => {
      repository.snapshot.meta = {};
      delete repository.roles.targets;
      repository.snapshot.version++;
      repository.timestamp.version++;
      await repository.publishSnapshot();
      await repository.publishTimestamp();
    },
  ],
  'targets by another key': [
    'bad_signature',
    async (repository) => {
      repository.keys.targets = [await createTestKey()];
      await repository.publishNext();
    },
  ],
  'targets of another version than the snapshot names': [
    'metadata_mismatch',
    async (repository) => {
      await repository.publishNext();
      const other = { ...repository.roles.targets, version: 1 };
      repository.serve('/2.targets.json', await signMetadata(other, repository.keys.targets ?? []));
    },
  ],
  'targets that have expired': [
    'metadata_expired',
    async (repository) => {
      repository.roles.targets.expires = '2026-01-01T00:00:00Z';
      await repository.publishNext();
    },
  ],
  'no targets': [
    'fetch_failed',
    async (repository) => {
      await repository.publishNext();
      repository.files.delete('/2.targets.json');
    },
  ],
};

suite('refused, and the client goes on from where it was', () => {
  for (const [name, [code, change]] of Object.entries(refusals)) {
    test(name, async () => {
      const repository = await TestRepository.create();
      const client = repository.connect();
      await refreshRepository(client);
      await change(repository, client);
      const kept = new Map(client.kept);
      await assert.rejects(refreshRepository(client), { name: 'TrustError', code });
      // What stands above the refused file may have gone on; nothing is lost.
      assert.deepEqual([...client.kept.keys()], [...kept.keys()]);
      assert.deepEqual(client.kept.get('targets'), kept.get('targets'));
    });
  }
});

test('a pinned root that its own keys have not signed is refused without a request', async () => {
  const repository = await TestRepository.create();
  const pinnedRoot = await signMetadata(repository.root, [await createTestKey()]);
  await assert.rejects(refreshRepository({ ...repository.connect(), pinnedRoot }), { code: 'bad_signature' });
  assert.deepEqual(repository.requests, []);
});

test('a kept root that was damaged is an error, not a new start', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  client.kept.set('root', encodeText('{}'));
  await assert.rejects(refreshRepository(client), { code: 'state_invalid' });
});

test('a source that gives more than it was asked for is refused', async () => {
  const repository = await TestRepository.create();
  const client = repository.connect();
  const fetch = async (url: string) => (url.endsWith('timestamp.json') ? new Uint8Array(20_000) : undefined);
  const generous = { ...client, repository: { ...client.repository, fetch } };
  await assert.rejects(refreshRepository(generous), { code: 'too_large' });
});

function changeText(repository: TestRepository, path: string, from: string, to: string): void {
  const text = parseText(repository.files.get(path) ?? new Uint8Array());
  assert.ok(text.includes(from));
  repository.serve(path, encodeText(text.replace(from, to)));
}
