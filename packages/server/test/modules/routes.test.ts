/** Collections, modules and catalogues over HTTP. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createUpdater } from '@signpost/protocol/client/updater';
import { type Answer, type Credential, openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { publish } from './shop.ts';

const path = '/api/modules/addons';
const modules = '/api/collections/addons/modules';

suite('the routes of modules', () => {
  let scene: PlanesScene;
  let manager: Credential;

  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers) await close();
  });
  before(async () => {
    scene = await openPlanesScene(
      { after: (close) => void closers.push(close as () => unknown) },
      { environment: { SIGNPOST_BASE_URL: 'https://releases.example' } },
    );
    manager = await scene.openPerson(scene.home, 'manager');
    await scene.home.openServerKey(1);
  });

  function send(method: string, path: string, json?: unknown): Promise<Answer> {
    return scene.ask(method, path, { as: manager, ...(json === undefined ? {} : { json }) });
  }

  /** As the pipeline would after an upload. */
  async function release(slug: string, version: string): Promise<void> {
    const { database } = scene.resources;
    const row = await database.query
      .selectFrom('project')
      .select('id')
      .where('slug', '=', slug)
      .executeTakeFirstOrThrow();
    const { catalogues, published } = scene.resources;
    const dependencies = { ...scene.home.dependencies, catalogues, baseUrl: 'https://releases.example' };
    await publish({ ...scene.home, dependencies }, { slug, projectId: row.id, version });
    published(scene.home.caller.organisationId);
  }

  test('a manager makes a collection, which has an empty catalogue at once', async () => {
    assert.equal((await scene.ask('GET', path)).status, 404);
    const made = await send('POST', '/api/collections', { slug: 'addons', name: 'Add-ons' });
    assert.equal(made.status, 201);
    assert.deepEqual([made.json.name, made.json.modules, made.json.catalogue_days], [{ en: 'Add-ons' }, 0, 14]);
    const catalogue = await scene.ask('GET', path);
    assert.deepEqual([catalogue.status, catalogue.json.modules], [200, []]);
    assert.equal((await send('POST', '/api/collections', { slug: 'addons' })).status, 409);
    assert.equal((await send('POST', '/api/collections', { slug: 'api' })).json.rule, 'slug-reserved');
  });

  test('a module is made, changed and shown', async () => {
    const made = await send('POST', modules, {
      ...{ slug: 'maps', name: { en: 'Maps', de: 'Karten' }, category: 'Tools', requires_permissions: ['files.read'] },
      ...{ info_url: 'https://maps.example/', scan: 'off' },
    });
    assert.equal(made.status, 201);
    assert.deepEqual([made.json.trust_level, made.json.offered_version], ['community', null]);
    const changed = await send('PATCH', `${modules}/maps`, { trust_level: 'official', info_url: null });
    assert.deepEqual([changed.json.trust_level, changed.json.info_url], ['official', null]);
    await release('maps', '1.0.0');
    assert.equal((await send('GET', `${modules}/maps`)).json.offered_version, '1.0.0');
    const listed = await send('GET', modules);
    assert.equal((listed.json.modules as unknown[]).length, 1);
    assert.equal(
      (await send('POST', modules, { slug: 'evil', info_url: 'javascript:1' })).json.rule,
      'module-info-url',
    );
    assert.equal((await send('PATCH', `${modules}/maps`, { trust_level: 'root' })).status, 400);
  });

  test('the catalogue is served with a strong tag from one buffer, by GET and HEAD, and is unchanged to who has it', async () => {
    const first = await scene.ask('GET', path);
    assert.equal(first.status, 200);
    const [entry] = first.json.modules as Record<string, unknown>[];
    assert.equal(entry?.download_url, 'https://releases.example/maps/1.0.0/app-1.0.0.zip');
    assert.equal(entry?.current_version, '1.0.0');
    const etag = String(first.headers.etag);
    assert.match(etag, /^"[0-9a-f]{64}"$/);
    const unchanged = await scene.ask('GET', path, { headers: { 'if-none-match': etag } });
    assert.deepEqual([unchanged.status, unchanged.body.length, unchanged.headers.etag], [304, 0, etag]);
    const asked = await scene.ask('GET', path, { as: manager, headers: { 'if-none-match': etag } });
    assert.equal(asked.status, 304);
    const head = await scene.ask('HEAD', path);
    assert.deepEqual([head.status, head.body.length, head.headers.etag], [200, 0, etag]);
    assert.deepEqual((await scene.ask('GET', path)).body, first.body);
  });

  test('words behind the path make no second buffer of a catalogue: strangers could ask for any number', async () => {
    const first = await scene.ask('GET', path);
    const again = await scene.ask('GET', `${path}?any=1`);
    assert.deepEqual([again.status, again.headers.etag], [200, first.headers.etag]);
    const { host } = new URL(scene.url);
    assert.ok(scene.resources.prepared.find(host, path));
    assert.equal(scene.resources.prepared.find(host, `${path}?any=1`), undefined);
  });

  test('hosts that nobody told of share one buffer, which is read once for all who ask at once', async () => {
    const { database, prepared, published } = scene.resources;
    // Work behind earlier events reads catalogues too.
    await scene.relay.drain();
    published(scene.home.caller.organisationId);
    let readings = 0;
    const { query } = database;
    const selectFrom = query.selectFrom.bind(query);
    const count = (table: never) => {
      if (String(table) === 'catalogue_entry') readings += 1;
      return selectFrom(table);
    };
    Object.assign(query, { selectFrom: count });
    try {
      const ask = (index: number) => scene.ask('GET', path, { headers: { host: `host-${index}.example` } });
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(index)));
      assert.equal(new Set(answers.map(({ status, headers }) => `${status} ${headers.etag}`)).size, 1);
      // The entries, what of them was withdrawn, and whose keys signed them.
      assert.equal(readings, 3);
      const kept = Array.from({ length: 20 }, (_, index) => prepared.find(`host-${index}.example`, path));
      assert.equal(new Set(kept.map((answer) => answer?.body).filter(Boolean)).size, 1);
      assert.equal(kept.filter(Boolean).length, 7);
    } finally {
      Object.assign(query, { selectFrom });
    }
    published(scene.home.caller.organisationId);
  });

  test('the served catalogue changes with what is published', async () => {
    const before = (await scene.ask('GET', path)).headers.etag;
    await send('PATCH', `${modules}/maps`, { description: 'Shows maps.' });
    const after = await scene.ask('GET', path, { headers: { 'if-none-match': String(before) } });
    assert.equal(after.status, 200);
    const answer = await send('POST', '/api/projects/maps/releases/1.0.0/withdraw', { reason: 'broken' });
    assert.equal(answer.status, 200);
    assert.deepEqual((await scene.ask('GET', path)).json.modules, []);
    await release('maps', '1.1.0');
  });

  test('the library of clients reads it', async () => {
    const store = { text: undefined as string | undefined };
    const { now } = scene.resources;
    const updater = createUpdater({
      ...{ base: scene.url, roots: [scene.home.root.pubkeyB64], fetch, now },
      store: { read: async () => store.text, write: async (text) => void Object.assign(store, { text }) },
    });
    const request = { collection: 'addons', installed: { maps: '1.0.0' }, servedAs: 'https://releases.example' };
    const found = await updater.checkCatalogue(request);
    assert.ok(found.kind === 'catalogue');
    assert.deepEqual(
      found.modules.map((module) => module.kind === 'update' && [module.entry.slug, module.order]),
      [['maps', 'newer']],
    );
  });

  test('members see the state of a catalogue', async () => {
    const { json } = await send('GET', '/api/collections/addons/catalogue');
    assert.deepEqual([json.entries, json.served, json.reason, json.behind_since], [1, true, null, null]);
    assert.ok(Number(json.version) > 1);
  });

  test('what is no collection or module of this organisation is not there', async () => {
    const stranger = await scene.openPerson(scene.other, 'admin');
    const elsewhere = { as: stranger, headers: { host: 'other.example' } };
    assert.equal((await scene.ask('GET', '/api/collections/addons', elsewhere)).status, 404);
    assert.equal((await scene.ask('GET', path, { headers: { host: 'other.example' } })).status, 404);
    assert.equal((await scene.ask('GET', '/o/other/api/modules/addons')).status, 404);
    for (const missing of [
      '/api/collections/nothing',
      '/api/collections/maps',
      `${modules}/nothing`,
      `${modules}/addons`,
    ]) {
      assert.equal((await send('GET', missing)).status, 404, missing);
    }
    assert.equal((await scene.ask('GET', '/api/modules/maps')).status, 404);
  });

  test('viewers look, keys of one project and strangers do not', async () => {
    const viewer = await scene.openPerson(scene.home, 'viewer');
    assert.equal((await scene.ask('GET', '/api/collections', { as: viewer })).status, 200);
    assert.equal((await scene.ask('POST', '/api/collections', { as: viewer, json: { slug: 'more' } })).status, 403);
    const bound = await scene.openKey(scene.home, ['manage'], 'project:maps');
    const promote = { as: bound, json: { trust_level: 'official' } };
    assert.equal((await scene.ask('PATCH', `${modules}/maps`, promote)).status, 403);
    assert.equal((await scene.ask('GET', '/api/collections')).status, 401);
  });

  test('a collection takes no uploads, and is not deleted while it holds modules', async () => {
    const upload = { version: '1.0.0', name: 'a.zip', size_bytes: 10 };
    const refused = await send('POST', '/api/projects/addons/uploads', upload);
    assert.deepEqual([refused.status, refused.json.rule], [409, 'collection-without-releases']);
    const kept = await send('DELETE', '/api/collections/addons');
    assert.deepEqual([kept.status, kept.json.rule], [409, 'collection-not-empty']);
    assert.equal((await send('DELETE', '/api/projects/addons')).status, 409);
    assert.equal((await send('DELETE', `${modules}/maps`)).status, 204);
    assert.deepEqual((await scene.ask('GET', path)).json.modules, []);
    assert.equal((await send('DELETE', '/api/collections/addons')).status, 204);
    assert.equal((await scene.ask('GET', path)).status, 404);
  });

  test('an event tells of each catalogue', async () => {
    const rows = await scene.resources.database.query.selectFrom('audit_event').select('action').execute();
    const actions = new Set(rows.map(({ action }) => action));
    for (const action of ['catalogue.signed', 'module.created', 'module.changed'])
      assert.ok(actions.has(action), action);
  });
});
