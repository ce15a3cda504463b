/** tuf-js reads the same repositories, whole ones and broken ones, and comes to the same verdicts. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { refreshRepository } from '@signpost/protocol/tuf/client';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { createRandom, pick, type Random } from '../../packages/protocol/test/fuzz/der-damage.ts';
import {
  createTestKey,
  day,
  formatTime,
  type Json,
  nameKeys,
  signMetadata,
  type TestClient,
  TestRepository,
} from '../../packages/protocol/test/tuf/repository.ts';

const base = 'https://tuf.test';
const started = Date.now();

/** Serves from the repository; a missing file is the error that it is over HTTP. */
class RepositoryFetcher extends BaseFetcher {
  readonly #repository: TestRepository;

  constructor(repository: TestRepository) {
    super();
    this.#repository = repository;
  }

  async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const bytes = this.#repository.files.get(url.slice(base.length));
    if (!bytes) throw new DownloadHTTPError('not found', 404);
    return new Blob([bytes]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
  }
}

type Operation = (repository: TestRepository) => Promise<unknown> | unknown;

const roleNames = ['timestamp', 'snapshot', 'targets', 'team'];

const operations: Readonly<Record<string, (random: Random) => Operation>> = {
  'publish the next versions': () => (repository) => repository.publishNext(),
  'rotate a key': (random) => async (repository) => {
    const name = pick(['timestamp', 'snapshot', 'targets'], random);
    repository.keys[name] = [await createTestKey()];
    repository.root.roles[name] = nameKeys(repository.root, repository.keys[name]);
    await repository.publishNextRoot();
    await repository.publishNext();
  },
  'rotate the root': (random) => async (repository) => {
    const before = random() < 0.8 ? (repository.keys.root ?? []) : [];
    repository.keys.root = [await createTestKey()];
    repository.root.roles.root = nameKeys(repository.root, repository.keys.root);
    await repository.publishNextRoot(before);
  },
  'sign by a stranger': (random) => async (repository) => {
    const name = pick(roleNames, random);
    const kept = repository.keys[name] ?? [];
    repository.keys[name] = [await createTestKey()];
    await repository.publishNext();
    repository.keys[name] = kept;
  },
  'raise a threshold': (random) => async (repository) => {
    repository.root.roles[pick(['timestamp', 'snapshot'], random)].threshold = 2;
    await repository.publishNextRoot();
  },
  'let something expire': (random) => async (repository) => {
    const signed = selectSigned(repository, pick(roleNames, random));
    const { expires } = signed;
    signed.expires = formatTime(started - day);
    await repository.publishNext();
    signed.expires = expires;
  },
  'go back': (random) => async (repository) => {
    const signed = selectSigned(repository, pick(roleNames, random));
    signed.version = Math.max(0, signed.version - 3);
    await repository.publishNext();
  },
  'drop a file': (random) => async (repository) => {
    await repository.publishNext();
    repository.files.delete(pick([...repository.files.keys()].slice(1), random));
  },
  'mix versions': (random) => async (repository) => {
    await repository.publishNext();
    const name = pick(['snapshot', 'targets', 'team'], random);
    const signed = selectSigned(repository, name);
    const other = await signMetadata({ ...signed, version: signed.version + 1 }, repository.keys[name] ?? []);
    repository.serve(`/${signed.version}.${name}.json`, other);
  },
  'state a wrong digest': (random) => async (repository) => {
    await repository.publishNext();
    const at = random() < 0.5 ? 'timestamp' : 'snapshot';
    if (at === 'timestamp') repository.timestamp.meta['snapshot.json'].hashes = { sha256: '00'.repeat(32) };
    else {
      repository.snapshot.meta['targets.json'].hashes = { sha256: '00'.repeat(32) };
      await repository.publishSnapshot();
    }
    await repository.publishTimestamp();
  },
  'change a target': () => async (repository) => {
    await repository.addTarget('team/file.txt', `text ${repository.timestamp.version}`, 'team');
    await repository.publishNext();
  },
  'take a role away': () => async (repository) => {
    delete repository.snapshot.meta['team.json'];
    const { team } = repository.roles;
    delete repository.roles.team;
    await repository.publishNext();
    repository.roles.team = team;
  },
};

function selectSigned(repository: TestRepository, name: string): Json {
  if (name === 'timestamp') return repository.timestamp;
  return name === 'snapshot' ? repository.snapshot : repository.roles[name];
}

test('10 lives of a repository, in which most things go wrong, are followed by both clients alike', async (context) => {
  let accepted = 0;
  let refused = 0;
  for (let life = 0; life < 10; life++) {
    const random = createRandom(life);
    const repository = await TestRepository.create(started + 30 * day);
    await repository.delegate('targets', 'team', { paths: ['team/*'] });
    await repository.addTarget('team/file.txt', 'first', 'team');
    await repository.publish();
    await using peer = await openPeer(repository);
    const client = { ...repository.connect(), now: () => started };
    const history: string[] = [];
    for (let step = 0; step < 6; step++) {
      const name = pick(Object.keys(operations), random);
      history.push(name);
      await operations[name]?.(random)(repository);
      const ours = await judge(client);
      const theirs = await peer.judge();
      assert.equal(ours === 'accepted', theirs === 'accepted', `${life}: ${history.join(', ')}: ${ours}, ${theirs}`);
      if (ours === 'accepted') accepted++;
      else refused++;
    }
  }
  context.diagnostic(`${accepted} accepted, ${refused} refused`);
  assert.ok(accepted > 10 && refused > 10);
});

async function judge(client: TestClient): Promise<string> {
  try {
    await (await refreshRepository(client)).fetchTarget('team/file.txt');
    return 'accepted';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

async function openPeer(repository: TestRepository) {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-tuf-'));
  await writeFile(join(folder, 'root.json'), repository.pinnedRoot);
  const options = {
    metadataDir: folder,
    metadataBaseUrl: base,
    targetDir: folder,
    targetBaseUrl: `${base}/targets`,
    fetcher: new RepositoryFetcher(repository),
  };
  return {
    judge: async () => {
      try {
        const updater = new Updater(options);
        await updater.refresh();
        const target = await updater.getTargetInfo('team/file.txt');
        if (!target) return 'unknown';
        await readFile(await updater.downloadTarget(target, join(folder, 'file')));
        return 'accepted';
      } catch (error) {
        return String(error);
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
