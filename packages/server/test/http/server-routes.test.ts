import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { pino } from 'pino';
import { Refusal } from '../../src/errors.ts';
import { createHealthRoutes } from '../../src/http/health.ts';
import { problemOf, problemStatus } from '../../src/http/problem.ts';
import { openScene, ownRoles } from './scene.ts';

suite('health', () => {
  test('tells that the process lives without asking the database, and whether the database answers', async (t) => {
    const { ask, database, travel } = await openScene(t);
    assert.equal(await (await ask('GET', '/healthz')).text(), 'ok\n');
    const up = await ask('GET', '/api/health');
    assert.equal(up.status, 200);
    assert.deepEqual(await up.json(), { status: 'ok', version: '0.0.0-test', db: 'ok' });
    await database.close();
    travel(1000);
    const down = await ask('GET', '/api/health');
    assert.equal(down.status, 503);
    assert.deepEqual(await down.json(), { status: 'degraded', version: '0.0.0-test', db: 'failed' });
    assert.equal((await ask('GET', '/healthz')).status, 200);
  });

  test('tells that other processes hear nothing, while the server serves its clients all the same', async () => {
    let isWell = true;
    const database = { probe: async () => undefined };
    const routes = createHealthRoutes({ database, version: '1', now: () => 0, isBusWell: () => isWell });
    const read = async () => (await routes.request('/api/health')).json();
    assert.deepEqual(await read(), { status: 'ok', version: '1', db: 'ok', bus: 'ok' });
    isWell = false;
    assert.deepEqual(await read(), { status: 'degraded', version: '1', db: 'ok', bus: 'failed' });
    assert.equal((await routes.request('/api/health')).status, 200);
  });
});

suite('health of push', () => {
  test('tells that listeners wait for what happened, which is no failure of the server', async () => {
    let isWell = true;
    const database = { probe: async () => undefined };
    const routes = createHealthRoutes({ database, version: '1', now: () => 0, isPushWell: () => isWell });
    const read = async () => (await routes.request('/api/health')).json();
    assert.deepEqual(await read(), { status: 'ok', version: '1', db: 'ok', push: 'ok' });
    isWell = false;
    assert.deepEqual(await read(), { status: 'ok', version: '1', db: 'ok', push: 'waiting' });
  });
});

suite('the description', () => {
  test('names every route of the role table with its roles and its refusals', async (t) => {
    const { ask } = await openScene(t);
    const document = (await (await ask('GET', '/api/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { 'x-signpost-roles': string[]; security: unknown[]; responses: object }>>;
    };
    assert.equal(document.openapi, '3.1.0');
    for (const [name, roles] of Object.entries(ownRoles)) {
      const [method = '', path = ''] = name.split(' ');
      const operation = document.paths[path]?.[method.toLowerCase()];
      assert.deepEqual(operation?.['x-signpost-roles'], roles, name);
      assert.equal(operation.security.length === 0, roles.includes('public'), name);
      assert.ok('default' in operation.responses, name);
    }
  });

  test('says of every route who may call it, to members alone', async (t) => {
    const { ask, home } = await openScene(t);
    assert.equal((await ask('GET', '/api/roles')).status, 401);
    const answer = await ask('GET', '/api/roles', { as: home.people.viewer.session });
    const { routes } = (await answer.json()) as {
      routes: { name: string; area: string; summary: string; who: string[] }[];
    };
    for (const [name, who] of Object.entries(ownRoles)) {
      const route = routes.find((each) => each.name === name);
      assert.deepEqual(route?.who, who, name);
      assert.ok(route.summary !== '' && route.area !== '', name);
    }
  });

  test('is a page whose policy allows its own style and nothing else', async (t) => {
    const { ask } = await openScene(t);
    const answer = await ask('GET', '/api/docs');
    const page = await answer.text();
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = answer.headers.get('content-security-policy') ?? '';
    assert.ok(policy.includes(`style-src 'sha256-${hash}'`), policy);
    assert.doesNotMatch(policy, /unsafe|script-src/);
    assert.doesNotMatch(page, /<script|style=|onload=/);
    for (const name of Object.keys(ownRoles)) assert.ok(page.includes(`<code>${name}</code>`), name);
  });

  test('may be read by any web page, and what needs a credential by none', async (t) => {
    const { ask, home } = await openScene(t);
    assert.equal((await ask('GET', '/api/openapi.json')).headers.get('access-control-allow-origin'), '*');
    const people = await ask('GET', '/api/people', { as: home.people.admin.session });
    assert.equal(people.headers.get('access-control-allow-origin'), null);
    assert.equal(people.headers.get('cache-control'), 'no-store');
  });
});

test('the figures count requests by route and never by client', async (t) => {
  const { ask, openKey, home } = await openScene(t);
  const { credential: as } = await openKey({ organisationId: home.id, verbs: ['metrics'] });
  await ask('GET', '/api/people', { from: '192.0.2.99' });
  await ask('GET', '/no/such/route/here');
  const answer = await ask('GET', '/metrics', { as });
  const figures = await answer.text();
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(figures, /signpost_http_requests_total\{route="GET \/api\/people",status="401"\} 1/);
  assert.match(figures, /signpost_http_requests_total\{route="none",status="404"\} 1/);
  assert.doesNotMatch(figures, /192\.0\.2|no\/such/);
});

test('every refusal has a status of its own class, and a problem document that names it', () => {
  const log = pino({ level: 'silent' });
  for (const [code, status] of Object.entries(problemStatus)) {
    if (code === 'internal') continue;
    const refusal = new Refusal(code as Exclude<keyof typeof problemStatus, 'internal'>, 'why', {
      rule: 'r',
      hint: 'h',
    });
    const problem = problemOf(refusal, log);
    assert.deepEqual([problem.status, problem.type, problem.detail], [status, `urn:signpost:problem:${code}`, 'why']);
    assert.deepEqual([problem.rule, problem.hint], ['r', 'h']);
  }
});
