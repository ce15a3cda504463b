/** Whatever a server serves in whatever order, what a client has accepted never goes back: a model predicts each answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Updater } from '@signpost/protocol/client/updater';
import { TrustError } from '@signpost/protocol/errors';
import fc from 'fast-check';
import { signManifest, signTrust } from '../documents.ts';
import { manifestPath, openWorld, trustPath, type World } from './world.ts';

interface TrustPage {
  readonly version: number;
  readonly epoch: number;
  readonly content: number;
}

interface ManifestPage {
  readonly counter: number;
  readonly epoch: number;
  readonly content: number;
}

/** What is served, and what the client must have seen. */
interface Model {
  trust: TrustPage;
  manifest: ManifestPage;
  seenTrust: TrustPage | undefined;
  seenManifest: ManifestPage | undefined;
}

interface Real {
  readonly world: World;
  client: Updater;
  /** The state text that the application shipped last. */
  baseline: string | undefined;
}

const trustPages: fc.Arbitrary<TrustPage> = fc.record({
  version: fc.integer({ min: 1, max: 4 }),
  epoch: fc.nat(1),
  content: fc.nat(1),
});
const manifestPages: fc.Arbitrary<ManifestPage> = fc.record({
  counter: fc.integer({ min: 1, max: 4 }),
  epoch: fc.nat(1),
  content: fc.nat(1),
});

function textOfTrust({ version, epoch, content }: TrustPage): Promise<string> {
  const projects = [{ project: 'demo', approvals: 0, counter_epoch: epoch }];
  return signTrust({ trust_version: version, projects, content });
}

function textOfManifest({ counter, epoch, content }: ManifestPage): Promise<string> {
  return signManifest({ counter, counter_epoch: epoch, content });
}

function predictTrust({ trust, seenTrust }: Model): string {
  if (!seenTrust || trust.version > seenTrust.version) return 'accepted';
  return trust.version === seenTrust.version && isSame(trust, seenTrust) ? 'accepted' : 'trust_replayed';
}

function predictManifest({ trust, manifest, seenManifest }: Model): string {
  if (manifest.epoch !== trust.epoch) return 'manifest_replayed';
  if (!seenManifest || manifest.epoch > seenManifest.epoch) return 'accepted';
  if (manifest.epoch < seenManifest.epoch) return 'manifest_replayed';
  if (manifest.counter > seenManifest.counter) return 'accepted';
  return isSame(manifest, seenManifest) ? 'accepted' : 'manifest_replayed';
}

function isSame(left: object, right: object): boolean {
  return JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort());
}

type Command = fc.AsyncCommand<Model, Real>;

function serveTrust(page: TrustPage): Command {
  return {
    check: () => true,
    toString: () => `serve trust ${JSON.stringify(page)}`,
    run: async (model, { world }) => {
      model.trust = page;
      world.server.pages.set(trustPath, await textOfTrust(page));
    },
  };
}

function serveManifest(page: ManifestPage): Command {
  return {
    check: () => true,
    toString: () => `serve manifest ${JSON.stringify(page)}`,
    run: async (model, { world }) => {
      model.manifest = page;
      world.server.pages.set(manifestPath, await textOfManifest(page));
    },
  };
}

const checkForUpdate: Command = {
  check: () => true,
  toString: () => 'check',
  run: async (model, { client, world }) => {
    const trust = predictTrust(model);
    if (trust === 'accepted') model.seenTrust = model.trust;
    const expected = trust === 'accepted' ? predictManifest(model) : trust;
    if (expected === 'accepted') model.seenManifest = model.manifest;
    const outcome = await client.checkForUpdate({ project: 'demo', installedVersion: '1.0.0' }).then(
      ({ kind }) => (kind === 'update' ? 'accepted' : kind),
      (error: unknown) => (error instanceof TrustError ? error.code : String(error)),
    );
    assert.equal(outcome, expected);
    assertStored(model, world.store.text);
  },
};

const restart: Command = {
  check: () => true,
  toString: () => 'restart',
  run: async (_, real) => {
    real.client = real.world.createClient({ baseline: real.baseline });
  },
};

const shipBaseline: Command = {
  check: () => true,
  toString: () => 'lose the state, and ship what it was as a baseline',
  run: async (_, real) => {
    real.baseline = real.world.store.text ?? real.baseline;
    real.world.store.text = undefined;
    real.client = real.world.createClient({ baseline: real.baseline });
  },
};

function assertStored({ seenTrust, seenManifest }: Model, text: string | undefined): void {
  if (text === undefined) return;
  const state = JSON.parse(text) as { trust?: string; counters: readonly { epoch: number; counter: number }[] };
  if (state.trust && seenTrust) {
    const { trust } = JSON.parse(state.trust) as { trust: { trust_version: number } };
    assert.equal(trust.trust_version, seenTrust.version);
  }
  const [seen] = state.counters;
  assert.deepEqual(seen && [seen.epoch, seen.counter], seenManifest && [seenManifest.epoch, seenManifest.counter]);
}

test('no sequence of answers, restarts and lost states lowers what a client has accepted', async () => {
  await using world = await openWorld();
  const commands = fc.commands(
    [
      trustPages.map(serveTrust),
      manifestPages.map(serveManifest),
      fc.constant(checkForUpdate),
      fc.constant(checkForUpdate),
      fc.constant(restart),
      fc.constant(shipBaseline),
    ],
    { maxCommands: 40, size: 'max' },
  );
  await fc.assert(
    fc.asyncProperty(commands, (sequence) => fc.asyncModelRun(() => startSequence(world), sequence)),
    { numRuns: 60 },
  );
});

async function startSequence(world: World): Promise<{ model: Model; real: Real }> {
  const trust = { version: 2, epoch: 0, content: 0 };
  const manifest = { counter: 2, epoch: 0, content: 0 };
  world.store.text = undefined;
  world.server.pages.set(trustPath, await textOfTrust(trust));
  world.server.pages.set(manifestPath, await textOfManifest(manifest));
  return {
    model: { trust, manifest, seenTrust: undefined, seenManifest: undefined },
    real: { world, client: world.createClient(), baseline: undefined },
  };
}
