/** Webhooks over HTTP: who may have them, what is no webhook, and that secrets are shown once and kept nowhere in the clear. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Refusal } from '../../../src/errors.ts';
import { judgeUrl } from '../../../src/push/webhooks/endpoints/url.ts';
import type { Database } from '../../../src/storage/database.ts';
import { problem } from '../../planes-problem.ts';
import { addProject } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { say } from './receiver.ts';
import { activation, openWebhookScene, path, type WebhookScene } from './scene.ts';

const hourMs = 3_600_000;

forEachEngine((_, open) => {
  const closers: (() => unknown)[] = [];
  let hooks: WebhookScene;
  let database: Database;

  before(async () => {
    database = await open();
    hooks = await openWebhookScene(database, closers);
    await addProject(hooks.scene.home, 'rocket');
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  test('managers have webhooks, viewers and strangers do not, and those of another organisation do not exist', async () => {
    const { scene, receiver } = hooks;
    const json = { url: receiver.url };
    const made = await scene.ask('POST', path, { as: await scene.openPerson(scene.home, 'manager'), json });
    assert.equal(made.status, 201, String(made.body));
    assert.equal(made.headers['cache-control'], 'no-store');
    const one = `${path}/${made.json.id}`;
    assert.equal((await scene.ask('GET', one, { as: await scene.openPerson(scene.home, 'admin') })).status, 200);
    for (const as of [
      await scene.openPerson(scene.home, 'viewer'),
      await scene.openKey(scene.home, ['read', 'upload', 'activate']),
      await scene.openKey(scene.home, ['manage'], 'project:rocket'),
    ]) {
      for (const [method, where] of [
        ['GET', path],
        ['POST', path],
        ['GET', one],
        ['POST', `${one}/test`],
      ] as const) {
        assert.equal((await scene.ask(method, where, method === 'GET' ? { as } : { as, json })).status, 403, where);
      }
    }
    assert.equal((await scene.ask('GET', path)).status, 401);
    const stranger = await scene.openKey(scene.other, ['manage']);
    const routes = [
      ['GET', one, undefined],
      ['PATCH', one, {}],
      ['DELETE', one, undefined],
      ['GET', `${one}/deliveries`, undefined],
      ['POST', `${one}/deliveries/${made.json.id}/replay`, undefined],
      ['POST', `${one}/disable`, undefined],
      ['POST', `${one}/enable`, undefined],
      ['POST', `${one}/replay`, { since: '2026-11-21T09:00:00.000Z' }],
      ['POST', `${one}/rotate`, {}],
      ['POST', `${one}/test`, undefined],
    ] as const;
    for (const [method, where, body] of routes) {
      const answer = await scene.ask(method, `/o/other${where}`, { as: stranger, json: body });
      assert.equal(answer.status, 404, `${method} ${where}`);
    }
    assert.deepEqual((await scene.ask('GET', `/o/other${path}`, { as: stranger })).json, { webhooks: [] });
  });

  test('what could be meant in two ways, or leads nowhere, is no webhook', async () => {
    const { url } = hooks.receiver;
    const wrong: readonly (readonly [object, string])[] = [
      [{}, '400 schema'],
      [{ url: 'nonsense' }, '400 url'],
      [{ url: 'ftp://host.example/' }, '400 url'],
      [{ url: url.replace('//', '//name:word@') }, '400 url'],
      [{ url: `${url}/#part` }, '400 url'],
      [{ url: `${url}/${'x'.repeat(2048)}` }, '400 schema'],
      [{ url: 'https://no-such-host.invalid/' }, '400 webhook-address'],
      [{ url, types: ['release.exploded'] }, '400 schema'],
      [{ url, types: ['heartbeat'] }, '400 schema'],
      [{ url, algorithm: 'none' }, '400 schema'],
      [{ url, project: 'no-such-project' }, '404 not_found'],
      [{ url, project: 'No Slug' }, '400 schema'],
      [{ url, description: 'x'.repeat(201) }, '400 schema'],
      [{ url, surprise: true }, '400 schema'],
    ];
    const count = async () => ((await hooks.ask('GET', path)).json.webhooks as unknown[]).length;
    const before = await count();
    for (const [json, expected] of wrong) {
      assert.equal(problem(await hooks.ask('POST', path, json)), expected, JSON.stringify(json).slice(0, 100));
    }
    assert.equal(await count(), before);
  });

  test('what is changed is changed, the rest stays, and every act is on record without the path', async () => {
    const { id } = await hooks.create({ description: 'chat', types: ['key.revoked'], project: 'rocket' });
    const one = `${path}/${id}`;
    const changed = await hooks.ask('PATCH', one, { url: `${hooks.receiver.url}/secret-path`, project: null });
    assert.equal(changed.status, 200, String(changed.body));
    const { url, project, types, description } = changed.json;
    assert.deepEqual(
      [url, project, types, description],
      [`${hooks.receiver.url}/secret-path`, null, ['key.revoked'], 'chat'],
    );
    assert.equal(problem(await hooks.ask('PATCH', one, { url: 'http://[fe80::1%25eth0]/' })), '400 url');
    assert.equal((await hooks.ask('POST', `${one}/disable`)).json.state, 'disabled');
    assert.equal((await hooks.ask('POST', `${one}/disable`)).json.state, 'disabled');
    assert.equal((await hooks.ask('POST', `${one}/enable`)).json.state, 'enabled');
    assert.equal((await hooks.ask('DELETE', one)).status, 204);
    assert.equal((await hooks.ask('GET', one)).status, 404);
    const rows = await database.query
      .selectFrom('audit_event')
      .select(['action', 'detail'])
      .where('object_id', '=', String(id))
      .orderBy('sequence')
      .execute();
    const acts = ['created', 'changed', 'disabled', 'enabled', 'removed'].map((act) => `webhook.${act}`);
    assert.deepEqual(
      rows.map(({ action }) => action),
      acts,
    );
    assert.doesNotMatch(JSON.stringify(rows), /secret-path|whsec_/);
  });

  test('a secret is shown when it is made, and stands nowhere: not in answers, rows, audit or log', async () => {
    const { id, secret = '' } = await hooks.create();
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    const bare = secret.slice('whsec_'.length);
    const places = [
      String((await hooks.ask('GET', path)).body),
      String((await hooks.ask('GET', `${path}/${id}/deliveries`)).body),
      JSON.stringify(await database.query.selectFrom('webhook_key').selectAll().execute()),
      JSON.stringify(await database.query.selectFrom('audit_event').selectAll().execute()),
      hooks.scene.lines.join(),
    ];
    for (const place of places)
      assert.ok(!place.includes(bare) && !place.includes(Buffer.from(bare, 'base64').toString('hex')));
  });

  test('an exchanged secret signs beside the new one for a day, and no longer', async () => {
    const { id } = await hooks.create({ types: ['key.revoked'] });
    hooks.receiver.answer = say(204);
    const signatures = async () => {
      hooks.receiver.received.length = 0;
      await hooks.ask('POST', `${path}/${id}/test`);
      await hooks.deliver();
      return hooks.receiver.received.at(-1)?.headers['webhook-signature']?.split(' ').length;
    };
    assert.equal(await signatures(), 1);
    const rotated = await hooks.ask('POST', `${path}/${id}/rotate`, {});
    assert.equal(rotated.status, 200, String(rotated.body));
    assert.match(String(rotated.json.secret), /^whsec_/);
    const end = Date.parse(String(rotated.json.overlap_ends_at)) - hooks.scene.resources.now();
    assert.equal(end, 24 * hourMs);
    assert.equal(await signatures(), 2);
    for (let more = 0; more < 3; more++) await hooks.ask('POST', `${path}/${id}/rotate`, {});
    assert.equal(await signatures(), 3);
    hooks.scene.home.travel(24 * hourMs);
    assert.equal(await signatures(), 1);
    await hooks.ask('POST', `${path}/${id}/rotate`, { overlap_hours: 0 });
    assert.equal(await signatures(), 1);
    const stored = await database.query
      .selectFrom('webhook_key')
      .select('id')
      .where('endpoint_id', '=', String(id))
      .execute();
    assert.equal(stored.length, 1);
  });

  test('a webhook with a public key shows it whenever it is asked, and has no secret', async () => {
    const made = await hooks.create({ algorithm: 'ed25519' });
    assert.match(String(made.public_key), /^whpk_[A-Za-z0-9+/]{43}=$/);
    assert.equal(made.secret, undefined);
    const { keys } = (await hooks.ask('GET', `${path}/${made.id}`)).json as { keys: { public_key: string }[] };
    assert.deepEqual(
      keys.map(({ public_key }) => public_key),
      [made.public_key],
    );
    const rotated = await hooks.ask('POST', `${path}/${made.id}/rotate`, {});
    assert.match(String(rotated.json.public_key), /^whpk_/);
    assert.notEqual(rotated.json.public_key, made.public_key);
  });

  test('an organisation has fifty webhooks at most', async () => {
    const { scene, receiver } = hooks;
    const as = await scene.openKey(scene.other, ['manage']);
    const make = () => scene.ask('POST', `/o/other${path}`, { as, json: { url: receiver.url } });
    for (let n = 0; n < 50; n++) assert.equal((await make()).status, 201);
    assert.equal(problem(await make()), '409 too-many');
  });

  test('without an open vault nothing is made', async () => {
    const count = async () => (await database.query.selectFrom('webhook_endpoint').select('id').execute()).length;
    const before = await count();
    hooks.scene.resources.vault.lock();
    assert.equal(problem(await hooks.ask('POST', path, { url: hooks.receiver.url })), '503 vault_locked');
    assert.equal(await count(), before);
  });
});

test('an address that the policy keeps out is refused when it is named, as one that does not resolve', async () => {
  const asked: readonly (readonly ['public' | 'private', string, readonly string[]])[] = [
    ['public', 'https://127.0.0.1/', []],
    ['public', 'https://[::1]/', []],
    ['public', 'https://[::ffff:10.0.0.1]/', []],
    ['public', 'https://169.254.169.254/latest/meta-data', []],
    ['public', 'https://2130706433/', []],
    ['public', 'https://0x7f.1/', []],
    ['public', 'https://inside.example/', ['10.1.2.3']],
    ['private', 'https://inside.example/', ['127.0.0.1']],
    ['private', 'https://metadata.example/', ['169.254.169.254']],
    ['public', 'https://nowhere.example/', []],
  ];
  for (const [addresses, url, resolved] of asked) {
    const judged = judgeUrl({ addresses, resolve: async () => resolved }, url);
    await assert.rejects(judged, (error) => error instanceof Refusal && error.rule === 'webhook-address', url);
  }
  const plain = judgeUrl({ addresses: 'private', resolve: async () => ['10.1.2.3'] }, 'http://inside.example/');
  await assert.rejects(plain, (error) => error instanceof Refusal && error.rule === 'url');
  const found = await judgeUrl(
    { addresses: 'private', resolve: async () => ['10.1.2.3'] },
    'https://inside.example:8443/x?y',
  );
  assert.deepEqual(found, { url: 'https://inside.example:8443/x?y', host: 'inside.example:8443' });
});
