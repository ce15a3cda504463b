import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sql } from 'kysely';
import { createRouter } from '../../src/http/router.ts';
import { masterPassword } from '../vault/opened-vault.ts';
import { allRoles, openScene, ownRoles, password, type SceneChoice } from './scene.ts';

/** The code of a problem document. */
async function codeOf(answer: Response): Promise<string> {
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  const problem = (await answer.json()) as {
    code: string;
    status: number;
    type: string;
    title: string;
    detail: string;
  };
  assert.equal(problem.type, `urn:signpost:problem:${problem.code}`);
  assert.equal(problem.status, answer.status);
  assert.ok(problem.title.length > 0 && problem.detail.length > 0);
  return problem.code;
}

/** Routes of a project, as a plane has them, with a table of their own. */
function projectChoice(): SceneChoice {
  const router = createRouter();
  router.get('/api/projects/:slug', (c) => c.json({ slug: c.req.param('slug') }));
  router.get('/api/status', (c) => c.json({}));
  router.get('/:slug', (c) => c.text(c.req.param('slug')));
  const roles = {
    'GET /api/projects/{slug}': ['viewer', 'key:read'],
    'GET /api/status': ['viewer', 'key:read'],
    'GET /{slug}': ['public'],
  };
  return { planes: [router], roles: { ...ownRoles, ...roles } };
}

suite('the organisation', () => {
  test('is chosen by prefix or by host name, and a principal of another one finds nothing', async (t) => {
    const { ask, home, other } = await openScene(t);
    const as = other.people.admin.session;
    assert.equal((await ask('GET', '/o/other/api/people', { as })).status, 200);
    assert.equal((await ask('GET', 'http://other.example/api/people', { as })).status, 200);
    assert.equal((await ask('GET', 'http://OTHER.example:8443/api/people', { as })).status, 200);
    assert.equal((await ask('GET', '/%6f/other/api/people', { as })).status, 200);
    assert.equal(await codeOf(await ask('GET', '/api/people', { as })), 'not_found');
    assert.equal(await codeOf(await ask('GET', '/o/other/api/people', { as: home.people.admin.session })), 'not_found');
  });

  test('that nobody made is not found, whatever is asked of it', async (t) => {
    const { ask, home } = await openScene(t);
    for (const path of ['/o/nowhere/api/openapi.json', '/o/nowhere/api/people', '/o/', '/o/__proto__/api/docs']) {
      assert.equal(await codeOf(await ask('GET', path, { as: home.people.admin.session })), 'not_found', path);
    }
  });

  test('counts once in a path', async (t) => {
    const { ask, other } = await openScene(t);
    assert.equal((await ask('GET', '/o/default/o/other/api/people', { as: other.people.admin.session })).status, 404);
  });

  test('is noticed as soon as it was made', async (t) => {
    const { ask, home } = await openScene(t);
    const as = home.people.admin.session;
    assert.equal((await ask('GET', '/o/fresh/api/people', { as })).status, 404);
    const made = await ask('POST', '/api/organisations', { as, json: { slug: 'fresh', name: 'Fresh' } });
    assert.equal(made.status, 201);
    assert.equal((await ask('GET', '/o/fresh/api/people', { as })).status, 200);
  });
});

suite('a key of one project', () => {
  test('sees no other project, and nothing that is of no project but the status', async (t) => {
    const { ask, openKey, home } = await openScene(t, projectChoice());
    const wanted = { organisationId: home.id, verbs: ['read', 'admin'] as const, scope: 'project:own-app' as const };
    const { credential: as } = await openKey(wanted);
    assert.equal((await ask('GET', '/api/projects/own-app', { as })).status, 200);
    assert.equal((await ask('GET', '/api/status', { as })).status, 200);
    assert.equal(await codeOf(await ask('GET', '/api/people', { as })), 'forbidden');
    for (const slug of ['other-app', 'own-app2', 'own%2Dapp%00', 'own-app%2Fx', 'own%252Dapp', 'OWN-APP']) {
      assert.equal(await codeOf(await ask('GET', `/api/projects/${slug}`, { as })), 'not_found', slug);
    }
    assert.equal((await ask('GET', '/other-app', { as })).status, 200);
  });

  test('of a collection is of no project', async (t) => {
    const { ask, openKey, home } = await openScene(t, projectChoice());
    const wanted = { organisationId: home.id, verbs: ['read'] as const, scope: 'collection:own-app' as const };
    const { credential: as } = await openKey(wanted);
    assert.equal(await codeOf(await ask('GET', '/api/projects/own-app', { as })), 'not_found');
  });
});

suite('a state change with a cookie', () => {
  const json = { name: 'ci', verbs: ['read'] };

  test('needs the token of that very session', async (t) => {
    const { ask, home } = await openScene(t);
    const { cookie = '', 'x-signpost-csrf': token = '' } = home.people.admin.session;
    const foreign = home.people.manager.session['x-signpost-csrf'] ?? '';
    const send = (headers: Record<string, string>) =>
      ask('POST', '/api/api-keys', { json, headers: { cookie, ...headers } });
    assert.equal((await send({ 'x-signpost-csrf': token })).status, 201);
    for (const wrong of ['', foreign, token.slice(1), `${token}A`, token.toUpperCase()]) {
      assert.equal(await codeOf(await send({ 'x-signpost-csrf': wrong })), 'forbidden');
    }
    assert.equal(await codeOf(await send({})), 'forbidden');
  });

  test('may prove its origin instead, by the custom header and what the browser says', async (t) => {
    const { ask, home } = await openScene(t);
    const { cookie = '' } = home.people.admin.session;
    const send = (headers: Record<string, string>) =>
      ask('POST', '/api/api-keys', { json, headers: { cookie, ...headers } });
    const custom = { 'x-signpost-request': '1' };
    assert.equal((await send({ ...custom, 'sec-fetch-site': 'same-origin' })).status, 201);
    assert.equal((await send({ ...custom, origin: 'http://signpost.example' })).status, 201);
    const refused: Record<string, string>[] = [
      custom,
      { 'sec-fetch-site': 'same-origin' },
      { ...custom, 'sec-fetch-site': 'same-site' },
      { ...custom, 'sec-fetch-site': 'cross-site' },
      { ...custom, 'sec-fetch-site': 'none' },
      { ...custom, origin: 'null' },
      { ...custom, origin: 'http://signpost.example.evil.example' },
      { ...custom, origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of refused)
      assert.equal(await codeOf(await send(headers)), 'forbidden', JSON.stringify(headers));
  });

  test('is refused before its body is looked at, while a key needs no proof', async (t) => {
    const { ask, openKey, home } = await openScene(t);
    const { cookie = '' } = home.people.admin.session;
    const refused = await ask('POST', '/api/api-keys', { json: { nonsense: true }, headers: { cookie } });
    assert.equal(await codeOf(refused), 'forbidden');
    const { credential: as } = await openKey({ organisationId: home.id, verbs: ['admin'] });
    assert.equal((await ask('POST', '/api/api-keys', { as, json })).status, 201);
  });
});

suite('the limits', () => {
  test('hold strangers to sixty reads a minute and address, and say when to come back', async (t) => {
    const { ask, travel } = await openScene(t, { config: { readsPerMinute: 60 } });
    for (let count = 0; count < 60; count++) assert.equal((await ask('GET', '/api/openapi.json')).status, 200);
    const refused = await ask('GET', '/api/openapi.json');
    assert.equal(refused.headers.get('retry-after'), '60');
    assert.equal(await codeOf(refused), 'rate_limited');
    assert.equal((await ask('GET', '/api/openapi.json', { from: '192.0.2.2' })).status, 200);
    assert.equal((await ask('GET', '/healthz')).status, 200);
    travel(60_000);
    assert.equal((await ask('GET', '/api/openapi.json')).status, 200);
  });

  test('count what is refused and what does not exist, but nobody who is known', async (t) => {
    const { ask, home } = await openScene(t, { config: { readsPerMinute: 2 } });
    assert.equal((await ask('GET', '/api/people')).status, 401);
    assert.equal((await ask('GET', '/no/such/thing/at/all')).status, 404);
    assert.equal((await ask('GET', '/api/people')).status, 429);
    for (let count = 0; count < 5; count++) {
      assert.equal((await ask('GET', '/api/people', { as: home.people.admin.session })).status, 200);
    }
  });

  test('are not escaped by inventing addresses, but a trusted proxy may name them', async (t) => {
    const invent = (count: number) => ({ 'x-forwarded-for': `203.0.113.${count}` });
    const direct = await openScene(t, { config: { readsPerMinute: 1 } });
    assert.equal((await direct.ask('GET', '/api/docs', { headers: invent(1) })).status, 200);
    assert.equal((await direct.ask('GET', '/api/docs', { headers: invent(2) })).status, 429);
    const behind = await openScene(t, { config: { readsPerMinute: 1, trustedProxies: ['192.0.2.0/24'] } });
    assert.equal((await behind.ask('GET', '/api/docs', { headers: invent(1) })).status, 200);
    assert.equal((await behind.ask('GET', '/api/docs', { headers: invent(2) })).status, 200);
    assert.equal((await behind.ask('GET', '/api/docs', { headers: invent(2) })).status, 429);
  });

  test('hold attempts at the vault to five a minute, successful or not', async (t) => {
    const { ask } = await openScene(t);
    const unlock = (text: string) => ask('POST', '/api/vault/unlock', { json: { password: text } });
    for (let count = 0; count < 3; count++) assert.equal((await unlock(masterPassword)).status, 200);
    for (let count = 0; count < 2; count++) assert.equal((await unlock('not the password')).status, 401);
    assert.equal((await unlock(masterPassword)).status, 429);
  });
});

suite('the master password', () => {
  test('is changed by who knows it, within the limit of attempts, and the log says who tried', async (t) => {
    const { ask, home, database } = await openScene(t);
    const change = (current: string, as = home.people.admin.session) =>
      ask('POST', '/api/vault/change-password', { as, json: { current, new: 'the next master password' } });
    assert.equal((await change(masterPassword, home.people.manager.session)).status, 403);
    assert.equal((await change('not the password')).status, 401);
    assert.deepEqual(await (await change(masterPassword)).json(), { state: 'unlocked' });
    assert.equal((await change(masterPassword)).status, 401);
    await change('a guess');
    assert.equal((await change('a guess')).status, 429);
    const rows = await database.query
      .selectFrom('audit_event')
      .select('outcome')
      .where('action', '=', 'vault.password_changed')
      .orderBy('sequence')
      .execute();
    assert.deepEqual(
      rows.map(({ outcome }) => outcome),
      ['refused', 'success', 'refused', 'refused'],
    );
  });
});

suite('while the vault is locked', () => {
  test('sessions are neither checked nor opened, keys and public routes work', async (t) => {
    const { ask, openKey, home, vault } = await openScene(t);
    const { credential } = await openKey({ organisationId: home.id, verbs: ['read'] });
    vault.lock();
    const session = home.people.admin.session;
    assert.equal(await codeOf(await ask('GET', '/api/people', { as: session })), 'vault_locked');
    const logIn = { email: home.people.admin.email, password: 'correct horse battery' };
    assert.equal(await codeOf(await ask('POST', '/api/session', { json: logIn })), 'vault_locked');
    assert.deepEqual(await (await ask('GET', '/api/vault', { as: credential })).json(), { state: 'locked' });
    assert.equal((await ask('GET', '/api/openapi.json', { as: session })).status, 200);
    assert.equal((await ask('POST', '/api/vault/unlock', { json: { password: masterPassword } })).status, 200);
    assert.equal((await ask('GET', '/api/people', { as: session })).status, 200);
  });

  test('a reset ends every session, says what must be entered again, and tells whoever waits for the vault', async (t) => {
    const { ask, home, vault, database } = await openScene(t);
    vault.lock();
    const proof = { email: home.people.admin.email, password, new_master_password: 'another long password' };
    assert.equal(await codeOf(await ask('POST', '/api/vault/reset', { json: proof })), 'invalid', 'it must be meant');
    const answer = await ask('POST', '/api/vault/reset', { json: { ...proof, confirm: 'reset' } });
    assert.deepEqual(await answer.json(), { must_be_reentered: ['signing key *'] });
    assert.equal(vault.state, 'unlocked');
    const told = await database.query.selectFrom('outbox').select('topic').orderBy('id', 'desc').executeTakeFirst();
    assert.equal(told?.topic, 'vault.unlocked', 'whoever waits for the vault goes on');
    assert.equal((await ask('GET', '/api/people', { as: home.people.admin.session })).status, 401);
    assert.equal((await ask('GET', '/api/people', { as: await home.people.admin.logIn() })).status, 401);
  });

  test('is reset by an admin in person only: a key, a session, a manager or a wrong password changes nothing', async (t) => {
    const { ask, openKey, home, other, vault, database } = await openScene(t);
    const { admin, manager } = home.people;
    const { credential: key } = await openKey({ organisationId: home.id, verbs: ['admin'] });
    const sealed = vault.seal('signing-key', 'signing_key/1', new Uint8Array(32));
    const reset = (as: Record<string, string>, proof: object) =>
      ask('POST', '/api/vault/reset', {
        as,
        json: { new_master_password: 'another long password', confirm: 'reset', ...proof },
      });
    for (const as of [key, admin.session]) assert.equal((await reset(as, {})).status, 400);
    const wrong: object[] = [
      { email: admin.email, password: 'wrong horse battery' },
      { email: manager.email, password },
      { email: other.people.admin.email, password },
      { email: 'nobody@x.example', password },
    ];
    const told = new Set<string>();
    for (const proof of wrong) {
      const refused = await reset(key, proof);
      const { code, rule, detail } = (await refused.json()) as Record<string, string>;
      told.add([refused.status, code, rule, detail].join());
    }
    assert.equal(told.size, 1, 'nobody learns what was wrong');
    assert.ok(vault.unseal('signing-key', 'signing_key/1', sealed));
    const rows = await database.query.selectFrom('audit_event').select('action').execute();
    const refusals = rows.filter(({ action }) => action === 'session.step_up_refused');
    assert.deepEqual([refusals.length, rows.some(({ action }) => action === 'vault.reset')], [wrong.length, false]);
  });
});

suite('a request', () => {
  test('with a body of more than a mebibyte is refused, announced or not', async (t) => {
    const { app, ask, openKey, home } = await openScene(t);
    const { credential: as } = await openKey({ organisationId: home.id, verbs: ['admin'] });
    const json = { name: 'x'.repeat(1_100_000), verbs: ['read'] };
    assert.equal(await codeOf(await ask('POST', '/api/api-keys', { as, json })), 'too_large');
    const body = new Blob([JSON.stringify(json)]).stream();
    const headers = { ...as, 'content-type': 'application/json' };
    const unannounced = new Request('http://signpost.example/api/api-keys', {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit);
    assert.equal(await codeOf(await app.fetch(unannounced)), 'too_large');
  });

  test('that its schema refuses is told the fields, never the values', async (t) => {
    const { ask, home } = await openScene(t);
    const json = { name: 'n', verbs: ['rule-the-world'], secret: 'hunter2' };
    const answer = await ask('POST', '/api/api-keys', { as: home.people.admin.session, json });
    const text = await answer.text();
    assert.equal(answer.status, 400);
    assert.match(text, /verbs\.0/);
    assert.doesNotMatch(text, /rule-the-world|hunter2/);
  });

  test('without a content type, with another one, or with broken JSON does not reach a route', async (t) => {
    const { app, ask, home } = await openScene(t);
    const as = home.people.admin.session;
    assert.equal((await ask('POST', '/api/api-keys', { as })).status, 400);
    const send = (type: string) =>
      app.fetch(
        new Request('http://signpost.example/api/api-keys', {
          method: 'POST',
          headers: { ...as, 'content-type': type },
          body: '{',
        }),
      );
    assert.equal(await codeOf(await send('text/plain')), 'unsupported_type');
    assert.equal(await codeOf(await send('application/json')), 'invalid');
  });

  test('by a method that the route does not have is told which it has', async (t) => {
    const { ask } = await openScene(t);
    const answer = await ask('PUT', '/api/people');
    assert.equal(answer.headers.get('allow'), 'GET, POST');
    assert.equal(await codeOf(answer), 'method_not_allowed');
    assert.equal((await ask('HEAD', '/healthz')).status, 200);
    assert.equal((await ask('HEAD', '/api/people')).status, 401);
  });

  test('is logged without query, cookies, keys and addresses', async (t) => {
    const { ask, openKey, home, lines } = await openScene(t, { config: { trustedProxies: ['192.0.2.1'] } });
    const { credential, key } = await openKey({ organisationId: home.id, verbs: ['admin'] });
    const headers = { 'x-forwarded-for': '203.0.113.77', 'user-agent': 'spy/1.0' };
    await ask('GET', '/api/people?token=hunter2', { as: credential, headers });
    await ask('GET', `/${key}`, { headers });
    await ask('GET', '/api/people', { as: home.people.admin.session, headers });
    assert.equal(lines.length, 3);
    const { cookie = '' } = home.people.admin.session;
    for (const secret of ['hunter2', key, cookie, '203.0.113.77', '192.0.2.1', 'spy/1.0']) {
      assert.ok(!lines.join('').includes(secret), secret);
    }
    assert.equal(JSON.parse(lines[0] ?? '').route, 'GET /api/people');
  });

  test('to nothing that is published is logged without its path, which may be a key in the wrong place', async (t) => {
    const { ask, openKey, home, lines } = await openScene(t, { planes: 'all', roles: allRoles });
    const { key } = await openKey({ organisationId: home.id, verbs: ['admin'] });
    for (const path of [`/${key}`, `/demo/${key}`, `/api/projects/${key}/latest`]) await ask('GET', path);
    await ask('GET', '/api/docs');
    assert.ok(!lines.join('').includes(key));
    assert.equal(JSON.parse(lines.at(-1) ?? '').path, '/api/docs');
  });

  test('that fails by a fault of ours is answered without its message, which the log holds', async (t) => {
    const router = createRouter();
    router.get('/api/status', () => {
      throw new Error('a table of secrets');
    });
    const roles = { ...ownRoles, 'GET /api/status': ['viewer'] };
    const { ask, home, lines } = await openScene(t, { planes: [router], roles });
    const answer = await ask('GET', '/api/status', { as: home.people.viewer.session });
    const problem = (await answer.json()) as { code: string; instance: string };
    assert.equal(answer.status, 500);
    assert.equal(problem.code, 'internal');
    assert.doesNotMatch(JSON.stringify(problem), /secrets/);
    assert.ok(lines.some((line) => line.includes(problem.instance) && line.includes('a table of secrets')));
  });
});

suite('a database that does not answer', () => {
  test('is told as an outage that passes, and the log holds why', async (t) => {
    const { ask, openKey, home, database, lines } = await openScene(t);
    const { credential: as } = await openKey({ organisationId: home.id, verbs: ['admin'] });
    await sql.raw('pragma max_page_count = 1').execute(database.query);
    const statuses: number[] = [];
    // Rows are small: a few fit into the last page.
    for (let made = 0; made < 200 && statuses.at(-1) !== 503; made++) {
      const answer = await ask('POST', '/api/api-keys', { as, json: { name: 'a key', verbs: ['read'] } });
      statuses.push(answer.status);
      if (answer.status !== 503) continue;
      const problem = (await answer.json()) as { code: string; instance: string };
      assert.equal(problem.code, 'unavailable');
      assert.equal(answer.headers.get('retry-after'), '5');
      assert.ok(lines.some((line) => line.includes(problem.instance) && line.includes('full')));
    }
    assert.equal(statuses.at(-1), 503);
  });
});

suite('strict transport security', () => {
  test('is asked for over HTTPS, known by the base URL or from a trusted proxy', async (t) => {
    const name = 'strict-transport-security';
    const secure = await openScene(t, { config: { baseUrl: 'https://signpost.example' } });
    assert.match((await secure.ask('GET', '/healthz')).headers.get(name) ?? '', /^max-age=\d{8}$/);
    const behind = await openScene(t, { config: { trustedProxies: ['192.0.2.1'] } });
    const headers = { 'x-forwarded-proto': 'https' };
    assert.notEqual((await behind.ask('GET', '/healthz', { headers })).headers.get(name), null);
    assert.equal((await behind.ask('GET', '/healthz', { headers, from: '192.0.2.2' })).headers.get(name), null);
    assert.equal((await behind.ask('GET', '/healthz')).headers.get(name), null);
  });
});
