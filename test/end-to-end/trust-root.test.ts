/** `signpost trust-root …` against a real server that follows a real repository: a key of a log rotates, a bad update does not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startServer, type TestServer } from '../../packages/cli/test/support/server.ts';
import {
  createLog,
  encodeTrustedRoot,
  TufRepository,
} from '../../packages/server/test/evidence/trust-roots/repository.ts';

suite('signpost trust-root', () => {
  const closers: (() => unknown)[] = [];
  let server: TestServer;
  let repository: TufRepository;
  const first = encodeTrustedRoot({ tlogs: [createLog('https://log.example', Date.now() - 1000)] });
  after(async () => {
    for (const close of closers) await close();
  });

  before(async () => {
    repository = await TufRepository.open(Date.now);
    closers.push(() => repository.close());
    repository.publish(first);
    server = await startServer(
      { after: (close) => void closers.push(close as () => unknown) },
      { prepare: () => ({ SIGNPOST_OUTGOING_ADDRESSES: 'any' }) },
    );
    await writeFile(join(server.cwd, 'root.json'), repository.pinnedRoot);
    await writeFile(join(server.cwd, 'trusted_root.json'), first);
  });

  test('follows a repository from a pinned root, and writes what came', async () => {
    const { cwd, json } = server;
    const source = ['--tuf', repository.url, '--root', 'root.json'];
    const wrong = await server.signpost('trust-root', 'add', 'private', ...source, '--root-sha256', '00');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /expected root\.json to have the SHA-256 00, got [0-9a-f]{64}/);
    const digest = createHash('sha256').update(repository.pinnedRoot).digest('hex');
    const added = await json('trust-root', 'add', 'private', ...source, '--root-sha256', digest);
    assert.equal(added.light, 'green');
    await json('trust-root', 'show', 'private', '--out', 'got.json');
    assert.equal(await readFile(join(cwd, 'got.json'), 'utf8'), first);
  });

  test('takes up another key of the log, and refuses a forged update', async () => {
    repository.publish(encodeTrustedRoot({ tlogs: [createLog('https://log2.example', Date.now())] }));
    await server.json('trust-root', 'refresh', 'private');
    const shown = await server.signpost('trust-root', 'show', 'private');
    assert.match(shown.stdout, /https:\/\/log2\.example/);
    assert.match(shown.stdout, /green: current/);
    repository.publish(first, { signTimestamp: false });
    const refused = await server.signpost('trust-root', 'refresh', 'private');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /\[bad_signature\]/);
    const listed = await server.signpost('trust-root', 'list');
    assert.match(listed.stdout, /private +tuf +yellow +refused/);
  });

  test('takes a file, replaces it, and forgets it', async () => {
    const { json } = server;
    assert.equal((await json('trust-root', 'add', 'internal', '--file', 'trusted_root.json')).light, 'green');
    assert.equal((await json('trust-root', 'refresh', 'internal', '--file', 'trusted_root.json')).source, 'file');
    assert.deepEqual(await json('trust-root', 'remove', 'internal'), { name: 'internal', removed: true });
    assert.equal((await server.signpost('trust-root', 'show', 'internal')).code, 1);
  });

  test('a root without a way to it is a wrong command', async () => {
    for (const words of [[], ['--tuf', 'https://tuf.example'], ['--file', 'x', '--root', 'root.json']]) {
      assert.equal((await server.signpost('trust-root', 'add', 'x', ...words)).code, 2);
    }
  });
});
