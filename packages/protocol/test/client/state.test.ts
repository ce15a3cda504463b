/** What survives: loss, damage, another application version, other pins. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { ChannelCounter } from '@signpost/protocol/client/state';
import {
  createRootSet,
  createState,
  encodeState,
  findCounter,
  mergeStates,
  parseState,
  raiseCounters,
  replaceAuthors,
} from '@signpost/protocol/client/state';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { verifyCheckpoint } from '@signpost/protocol/updates/verify-log';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import fc from 'fast-check';
import { aliceKey, createRoots, logKey, rootA, rootB, signManifest, signTrust, trustedKeyEntry } from '../documents.ts';
import { SmallLog } from '../tlog/small-log.ts';
import { manifestPath, openWorld, trustPath } from './world.ts';

const counters: fc.Arbitrary<ChannelCounter> = fc.record({
  project: fc.constantFrom('demo', 'other'),
  channel: fc.constantFrom('stable', 'beta'),
  epoch: fc.nat(2),
  counter: fc.integer({ min: 1, max: 9 }),
  digest: fc.constantFrom('ab'.repeat(32), 'cd'.repeat(32)),
});

test('a state is read back as it was written', async () => {
  const roots = await createRoots([rootA]);
  const trust = await verifyTrustList(encodeText(await signTrust()), { roots });
  const authors = [{ module: 'demo', keyId: 'ab'.repeat(32), counter: 3 }];
  const log = { origin: 'updates.example/log', key: await parsePublicKey(logKey.pubkeyB64) };
  const checkpoints = [await verifyCheckpoint(await new SmallLog().fill(3).checkpoint(), log)];
  await fc.assert(
    fc.asyncProperty(fc.array(counters), async (seen) => {
      const state = {
        pins: roots,
        roots,
        trust,
        counters: raiseCounters([], seen),
        catalogues: [],
        authors,
        checkpoints,
      };
      const text = encodeState(state);
      assert.equal(encodeState(await parseState(text)), text);
    }),
    { numRuns: 30 },
  );
});

test('merged states have the highest counter of both for every channel', async () => {
  const pins = await createRoots([rootA]);
  const state = (seen: readonly ChannelCounter[]) => ({
    ...createState(pins),
    counters: raiseCounters([], seen),
    catalogues: [],
    authors: [{ module: 'demo', keyId: 'ab'.repeat(32), counter: 3 }],
  });
  const rank = ({ epoch, counter }: ChannelCounter) => epoch * 100 + counter;
  fc.assert(
    fc.property(fc.array(counters), fc.array(counters), (left, right) => {
      const merged = mergeStates(state(left), state(right)).counters;
      for (const seen of [...left, ...right]) {
        const kept = findCounter(merged, seen.project, seen.channel);
        assert.ok(kept && rank(kept) >= rank(seen));
      }
      assert.equal(new Set(merged.map(({ project, channel }) => `${project}/${channel}`)).size, merged.length);
    }),
  );
});

test('roots without a number of those that must sign are no roots: no list is believed under them', async () => {
  await using world = await openWorld();
  for (const threshold of [Number.NaN, 0, 3, 1.5, '1' as unknown as number]) {
    await assert.rejects(createRootSet([rootA.pubkeyB64, rootB.pubkeyB64], threshold), { code: 'malformed' });
    const client = world.createClient({ threshold });
    await assert.rejects(client.refreshTrust(), { code: 'malformed' });
  }
  const { keys } = await createRoots([rootB]);
  const unsigned = encodeText(await signTrust());
  await assert.rejects(verifyTrustList(unsigned, { roots: { keys, threshold: Number.NaN } }), {
    code: 'bad_signature',
  });
});

test('a damaged state is refused as state_invalid: it is not the same as none', async () => {
  await using world = await openWorld();
  await world.createClient().checkForUpdate({ project: 'demo' });
  const honest = world.store.text ?? '';
  const damaged = [
    '',
    '{}',
    honest.slice(0, -1),
    honest.replace('"state_version":1', '"state_version":2'),
    honest.replace('"counter":7', '"counter":-7'),
    honest.replace('"threshold":1', '"threshold":2'),
    honest.replace('trust_version\\":3', 'trust_version\\":2'),
  ];
  for (const text of damaged) {
    assert.notEqual(text, honest);
    world.store.text = text;
    await assert.rejects(world.createClient().refreshTrust(), { code: 'state_invalid' });
  }
});

test('a lost state falls back to the baseline shipped inside the application', async () => {
  await using world = await openWorld();
  await world.createClient().checkForUpdate({ project: 'demo' });
  const baseline = world.store.text ?? '';
  world.store.text = undefined;
  world.server.pages.set(manifestPath, await signManifest({ counter: 6 }));
  await assert.rejects(world.createClient({ baseline }).checkForUpdate({ project: 'demo' }), {
    code: 'manifest_replayed',
  });
  world.server.pages.set(trustPath, await signTrust({ trust_version: 2 }));
  await assert.rejects(world.createClient({ baseline }).refreshTrust(), { code: 'trust_replayed' });
});

test('of state and baseline the higher version counts, for trust and for every counter by itself', async () => {
  await using world = await openWorld();
  await world.createClient().checkForUpdate({ project: 'demo' });
  const older = world.store.text;
  world.server.pages.set(trustPath, await signTrust({ trust_version: 9 }));
  world.server.pages.set(manifestPath, await signManifest({ counter: 20 }));
  await world.createClient().checkForUpdate({ project: 'demo' });
  const newer = world.store.text;
  for (const [stored, baseline] of [
    [older, newer],
    [newer, older],
  ]) {
    world.store.text = stored;
    world.server.pages.set(trustPath, await signTrust({ trust_version: 9 }));
    world.server.pages.set(manifestPath, await signManifest({ counter: 19 }));
    await assert.rejects(world.createClient({ baseline }).checkForUpdate({ project: 'demo' }), {
      code: 'manifest_replayed',
    });
    world.server.pages.set(trustPath, await signTrust({ trust_version: 8 }));
    await assert.rejects(world.createClient({ baseline }).refreshTrust(), { code: 'trust_replayed' });
  }
});

test('an application that pins another root starts from it, and keeps its counters', async () => {
  await using world = await openWorld();
  await world.createClient().checkForUpdate({ project: 'demo' });
  world.server.pages.set(trustPath, await signTrust({ trust_version: 1 }, [rootB]));
  world.server.pages.set(manifestPath, await signManifest({ counter: 6 }));
  const client = world.createClient({ roots: [rootB.pubkeyB64] });
  assert.equal((await client.refreshTrust()).version, 1);
  await assert.rejects(client.checkForUpdate({ project: 'demo' }), { code: 'manifest_replayed' });
  world.server.pages.set(trustPath, await signTrust({ trust_version: 4 }));
  await assert.rejects(client.refreshTrust(), { code: 'bad_signature' });
});

test('a list that the newly pinned root signed too still counts as seen', async () => {
  await using world = await openWorld();
  world.server.pages.set(trustPath, await signTrust({ trust_version: 6 }, [rootA, rootB]));
  await world.createClient().refreshTrust();
  world.server.pages.set(trustPath, await signTrust({ trust_version: 5 }, [rootB]));
  await assert.rejects(world.createClient({ roots: [rootB.pubkeyB64] }).refreshTrust(), { code: 'trust_replayed' });
});

test('a root may not sign manifests, even when the list leaves its roots unnamed', async () => {
  await using world = await openWorld();
  world.server.pages.set(
    trustPath,
    await signTrust({ valid_keys: [trustedKeyEntry(rootA), trustedKeyEntry(aliceKey)] }),
  );
  await assert.rejects(world.createClient().refreshTrust(), { code: 'malformed' });
});

test('the counter of an author never goes back, and another key begins with its own', () => {
  const seen = (keyId: string, counter: number) => [{ module: 'demo', keyId, counter }];
  assert.deepEqual(replaceAuthors(seen('a', 5), seen('a', 4)), seen('a', 5));
  assert.deepEqual(replaceAuthors(seen('a', 5), seen('a', 6)), seen('a', 6));
  assert.deepEqual(replaceAuthors(seen('a', 5), seen('b', 1)), seen('b', 1));
});
