/** What a client accepts, refuses and remembers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepNames } from '@signpost/protocol/client/steps';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import {
  describeKey,
  now,
  rootA,
  rootB,
  rootC,
  serverKey,
  signManifest,
  signTrust,
  strangerKey,
  trustedKeyEntry,
} from '../documents.ts';
import { MemoryStore, manifestPath, openWorld, rootsPath, trustPath } from './world.ts';

const day = 86_400_000;

test('a client finds an update, downloads it, and reports every step in order', async () => {
  await using world = await openWorld();
  const client = world.createClient();
  const found = await client.checkForUpdate({ project: 'demo', installedVersion: '1.1.0' });
  assert.ok(found.kind === 'update');
  assert.equal(found.order, 'newer');
  assert.equal(found.manifest.version, '1.2.0');
  await client.download(found.manifest.main, { write() {}, commit() {}, abort() {} });
  // Roots that stay, and a trust list that names no log.
  const expected = stepNames.filter((name) => !['roots_changed', 'log_proof', 'log_history'].includes(name));
  assert.deepEqual(
    world.steps.map(({ name }) => name),
    expected,
  );
});

test('nothing published is no update', async () => {
  await using world = await openWorld();
  world.server.pages.delete(manifestPath);
  assert.deepEqual(await world.createClient().checkForUpdate({ project: 'demo' }), { kind: 'none' });
});

test('who has seen a release is not told that there is none: 404 for ever must not pass for up to date', async () => {
  await using world = await openWorld();
  await world.createClient().checkForUpdate({ project: 'demo' });
  world.server.pages.delete(manifestPath);
  const client = world.createClient();
  await assert.rejects(client.checkForUpdate({ project: 'demo', installedVersion: '1.2.0' }), {
    code: 'manifest_missing',
  });
  assert.deepEqual(await client.checkForUpdate({ project: 'demo', channel: 'beta' }), { kind: 'none' });
  assert.deepEqual(await client.checkForUpdate({ project: 'other' }), { kind: 'none' });
});

test('the version that runs is current, and its counter is stored all the same', async () => {
  await using world = await openWorld();
  const found = await world.createClient().checkForUpdate({ project: 'demo', installedVersion: '1.2.0' });
  assert.equal(found.kind, 'current');
  assert.match(world.store.text ?? '', /"counter":7/);
});

test('a publisher may go back, and the client says so', async () => {
  await using world = await openWorld();
  const found = await world.createClient().checkForUpdate({ project: 'demo', installedVersion: '1.3.0' });
  assert.ok(found.kind === 'update' && found.order === 'older');
});

test('another channel has its own path and its own counter', async () => {
  await using world = await openWorld();
  const client = world.createClient();
  await client.checkForUpdate({ project: 'demo' });
  world.server.pages.set(
    '/api/projects/demo/channels/beta/manifest',
    await signManifest({ channel: 'beta', counter: 2 }),
  );
  const found = await client.checkForUpdate({ project: 'demo', channel: 'beta' });
  assert.ok(found.kind === 'update' && found.manifest.counter === 2);
});

test('a base with a path is kept', async () => {
  await using world = await openWorld();
  for (const path of [trustPath, manifestPath]) {
    world.server.pages.set(`/o/org${path}`, world.server.pages.get(path) ?? '');
    world.server.pages.delete(path);
  }
  const client = world.createClient({ base: `${world.server.base}/o/org/` });
  assert.equal((await client.checkForUpdate({ project: 'demo' })).kind, 'update');
});

test('the state is written before the update is handed over, and an update whose state is not written is not', async () => {
  await using world = await openWorld();
  const store = new MemoryStore();
  const full = { read: () => store.read(), write: () => Promise.reject(new Error('disk full')) };
  await assert.rejects(world.createClient({ store: full }).checkForUpdate({ project: 'demo' }), {
    message: 'disk full',
  });
  assert.equal(store.text, undefined);
});

test('a check that finds nothing new writes nothing', async () => {
  await using world = await openWorld();
  const client = world.createClient();
  await client.checkForUpdate({ project: 'demo' });
  const writes = world.store.written.length;
  await client.checkForUpdate({ project: 'demo' });
  assert.equal(world.store.written.length, writes);
});

interface Refusal {
  readonly name: string;
  readonly code: TrustErrorCode;
  readonly trust?: SignableObject;
  readonly manifest?: SignableObject;
  readonly signers?: readonly Signer[];
  readonly time?: number;
}

const revoked = [{ key_id: serverKey.keyId, reason: 'stolen', revoked_at: '2027-01-14T00:00:00Z' }];
const refusals: readonly Refusal[] = [
  { name: 'a lower trust version', code: 'trust_replayed', trust: { trust_version: 2 } },
  { name: 'the same trust version with other content', code: 'trust_replayed', trust: { later: 1 } },
  { name: 'an expired trust list', code: 'trust_expired', time: Date.UTC(2029, 0, 1) },
  { name: 'an older manifest', code: 'manifest_replayed', manifest: { counter: 6 } },
  { name: 'another manifest with the same counter', code: 'manifest_replayed', manifest: { version: '1.2.1' } },
  { name: 'a manifest of an unknown epoch', code: 'manifest_replayed', manifest: { counter: 8, counter_epoch: 1 } },
  { name: 'a stale manifest', code: 'manifest_stale', time: Date.UTC(2027, 1, 10) },
  {
    name: 'an old manifest without expiry',
    code: 'manifest_stale',
    manifest: { counter: 8, expires_at: undefined },
    time: Date.UTC(2027, 0, 10) + 45 * day + 1,
  },
  { name: 'a revoked key', code: 'key_revoked', trust: { trust_version: 4, revoked_keys: revoked } },
  { name: 'an unknown key', code: 'key_unknown', manifest: { key_id: strangerKey.keyId }, signers: [strangerKey] },
  {
    name: 'a key for another project',
    code: 'key_out_of_scope',
    trust: { trust_version: 4, valid_keys: [trustedKeyEntry(serverKey, { scope: ['project:other'] })] },
  },
  {
    name: 'a key outside its window',
    code: 'key_not_in_window',
    trust: { trust_version: 4, valid_keys: [trustedKeyEntry(serverKey, { not_after: '2027-01-15T00:00:00Z' })] },
  },
  { name: 'a forged manifest', code: 'bad_signature', manifest: { counter: 8 }, signers: [strangerKey] },
  { name: 'the manifest of another project', code: 'wrong_project', manifest: { counter: 8, project: 'other' } },
  { name: 'the manifest of another channel', code: 'wrong_channel', manifest: { counter: 8, channel: 'beta' } },
  {
    name: 'a release that the running version cannot take',
    code: 'version_unsupported',
    manifest: { counter: 8, version: '3.0.0', min_version: '2.0.0' },
  },
];

for (const { name, code, trust = {}, manifest = {}, signers, time = now } of refusals) {
  test(`${name} is refused as ${code}, and no counter is lost`, async () => {
    await using world = await openWorld();
    await world.createClient().checkForUpdate({ project: 'demo' });
    world.server.pages.set(trustPath, await signTrust(trust));
    world.server.pages.set(manifestPath, await signManifest(manifest, signers));
    const client = world.createClient({ now: () => time });
    await assert.rejects(client.checkForUpdate({ project: 'demo', installedVersion: '1.1.0' }), {
      name: 'TrustError',
      code,
    });
    const { counters } = JSON.parse(world.store.text ?? '') as { counters: readonly { counter: number }[] };
    assert.ok((counters[0]?.counter ?? 0) >= 7);
  });
}

test('no trust list at all is refused as trust_missing', async () => {
  await using world = await openWorld();
  world.server.pages.delete(trustPath);
  await assert.rejects(world.createClient().refreshTrust(), { code: 'trust_missing' });
});

test('an application may set its own bound on age', async () => {
  await using world = await openWorld();
  const request = { project: 'demo' };
  await assert.rejects(world.createClient({ maxAgeMs: 5 * day }).checkForUpdate(request), { code: 'manifest_stale' });
  assert.equal((await world.createClient({ maxAgeMs: 6 * day }).checkForUpdate(request)).kind, 'update');
});

test('an application that sets a wide bound on age takes an old manifest without expiry', async () => {
  await using world = await openWorld();
  world.server.pages.set(manifestPath, await signManifest({ expires_at: undefined }));
  const client = world.createClient({ maxAgeMs: 400 * day, now: () => now + 300 * day });
  assert.equal((await client.checkForUpdate({ project: 'demo' })).kind, 'update');
});

test('a higher epoch of the trust list lets a client get over a counter driven up by a thief', async () => {
  await using world = await openWorld();
  const client = world.createClient();
  world.server.pages.set(manifestPath, await signManifest({ counter: Number.MAX_SAFE_INTEGER }));
  await client.checkForUpdate({ project: 'demo' });
  const projects = [{ project: 'demo', approvals: 0, counter_epoch: 1 }];
  world.server.pages.set(trustPath, await signTrust({ trust_version: 4, projects }));
  world.server.pages.set(manifestPath, await signManifest({ counter: 1, counter_epoch: 1 }));
  assert.equal((await client.checkForUpdate({ project: 'demo' })).kind, 'update');
  world.server.pages.set(trustPath, await signTrust({ trust_version: 5 }));
  world.server.pages.set(manifestPath, await signManifest({ counter: Number.MAX_SAFE_INTEGER }));
  await assert.rejects(client.checkForUpdate({ project: 'demo' }), { code: 'manifest_replayed' });
});

test('two checks at once do not overwrite a higher counter with a lower one', async () => {
  await using world = await openWorld();
  const client = world.createClient();
  const answers = [await signManifest({ counter: 9 }), await signManifest({ counter: 8 })];
  world.server.pages.set(manifestPath, (response) => response.end(answers.shift()));
  const [first, second] = await Promise.allSettled([
    client.checkForUpdate({ project: 'demo' }),
    client.checkForUpdate({ project: 'demo' }),
  ]);
  assert.deepEqual([first?.status, second?.status], ['fulfilled', 'rejected']);
  assert.match(world.store.text ?? '', /"counter":9/);
});

function roots(signers: readonly Signer[], threshold: number): SignableObject {
  return { root_keys: signers.map(describeKey), threshold };
}

/** Roots A, then A and B, then C alone, then a list by C: what a server with that history answers. */
async function publishRootChanges(pages: Map<string, unknown>): Promise<void> {
  const links = [
    await signTrust({ trust_version: 1, ...roots([rootA], 1) }),
    await signTrust({ trust_version: 5, ...roots([rootA, rootB], 2) }, [rootA, rootB]),
    await signTrust({ trust_version: 6, ...roots([rootC], 1), expires_at: '2027-01-02T00:00:00Z' }, [
      rootA,
      rootB,
      rootC,
    ]),
  ];
  pages.set(rootsPath, `{"roots":[${links.join(',')}]}`);
  pages.set(trustPath, await signTrust({ trust_version: 8, ...roots([rootC], 1) }, [rootC]));
}

test('a client that pins the first root follows every change of roots, whether or not a link has expired', async () => {
  await using world = await openWorld();
  await publishRootChanges(world.server.pages);
  const list = await world.createClient().refreshTrust();
  assert.equal(list.version, 8);
  assert.deepEqual(
    world.steps.filter(({ name }) => name === 'roots_changed').map(({ detail }) => detail),
    ['by trust list 5, to 2 roots', 'by trust list 6, to 1 roots'],
  );
});

test('a client that pins a later root passes over the changes before it', async () => {
  await using world = await openWorld();
  await publishRootChanges(world.server.pages);
  const client = world.createClient({ roots: [rootC.pubkeyB64] });
  assert.equal((await client.refreshTrust()).version, 8);
  assert.deepEqual(world.server.requests, [trustPath]);
});

test('roots that were replaced are not asked again, even when the latest list was refused', async () => {
  await using world = await openWorld();
  await publishRootChanges(world.server.pages);
  world.server.pages.set(trustPath, await signTrust({ trust_version: 8, expires_at: '2027-01-02T00:00:00Z' }, [rootC]));
  const client = world.createClient();
  await assert.rejects(client.refreshTrust(), { code: 'trust_expired' });
  world.server.pages.set(trustPath, await signTrust({ trust_version: 9 }, [rootA]));
  await assert.rejects(client.refreshTrust(), { code: 'bad_signature' });
});

test('a change of roots that the old roots did not sign is not followed', async () => {
  await using world = await openWorld();
  const link = await signTrust({ trust_version: 5, ...roots([rootB], 1) }, [rootB]);
  world.server.pages.set(rootsPath, `{"roots":[${link}]}`);
  world.server.pages.set(trustPath, await signTrust({ trust_version: 6 }, [rootB]));
  await assert.rejects(world.createClient().refreshTrust(), { code: 'bad_signature' });
  assert.equal(world.store.text, undefined);
});

test('a change to roots that did not sign it themselves is refused as root_not_trusted', async () => {
  await using world = await openWorld();
  world.server.pages.set(trustPath, await signTrust({ trust_version: 5, ...roots([rootB], 1) }, [rootA]));
  await assert.rejects(world.createClient().refreshTrust(), { code: 'root_not_trusted' });
});

test('more root changes than any deployment has are refused', async () => {
  await using world = await openWorld();
  const link = await signTrust({}, [rootB]);
  world.server.pages.set(trustPath, link);
  world.server.pages.set(rootsPath, `{"roots":[${Array.from({ length: 257 }, () => link).join(',')}]}`);
  await assert.rejects(world.createClient().refreshTrust(), { code: 'too_large' });
});

test('options that cannot work are mistakes of the programmer', async () => {
  await using world = await openWorld();
  for (const base of ['file:///x', 'https://a.example/?x', 'https://a.example/#x', 'https://user@a.example/']) {
    assert.throws(() => world.createClient({ base }), TypeError);
  }
  assert.throws(() => world.createClient({ roots: [] }), TypeError);
  assert.throws(() => world.createClient({ roots: [rootA.pubkeyB64, rootB.pubkeyB64] }), TypeError);
  await assert.rejects(world.createClient().checkForUpdate({ project: '../x' }), TypeError);
  await assert.rejects(world.createClient().checkForUpdate({ project: 'demo', channel: 'a/b' }), TypeError);
  await assert.rejects(world.createClient({ roots: ['x'] }).refreshTrust(), { code: 'malformed' });
  await assert.rejects(world.createClient({ threshold: 2 }).refreshTrust(), { code: 'malformed' });
});
