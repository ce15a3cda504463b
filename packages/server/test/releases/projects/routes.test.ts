import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { problem } from '../../planes-problem.ts';
import { openPlanesScene, openShop, type PlanesScene } from '../../planes-scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

async function create(scene: PlanesScene, json: unknown, as?: Record<string, string>) {
  const key = as ?? (await scene.openKey(scene.home, ['manage']));
  return scene.ask('POST', '/api/projects', { as: key, json });
}

forEachEngine((_engine, open) => {
  test('a project is made, shown, listed, changed, deleted and restored', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const as = await scene.openKey(scene.home, ['read', 'manage']);
    const made = await create(scene, { slug: 'rocket' }, as);
    assert.equal(made.status, 201);
    const expected = {
      ...{ slug: 'rocket', kind: 'app', name: { en: 'rocket' }, description: {}, primary_locale: 'en', counter: 0 },
      ...{ accepted_types: ['zip', 'tar.gz'], scan: 'required', manifest_days: 30 },
      ...{ created_at: '2026-11-21T09:00:00.000Z', deleted_at: null },
    };
    assert.deepEqual(made.json, expected);
    const change = { name: 'Acme “Ünïcode” \u{1f600}', description: { en: 'What', de: 'Was' }, manifest_days: 90 };
    const changed = await scene.ask('PATCH', '/api/projects/rocket', { as, json: change });
    const now = { ...expected, ...change, name: { en: change.name } };
    assert.deepEqual(changed.json, now);
    const shown = await scene.ask('GET', '/api/projects/rocket', { as });
    assert.deepEqual(shown.json, { ...now, protection: { approvals: 0, protects: 'nobody' } });
    assert.deepEqual((await scene.ask('GET', '/api/projects', { as })).json.projects, [now]);
    assert.equal((await scene.ask('DELETE', '/api/projects/rocket', { as })).status, 204);
    assert.equal(problem(await scene.ask('GET', '/api/projects/rocket', { as })), '404 not_found');
    assert.equal(problem(await scene.ask('PATCH', '/api/projects/rocket', { as, json: {} })), '404 not_found');
    assert.equal(problem(await create(scene, { slug: 'rocket' }, as)), '409 slug-taken');
    assert.deepEqual((await scene.ask('POST', '/api/projects/rocket/restore', { as })).json, now);
    assert.equal(problem(await scene.ask('POST', '/api/projects/rocket/restore', { as })), '409 not-deleted');
    assert.equal(problem(await scene.ask('POST', '/api/projects/nothing/restore', { as })), '404 not_found');
  });

  test('pages of projects hold each once, by slug, of one kind if one is asked for', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const as = await scene.openKey(scene.home, ['read', 'manage']);
    const make = (slug: string, kind = 'app') => create(scene, { slug, kind, name: `Nr. ${slug} (Äh)` }, as);
    const list = async (query: Record<string, string>) => {
      const { json } = await scene.ask('GET', `/api/projects?${new URLSearchParams(query)}`, { as });
      return { slugs: (json.projects as { slug: string }[]).map(({ slug }) => slug), next: json.next };
    };
    for (const slug of ['beta', 'delta', 'gamma', 'zeta']) await make(slug);
    for (const slug of ['alpha', 'epsilon']) await make(slug, 'wordpress_plugin');
    assert.deepEqual(await list({ limit: '3' }), { slugs: ['alpha', 'beta', 'delta'], next: 'delta' });
    for (const slug of ['aardvark', 'eta']) await make(slug);
    const rest = await list({ limit: '4', after: 'delta' });
    assert.deepEqual(rest, { slugs: ['epsilon', 'eta', 'gamma', 'zeta'], next: null });
    assert.equal((await list({})).slugs.length, 8);
    assert.deepEqual(await list({ kind: 'wordpress_plugin', limit: '1' }), { slugs: ['alpha'], next: 'alpha' });
    const plugins = await list({ kind: 'wordpress_plugin', limit: '1', after: 'alpha' });
    assert.deepEqual(plugins, { slugs: ['epsilon'], next: null });
    assert.deepEqual((await list({ search: '. ETA (äH' })).slugs, ['eta']);
    assert.deepEqual((await list({ search: 'eta', limit: '2' })).slugs, ['beta', 'eta']);
    for (const wild of ['%', 'b_ta', 'b?ta', '*', '"en"', '{'])
      assert.deepEqual((await list({ search: wild })).slugs, [], wild);
    const { database } = scene.resources;
    assert.deepEqual((await list({ signed: 'true' })).slugs, []);
    await database.query.updateTable('project').set({ counter: 1 }).where('slug', 'in', ['beta', 'eta']).execute();
    assert.deepEqual(await list({ signed: 'true', limit: '1' }), { slugs: ['beta'], next: 'beta' });
    assert.deepEqual(await list({ signed: 'true', limit: '1', after: 'beta' }), { slugs: ['eta'], next: null });
    for (const query of ['after=No%20slug', 'after=', 'limit=0', 'limit=501', 'kind=theme', 'signed=perhaps']) {
      assert.equal(problem(await scene.ask('GET', `/api/projects?${query}`, { as })), '400 schema', query);
    }
  });

  test('text that a database cannot store or nobody can sign is refused when it comes', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { key } = await openShop(scene);
    for (const bad of ['a\u0000b', 'a\u2028b', 'a\u2029b', 'a\ud800b']) {
      for (const body of [{ name: bad }, { description: { en: bad } }, { name: { en: 'ok', de: bad } }])
        assert.equal(problem(await create(scene, { slug: 'app-two', ...body }, key)), '400 schema');
      const releases = '/api/projects/rocket/releases/1.0.0';
      const changelog = await scene.ask('PATCH', releases, { as: key, json: { changelog: { en: bad } } });
      assert.equal(problem(changelog), '400 schema');
      const withdrawn = await scene.ask('POST', `${releases}/withdraw`, { as: key, json: { reason: bad } });
      assert.equal(problem(withdrawn), '400 schema');
      const signingKey = await scene.ask('POST', '/api/signing-keys', { as: key, json: { label: bad } });
      assert.equal(problem(signingKey), '400 schema');
    }
  });
});

suite('a project is refused', () => {
  test('for a slug that is malformed, reserved or taken', async (t) => {
    const scene = await openPlanesScene(t);
    for (const slug of [
      'ab',
      'Acme',
      '-rocket',
      'rocket-',
      'a b',
      'äcme',
      '../x',
      `a${'b'.repeat(48)} `,
      'a'.repeat(51),
    ])
      assert.match(problem(await create(scene, { slug })), /^400 (?:slug-form|schema)$/, slug);
    for (const slug of ['api', 'healthz', 'metrics', 'default', 'manifest', 'admin'])
      assert.equal(problem(await create(scene, { slug })), '400 slug-reserved');
    assert.equal((await create(scene, { slug: `a${'b'.repeat(48)}c` })).status, 201);
    assert.equal((await create(scene, { slug: 'abc' })).status, 201);
    const taken = await create(scene, { slug: 'abc' });
    assert.equal(problem(taken), '409 slug-taken');
    assert.ok(taken.json.hint);
  });

  test('for every field out of its bounds', async (t) => {
    const scene = await openPlanesScene(t);
    const bodies = [
      { kind: 'other' },
      { name: '' },
      { name: 'x'.repeat(201) },
      { name: { english: 'x' } },
      { name: { 'e!': 'x' } },
      { name: { de: 'only German' } },
      { name: {} },
      { primary_locale: 'english!' },
      { accepted_types: [] },
      { accepted_types: ['exe'] },
      { scan: 'maybe' },
      { manifest_days: 0 },
      { manifest_days: 3651 },
      { manifest_days: 1.5 },
      { manifest_days: '30' },
      { description: { en: 'x'.repeat(4001) } },
    ];
    for (const body of bodies) {
      const answer = await create(scene, { slug: 'rocket', ...body });
      assert.match(problem(answer), /^400 /, JSON.stringify(body));
    }
    assert.equal(problem(await create(scene, [])), '400 schema');
    assert.match(problem(await create(scene, undefined)), /^400 |^415 /);
  });
});

test('projects of another organisation do not exist, under whatever name one asks', async (t) => {
  const scene = await openPlanesScene(t);
  await openShop(scene, { organisation: scene.other, slug: 'theirs' });
  const everything = await scene.openKey(scene.home, ['read', 'upload', 'activate', 'manage', 'admin']);
  const admin = await scene.openPerson(scene.home, 'admin');
  const requests: [string, string, unknown?][] = [
    ['GET', '/api/projects/theirs'],
    ['PATCH', '/api/projects/theirs', { scan: 'off' }],
    ['DELETE', '/api/projects/theirs'],
    ['POST', '/api/projects/theirs/restore'],
    ['GET', '/api/projects/theirs/releases'],
    ['GET', '/api/projects/theirs/releases/1.0.0'],
    ['PATCH', '/api/projects/theirs/releases/1.0.0', {}],
    ['DELETE', '/api/projects/theirs/releases/1.0.0'],
    ['POST', '/api/projects/theirs/releases/1.0.0/activate'],
    ['POST', '/api/projects/theirs/releases/1.0.0/withdraw', { reason: 'x' }],
    ['POST', '/api/projects/theirs/releases/1.0.0/restore'],
    ['POST', '/api/projects/theirs/releases/1.0.0/proposal', { key_id: '0'.repeat(64) }],
    ['GET', '/api/projects/theirs/releases/1.0.0/proposal'],
    ['GET', '/api/projects/theirs/statistics'],
    ['GET', '/api/projects/theirs/badge.svg'],
    ['GET', '/api/projects/theirs/latest'],
    ['GET', '/theirs/info'],
  ];
  for (const [method, path, json] of requests) {
    for (const as of [everything, admin]) {
      const ours = await scene.ask(method, path, { as, ...(json === undefined ? {} : { json }) });
      assert.equal(problem(ours), '404 not_found', `${method} ${path}`);
      const prefixed = await scene.ask(method, `/o/other${path}`, { as, ...(json === undefined ? {} : { json }) });
      const isPublic = method === 'GET' && !/proposal|statistics|projects\/theirs$/.test(path);
      assert.equal(prefixed.status, isPublic ? 200 : 404, `${method} /o/other${path}`);
    }
  }
  assert.deepEqual((await scene.ask('GET', '/api/projects', { as: everything })).json.projects, []);
});

test('whoever has too little right is told so, and strangers are asked who they are', async (t) => {
  const scene = await openPlanesScene(t);
  const { projectId } = await openShop(scene);
  assert.ok(projectId);
  const viewer = await scene.openPerson(scene.home, 'viewer');
  const scoped = await scene.openKey(scene.home, ['manage', 'read'], 'project:rocket');
  const change = { json: { scan: 'off' } };
  assert.equal(problem(await scene.ask('PATCH', '/api/projects/rocket', change)), '401 unauthenticated');
  assert.equal(problem(await scene.ask('PATCH', '/api/projects/rocket', { ...change, as: viewer })), '403 role');
  assert.equal((await scene.ask('GET', '/api/projects/rocket', { as: viewer })).status, 200);
  assert.equal((await scene.ask('PATCH', '/api/projects/rocket', { ...change, as: scoped })).status, 200);
  assert.equal(problem(await create(scene, { slug: 'rocket-two' }, { ...scoped })), '403 key-scope');
  assert.equal(problem(await scene.ask('GET', '/api/projects', { as: scoped })), '403 key-scope');
});
