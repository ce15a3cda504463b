/** What a client demands of the log that its trust list names, and what it remembers of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { locateLog } from '@signpost/protocol/client/log-tiles';
import { stepNames } from '@signpost/protocol/client/steps';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { encodeNoteKey, noteKeyTypes } from '@signpost/protocol/tlog/note-key';
import { createManifestEntry } from '@signpost/protocol/updates/log-entry';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { createTrust, logKey, now, signManifest, signTrust, strangerKey, trustedLogEntry } from '../documents.ts';
import { SmallLog } from '../tlog/small-log.ts';
import { manifestPath, openWorld, trustPath, type World } from './world.ts';

const request = { project: 'demo', installedVersion: '1.1.0' };
const trust = await createTrust();

/** A world whose trust list names the log, with a log of `size` other entries. */
async function openLoggedWorld(size = 0) {
  const world = await openWorld();
  world.server.pages.set(trustPath, await signTrust({ log: trustedLogEntry() }));
  return Object.assign(world, { log: new SmallLog().fill(size) });
}

/** Appends the manifest with `changes` to `log`. */
async function appendManifest(log: SmallLog, changes: SignableObject = {}) {
  const text = await signManifest(changes);
  const manifest = await verifyManifest(encodeText(text), { trust, project: 'demo', channel: 'stable', now });
  return { text, index: log.add(createManifestEntry(manifest, 'default')) };
}

type Appended = Awaited<ReturnType<typeof appendManifest>>;

/** Serves a manifest with its proof in the tree of `size`. */
async function serve({ server }: World, log: SmallLog, { text, index }: Appended, size = log.entries.length) {
  const envelope = parseSignableText(text) as SignableObject;
  server.pages.set(manifestPath, encodeCanonicalText({ ...envelope, log: await log.prove(index, size) }));
}

/** Serves the log as it is at `size`, and nothing of it besides: as a mirror does. */
async function mirror({ server }: World, log: SmallLog, size = log.entries.length): Promise<void> {
  for (const path of server.pages.keys()) if (path.startsWith('/log/')) server.pages.delete(path);
  for (const [path, page] of await log.listFiles(size)) server.pages.set(`/log/${path}`, page);
}

/** What the client remembers of logs. */
function notesOf({ store }: World): readonly string[] {
  const state = JSON.parse(store.text ?? '{}') as { checkpoints?: readonly { note: string }[] };
  return (state.checkpoints ?? []).map(({ note }) => note);
}

test('a release in the log is taken, its checkpoint is stored with the counter, and every step is told', async () => {
  await using world = await openLoggedWorld(3);
  await serve(world, world.log, await appendManifest(world.log));
  assert.equal((await world.createClient().checkForUpdate(request)).kind, 'update');
  const names = world.steps.map(({ name }) => name);
  const expected = stepNames.filter((name) => name !== 'roots_changed' && !name.startsWith('file_'));
  assert.deepEqual(names, expected);
  assert.deepEqual(notesOf(world), [await world.log.checkpoint()]);
  assert.deepEqual(
    world.steps.filter(({ name }) => name.startsWith('log_')).map(({ detail }) => detail),
    ['entry 3 of 4 in updates.example/log', '4 entries, the first ones seen'],
  );
  assert.ok(!world.server.requests.some((path) => path.startsWith('/log/')), 'no tile was needed');
});

test('a release that nobody logged is refused, and its counter is not remembered', async () => {
  await using world = await openLoggedWorld();
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'log_proof_missing' });
  assert.doesNotMatch(world.store.text ?? '', /"counter":7/);
});

test('the log may grow past a tile, by files of a mirror alone', async () => {
  await using world = await openLoggedWorld(250);
  const first = await appendManifest(world.log);
  await serve(world, world.log, first);
  await world.createClient().checkForUpdate(request);
  world.log.fill(300);
  await serve(world, world.log, await appendManifest(world.log, { counter: 8 }));
  world.log.fill(20);
  await mirror(world, world.log);
  assert.equal((await world.createClient().checkForUpdate(request)).kind, 'update');
  assert.deepEqual(notesOf(world), [await world.log.checkpoint(552), await world.log.checkpoint(251)]);
  const requests = world.server.requests.filter((path) => path.startsWith('/log/'));
  assert.equal(new Set(requests).size, requests.length, 'each tile once');
});

test('a proof older than what was seen is taken, and what was seen stays', async () => {
  await using world = await openLoggedWorld(2);
  const release = await appendManifest(world.log);
  world.log.fill(700);
  await serve(world, world.log, release);
  await world.createClient().checkForUpdate(request);
  await mirror(world, world.log);
  await serve(world, world.log, release, 5);
  assert.equal((await world.createClient().checkForUpdate(request)).kind, 'update');
  assert.deepEqual(notesOf(world), [await world.log.checkpoint(), await world.log.checkpoint(5)]);
  // Clients of several projects are shown several sizes in turn.
  const before = world.server.requests.length;
  await world.createClient().checkForUpdate(request);
  await serve(world, world.log, release);
  await world.createClient().checkForUpdate(request);
  const asked = world.server.requests.slice(before);
  assert.deepEqual(
    asked,
    [trustPath, manifestPath, trustPath, manifestPath],
    'no tile of what was found consistent before',
  );
  const forked = new SmallLog().fill(4, 'forked');
  await serve(world, forked, await appendManifest(forked));
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'log_inconsistent' });
});

test('no more than a few checkpoints are kept, the highest among them', async () => {
  await using world = await openLoggedWorld(2);
  const release = await appendManifest(world.log);
  await mirror(world, world.log.fill(20));
  for (const size of [9, 8, 20, 7, 6, 5, 10]) {
    await serve(world, world.log, release, size);
    await world.createClient().checkForUpdate(request);
  }
  const sizes = notesOf(world).map((note) => Number(note.split('\n')[1]));
  assert.deepEqual(sizes, [20, 10, 9, 8]);
});

test('a log that forked is refused with both checkpoints as evidence, and what was seen stays', async () => {
  await using world = await openLoggedWorld(300);
  await serve(world, world.log, await appendManifest(world.log));
  await world.createClient().checkForUpdate(request);
  const seen = await world.log.checkpoint();
  const forked = world.log.fork(290).fill(40, 'forked');
  await serve(world, forked, await appendManifest(forked, { counter: 8 }));
  await mirror(world, forked);
  const forkedCheckpoint = await forked.checkpoint();
  await assert.rejects(world.createClient().checkForUpdate(request), (error) => {
    assert.ok(error instanceof TrustError && error.code === 'log_inconsistent');
    assert.deepEqual(error.evidence.slice(0, 2), [seen, forkedCheckpoint]);
    return true;
  });
  // Tiles of the history that was seen hide nothing.
  await mirror(world, world.log.fork(301).fill(30));
  world.server.pages.set('/log/checkpoint', forkedCheckpoint);
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'log_proof_invalid' });
  assert.deepEqual(notesOf(world), [seen]);
  assert.match(world.store.text ?? '', /"counter":7/);
});

test('two trees of one size are two histories', async () => {
  await using world = await openLoggedWorld(4);
  const release = await appendManifest(world.log);
  await serve(world, world.log, release);
  await world.createClient().checkForUpdate(request);
  const forked = new SmallLog().fill(4, 'forked');
  await serve(world, forked, await appendManifest(forked));
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'log_inconsistent' });
});

test('a log that shrank is refused', async () => {
  await using world = await openLoggedWorld(2);
  const release = await appendManifest(world.log);
  world.log.fill(20);
  await serve(world, world.log, release);
  await world.createClient().checkForUpdate(request);
  await serve(world, world.log, release, 10);
  await mirror(world, world.log, 12);
  await assert.rejects(world.createClient().checkForUpdate(request), {
    code: 'log_proof_invalid',
    message: 'expected a log of at least 23 entries, got 12',
  });
});

const hostileTiles: readonly [string, string, (bytes: Uint8Array) => Uint8Array | undefined][] = [
  ['lie', 'log_proof_invalid', (bytes) => bytes.map((octet) => octet ^ 1)],
  ['are huge', 'too_large', (bytes) => new Uint8Array(bytes.length + 1)],
  ['are cut', 'malformed', (bytes) => bytes.subarray(32)],
  ['are missing', 'fetch_failed', () => undefined],
];

for (const [name, code, damage] of hostileTiles) {
  test(`tiles that ${name} are refused with ${code}`, async () => {
    await using world = await openLoggedWorld(2);
    await serve(world, world.log, await appendManifest(world.log));
    await world.createClient().checkForUpdate(request);
    await serve(world, world.log, await appendManifest(world.log.fill(20), { counter: 8 }));
    await mirror(world, world.log);
    for (const [path, page] of world.server.pages) {
      const damaged = page instanceof Uint8Array && path.startsWith('/log/tile/0/') ? damage(page) : page;
      if (damaged) world.server.pages.set(path, damaged);
      else world.server.pages.delete(path);
    }
    await assert.rejects(world.createClient().checkForUpdate(request), { code });
    assert.doesNotMatch(world.store.text ?? '', /"counter":8/);
  });
}

test('a checkpoint of another log at the place of this one is refused', async () => {
  await using world = await openLoggedWorld(2);
  await serve(world, world.log, await appendManifest(world.log));
  await world.createClient().checkForUpdate(request);
  await serve(world, world.log, await appendManifest(world.log, { counter: 8 }));
  await mirror(world, new SmallLog({ signer: strangerKey }).fill(9));
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'bad_signature' });
  world.server.pages.delete('/log/checkpoint');
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'fetch_failed' });
});

test('the next log of a server lies beside the one before, and its tiles are not mixed with those', async () => {
  for (const [origin, path] of [
    ['updates.example/log', '/log'],
    ['updates.example/log/2', '/log/2'],
    ['updates.example/log/1', '/log'],
    ['updates.example/log/02', '/log'],
    ['updates.example/2', '/log'],
    ['updates.example/log/../2', '/log'],
  ] as const) {
    assert.equal(locateLog({ origin }), path);
  }
  await using world = await openLoggedWorld(2);
  const origin = 'updates.example/log/2';
  const next = new SmallLog({ origin, signer: strangerKey }).fill(3);
  world.server.pages.set(trustPath, await signTrust({ log: trustedLogEntry(strangerKey, origin) }));
  await serve(world, next, await appendManifest(next));
  await world.createClient().checkForUpdate(request);
  await serve(world, next, await appendManifest(next.fill(300), { counter: 8 }));
  await mirror(world, world.log);
  for (const [path, page] of await next.listFiles()) world.server.pages.set(`/log/2/${path}`, page);
  assert.equal((await world.createClient().checkForUpdate(request)).kind, 'update');
});

test('another log that the roots name is begun anew, and the one before is not forgotten', async () => {
  await using world = await openLoggedWorld(2);
  await serve(world, world.log, await appendManifest(world.log));
  await world.createClient().checkForUpdate(request);
  const other = new SmallLog({ origin: 'updates.example/log/2', signer: strangerKey });
  await serve(world, other, await appendManifest(other));
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'log_untrusted' });
  const named = { trust_version: 4, log: trustedLogEntry(strangerKey, 'updates.example/log/2') };
  world.server.pages.set(trustPath, await signTrust(named));
  await world.createClient().checkForUpdate(request);
  assert.deepEqual(notesOf(world), [await world.log.checkpoint(), await other.checkpoint()]);
});

test('a baseline brings the checkpoint that its application was shipped with', async () => {
  await using world = await openLoggedWorld(3);
  await serve(world, world.log, await appendManifest(world.log));
  await world.createClient().checkForUpdate(request);
  const baseline = world.store.text;
  world.store.text = undefined;
  const forked = new SmallLog().fill(3, 'forked');
  await serve(world, forked, await appendManifest(forked));
  await assert.rejects(world.createClient({ baseline }).checkForUpdate(request), { code: 'log_inconsistent' });
});

test('a trust list without a log asks for no proof, unless the application pinned one', async () => {
  await using world = await openLoggedWorld(3);
  world.server.pages.set(trustPath, await signTrust());
  const log = encodeNoteKey('updates.example/log', noteKeyTypes.ed25519, parseBase64(logKey.pubkeyB64));
  await world.createClient().checkForUpdate(request);
  assert.deepEqual(notesOf(world), []);
  await assert.rejects(world.createClient({ log }).checkForUpdate(request), { code: 'log_proof_missing' });
  await serve(world, world.log, await appendManifest(world.log));
  await world.createClient({ log }).checkForUpdate(request);
  assert.equal(notesOf(world).length, 1);
  const cosigning = encodeNoteKey('w', noteKeyTypes.cosignature, parseBase64(logKey.pubkeyB64));
  await assert.rejects(world.createClient({ log: cosigning }).checkForUpdate(request), TypeError);
  for (const name of ['prüf.example/log', `${'x'.repeat(256)}/log`]) {
    const pinned = encodeNoteKey(name, noteKeyTypes.ed25519, parseBase64(logKey.pubkeyB64));
    await assert.rejects(world.createClient({ log: pinned }).checkForUpdate(request), { code: 'malformed' });
  }
  await assert.rejects(world.createClient({ log: 'nonsense' }).checkForUpdate(request), { code: 'malformed' });
});

test('a stored checkpoint that its log did not sign is a damaged state', async () => {
  await using world = await openLoggedWorld(3);
  await serve(world, world.log, await appendManifest(world.log));
  await world.createClient().checkForUpdate(request);
  world.store.text = world.store.text?.replace('\\n4\\n', '\\n3\\n');
  await assert.rejects(world.createClient().checkForUpdate(request), { code: 'state_invalid' });
});
