/** What a client makes of a catalogue: what may be installed, what is refused, and what it remembers. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import type { CatalogueCheck, ModuleCheck } from '@signpost/protocol/client/check-catalogue';
import { parseState } from '@signpost/protocol/client/state';
import { catalogueStepNames } from '@signpost/protocol/client/steps';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { encodeAuthorSignature, encodeAuthorStatement } from '@signpost/protocol/updates/author';
import { aliceKey, bobKey, catalogueEntry, manifestDocument, now, signCatalogue, signManifest } from '../documents.ts';
import { refuses } from '../refuses.ts';
import { openWorld, type World } from './world.ts';

const path = '/api/modules/addons';
const day = 86_400_000;

/** Serves a catalogue whose entries download from the world's own server. */
async function serve({ server }: World, changes: SignableObject = {}): Promise<void> {
  const modules = [await entryOf(server.base)];
  server.pages.set(path, await signCatalogue({ modules, ...changes }));
}

function entryOf(base: string, changes: SignableObject = {}, manifest?: Promise<string>): Promise<SignableObject> {
  return catalogueEntry({ download_url: `${base}/demo/1.2.0/demo.zip`, ...changes }, manifest);
}

function listModules(check: CatalogueCheck): readonly ModuleCheck[] {
  assert.ok(check.kind === 'catalogue');
  return check.modules;
}

function codeOf(module: ModuleCheck | undefined): string {
  return module?.kind === 'refused' ? module.error.code : `${module?.kind}`;
}

test('a client reads a catalogue, reports each step, and downloads a module of it', async () => {
  await using world = await openWorld();
  await serve(world);
  const client = world.createClient();
  const [module] = listModules(await client.checkCatalogue({ collection: 'addons', installed: { demo: '1.1.0' } }));
  assert.ok(module?.kind === 'update');
  assert.equal(module.order, 'newer');
  assert.equal(module.entry.trustLevel, 'official');
  const names = world.steps.map(({ name }) => name).filter((name) => name.startsWith('catalogue'));
  assert.deepEqual(names, catalogueStepNames);
  const acts: string[] = [];
  const sink = { write() {}, abort: () => void acts.push('abort'), commit: () => void acts.push('commit') };
  await client.download(module.manifest.main, sink);
  assert.deepEqual(acts, ['commit']);
});

test('version and counters are stored before anything is returned', async () => {
  await using world = await openWorld();
  await serve(world);
  await world.createClient().checkCatalogue({ collection: 'addons' });
  const { catalogues, counters } = await parseState(world.store.text ?? '');
  assert.deepEqual(
    catalogues.map(({ collection, version }) => [collection, version]),
    [['addons', 4]],
  );
  assert.deepEqual(
    counters.map(({ project, counter }) => [project, counter]),
    [['demo', 7]],
  );
});

test('a module that runs is current, and one that nobody has is an update', async () => {
  await using world = await openWorld();
  await serve(world);
  const client = world.createClient();
  assert.equal(codeOf(listModules(await client.checkCatalogue({ collection: 'addons' }))[0]), 'update');
  const installed = { demo: '1.2.0' };
  assert.equal(codeOf(listModules(await client.checkCatalogue({ collection: 'addons', installed }))[0]), 'current');
});

test('what is wrong with one module refuses that module alone', async () => {
  await using world = await openWorld();
  const { base } = world.server;
  const other = (changes: SignableObject, manifest: SignableObject = {}) => {
    const url = '/other/1.2.0/demo.zip';
    const signed = signManifest({ project: 'other', url, ...manifest });
    return entryOf(base, { slug: 'other', download_url: `${base}${url}`, ...changes }, signed);
  };
  const cases: readonly [string, SignableObject, SignableObject?][] = [
    ['entry_unsigned', { signature: undefined }],
    ['entry_mismatch', { sha256: 'ab'.repeat(32) }],
    ['entry_mismatch', { current_version: '9.0.0' }],
    ['manifest_stale', {}, { expires_at: '2027-01-15T00:00:00Z' }],
    ['version_unsupported', {}, { min_version: '1.1.0' }],
  ];
  let version = 4;
  for (const [code, changes, manifest] of cases) {
    await serve(world, { version: version++, modules: [await other(changes, manifest), await entryOf(base)] });
    const request = { collection: 'addons', installed: { other: '1.0.0' } };
    const modules = listModules(await world.createClient().checkCatalogue(request));
    assert.deepEqual(modules.map(codeOf), [code, 'update']);
  }
});

test('a module is not rolled back by a catalogue that is newer than those seen', async () => {
  await using world = await openWorld();
  await serve(world);
  await world.createClient().checkCatalogue({ collection: 'addons' });
  const old = signManifest({ counter: 6, version: '1.1.0' });
  await serve(world, { version: 5, modules: [await entryOf(world.server.base, { current_version: '1.1.0' }, old)] });
  const modules = listModules(await world.createClient().checkCatalogue({ collection: 'addons' }));
  assert.deepEqual(modules.map(codeOf), ['manifest_replayed']);
});

test('a counter seen by the check of the module alone holds in the catalogue, and the other way round', async () => {
  await using world = await openWorld();
  world.server.pages.set('/api/projects/demo/manifest', await signManifest({ counter: 8 }));
  await world.createClient().checkForUpdate({ project: 'demo' });
  await serve(world);
  const modules = listModules(await world.createClient().checkCatalogue({ collection: 'addons' }));
  assert.deepEqual(modules.map(codeOf), ['manifest_replayed']);
});

test('catalogues that are older, other, expired or gone are refused', async () => {
  await using world = await openWorld();
  await serve(world);
  await world.createClient().checkCatalogue({ collection: 'addons' });
  const check = () => world.createClient().checkCatalogue({ collection: 'addons' });
  await serve(world, { version: 3 });
  await assert.rejects(check(), refuses('catalogue_replayed'));
  await serve(world, { issued_at: '2027-01-14T00:00:01Z' });
  await assert.rejects(check(), refuses('catalogue_replayed'));
  await serve(world, { version: 5, expires_at: '2027-01-15T00:00:00Z' });
  await assert.rejects(check(), refuses('catalogue_stale'));
  world.server.pages.delete(path);
  await assert.rejects(check(), refuses('catalogue_missing'));
});

test('a collection that never had a catalogue has none', async () => {
  await using world = await openWorld();
  assert.deepEqual(await world.createClient().checkCatalogue({ collection: 'addons' }), { kind: 'none' });
});

test('behind a mirror the downloads are named as the server that signed calls itself', async () => {
  await using world = await openWorld();
  world.server.pages.set(path, await signCatalogue());
  const client = world.createClient();
  const request = { collection: 'addons', servedAs: 'https://releases.example/' };
  assert.deepEqual(listModules(await client.checkCatalogue(request)).map(codeOf), ['update']);
  const modules = listModules(await client.checkCatalogue({ collection: 'addons' }));
  assert.deepEqual(modules.map(codeOf), ['entry_mismatch']);
});

test('a catalogue that did not change is fetched once, and judged each time', async () => {
  await using world = await openWorld();
  const text = await signCatalogue({ modules: [await entryOf(world.server.base)] });
  const asked: (string | undefined)[] = [];
  world.server.pages.set(path, (response: ServerResponse) => {
    const tag = response.req.headers['if-none-match'];
    asked.push(tag);
    if (tag === '"one"') response.writeHead(304).end();
    else response.setHeader('ETag', '"one"').end(text);
  });
  let time = now;
  const client = world.createClient({ now: () => time });
  await client.checkCatalogue({ collection: 'addons' });
  assert.deepEqual(listModules(await client.checkCatalogue({ collection: 'addons' })).map(codeOf), ['update']);
  assert.deepEqual(asked, [undefined, '"one"']);
  time += 10 * day;
  await assert.rejects(client.checkCatalogue({ collection: 'addons' }), refuses('catalogue_stale'));
});

test('a server that says unchanged to who knows nothing is refused', async () => {
  await using world = await openWorld();
  world.server.pages.set(path, (response: ServerResponse) => void response.writeHead(304).end());
  await assert.rejects(world.createClient().checkCatalogue({ collection: 'addons' }), refuses('fetch_failed'));
});

test('a name that is no slug is a mistake of the application', async () => {
  await using world = await openWorld();
  await assert.rejects(world.createClient().checkCatalogue({ collection: '../x' }), TypeError);
});

test('the key of an author is remembered at first sight; another one, or none, is refused until a person accepts it', async () => {
  await using world = await openWorld();
  const { base } = world.server;
  let version = 4;
  const look = async (author: SignableObject | undefined, acceptedAuthors?: Record<string, string>) => {
    const entry = await entryOf(base, author === undefined ? {} : { author });
    version += 1;
    world.server.pages.set(path, await signCatalogue({ modules: [entry], version }));
    return codeOf(listModules(await world.createClient().checkCatalogue({ collection: 'addons', acceptedAuthors }))[0]);
  };
  assert.equal(await look(undefined), 'update');
  assert.equal(await look(await authorOf(aliceKey)), 'update');
  assert.equal(await look(undefined), 'author_changed');
  assert.equal(await look(await authorOf(bobKey)), 'author_changed');
  assert.equal(await look(await authorOf(bobKey), { demo: aliceKey.keyId }), 'author_changed');
  assert.equal(await look(undefined, { demo: bobKey.keyId }), 'author_changed');
  assert.equal(await look(await authorOf(aliceKey)), 'update', 'what was refused is not remembered');
  assert.equal(await look(await authorOf(bobKey), { demo: bobKey.keyId }), 'update');
  assert.equal(await look(await authorOf(aliceKey)), 'author_changed');
  assert.equal(await look(await authorOf(bobKey)), 'update');
  assert.equal(await look(await authorOf(bobKey, { version: '9.9.9' })), 'bad_signature');
});

test('what an author signed before the version that was seen is refused, and does not count as seen', async () => {
  await using world = await openWorld();
  let version = 4;
  const look = async (key: typeof aliceKey, counter: number, acceptedAuthors?: Record<string, string>) => {
    const entry = await entryOf(world.server.base, { author: await authorOf(key, {}, counter) });
    version += 1;
    world.server.pages.set(path, await signCatalogue({ modules: [entry], version }));
    return codeOf(listModules(await world.createClient().checkCatalogue({ collection: 'addons', acceptedAuthors }))[0]);
  };
  assert.equal(await look(aliceKey, 5), 'update');
  assert.equal(await look(aliceKey, 4), 'author_replayed');
  assert.equal(await look(aliceKey, 5), 'update');
  assert.equal(await look(aliceKey, 9), 'update');
  assert.equal(await look(aliceKey, 8), 'author_replayed');
  assert.equal(await look(bobKey, 1, { demo: bobKey.keyId }), 'update', 'each key has a counter of its own');
});

async function authorOf(key: typeof aliceKey, changes: SignableObject = {}, counter = 1): Promise<SignableObject> {
  const { version, sha256, size_bytes: sizeBytes } = { ...manifestDocument(), ...changes };
  const facts = { version: String(version), sha256: String(sha256), sizeBytes: Number(sizeBytes) };
  const statement = encodeAuthorStatement({ collection: 'addons', module: 'demo', counter, ...facts }, key.keyId);
  return encodeAuthorSignature({ counter, pubkeyB64: key.pubkeyB64, sig: encodeBase64(await key.sign(statement)) });
}
