/** A log that is read as a whole is the one that was signed, or is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseText } from '@signpost/protocol/bytes/text';
import { type ReadEntry, readLog } from '@signpost/protocol/client/read-log';
import { createTransport } from '@signpost/protocol/client/transport';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { verifyCheckpoint } from '@signpost/protocol/updates/verify-log';
import { logKey } from '../documents.ts';
import { SmallLog } from '../tlog/small-log.ts';
import { startReleaseServer } from './release-server.ts';

const log = { origin: 'updates.example/log', key: await parsePublicKey(logKey.pubkeyB64) };

/** A log of `size` entries, served. */
async function serveLog(small: SmallLog) {
  const server = await startReleaseServer();
  const serve = async (shown: SmallLog) => {
    server.pages.clear();
    for (const [path, page] of await shown.listFiles()) server.pages.set(`/log/${path}`, page);
  };
  await serve(small);
  const read = async (seenSize?: number) => {
    const portions: (readonly ReadEntry[])[] = [];
    const checkpoint = await readLog({
      transport: createTransport(server.base, fetch),
      log,
      seen: seenSize === undefined ? undefined : await verifyCheckpoint(await small.checkpoint(seenSize), log),
      onEntries: (entries) => void portions.push(entries),
    });
    return { checkpoint, entries: portions.flat(), portions: portions.map(({ length }) => length) };
  };
  return { server, serve, read, [Symbol.asyncDispose]: () => server.close() };
}

test('a log is read from its beginning, and from wherever it was read before', async () => {
  const small = new SmallLog().fill(520);
  await using world = await serveLog(small);
  for (const seen of [undefined, 1, 255, 256, 257, 511, 512, 519, 520]) {
    const { checkpoint, entries } = await world.read(seen);
    assert.equal(checkpoint.size, 520);
    const expected = small.entries.slice(seen ?? 0).map((bytes) => parseText(bytes));
    assert.deepEqual(
      entries.map(({ bytes }) => parseText(bytes)),
      expected,
    );
    assert.equal(entries[0]?.index, seen === 520 ? undefined : (seen ?? 0));
  }
});

test('an entry that is not in the signed tree is refused, wherever it stands', async () => {
  await using world = await serveLog(new SmallLog().fill(260));
  for (const path of ['/log/tile/entries/000', '/log/tile/entries/001.p/4']) {
    const page = world.server.pages.get(path) as Uint8Array;
    world.server.pages.set(path, page.with(page.length - 1, (page.at(-1) ?? 0) ^ 1));
    await assert.rejects(world.read(), { code: 'log_proof_invalid' });
    world.server.pages.set(path, page.subarray(1));
    await assert.rejects(world.read(), { code: 'malformed' });
    world.server.pages.delete(path);
    await assert.rejects(world.read(), { code: 'fetch_failed' });
    world.server.pages.set(path, page);
  }
});

test('a log that forked or shrank since it was read is refused', async () => {
  const small = new SmallLog().fill(20);
  await using world = await serveLog(small);
  await world.serve(small.fork(15).fill(20, 'forked'));
  await assert.rejects(world.read(20), { code: 'log_inconsistent' });
  await world.serve(small.fork(15).fill(5, 'forked'));
  await assert.rejects(world.read(20), { code: 'log_inconsistent' });
  await world.serve(small.fork(15));
  await assert.rejects(world.read(20), { code: 'log_proof_invalid' });
});

test('a log is verified in portions: entries that are not in the signed tree are not handed on, nor is anything read after them', async () => {
  await using world = await serveLog(new SmallLog().fill(4400));
  assert.deepEqual((await world.read()).portions, [4096, 304]);
  assert.deepEqual((await world.read(4000)).portions, [96, 304]);
  const path = '/log/tile/entries/003';
  const page = world.server.pages.get(path) as Uint8Array;
  world.server.pages.set(path, page.with(page.length - 1, 0));
  world.server.requests.length = 0;
  await assert.rejects(world.read(), { code: 'log_proof_invalid' });
  assert.ok(!world.server.requests.includes('/log/tile/entries/016'));
});
