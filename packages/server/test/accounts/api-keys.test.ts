import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { encodeApiKey, isApiKey } from '../../src/accounts/api-keys.ts';
import { addAdmin, createScene, password } from '../http/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

const dayMs = 86_400_000;

test('a key is a prefix, 256 bits in base64url and a checksum that a scanner can confirm', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(bytes, (secret) => {
      const key = encodeApiKey(secret);
      assert.match(key, /^sgp_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/);
      assert.ok(isApiKey(key));
    }),
  );
});

test('a key with one character changed is not taken for a key', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(bytes, fc.nat({ max: 52 }), fc.constantFrom('A', 'b', '7', '_', ' '), (secret, place, letter) => {
      const key = encodeApiKey(secret);
      const changed = key.slice(0, place) + letter + key.slice(place + 1);
      assert.equal(isApiKey(changed), changed === key);
    }),
  );
});

forEachEngine((_engine, open) => {
  suite('an API key', () => {
    test('is shown once, and is stored only as a hash', async () => {
      const { ask, home, database } = await createScene(await open());
      const as = home.people.admin.session;
      const json = { name: 'ci', scope: 'project:my-app', verbs: ['upload', 'read', 'upload'], expires_in_days: 30 };
      const answer = await ask('POST', '/api/api-keys', { as, json });
      const made = (await answer.json()) as Record<string, unknown>;
      assert.equal(answer.status, 201);
      assert.deepEqual(made.verbs, ['upload', 'read']);
      assert.equal(made.expires_at, '2026-12-21T09:00:00.000Z');
      const listed = await (await ask('GET', '/api/api-keys', { as })).text();
      const { key = '', hint } = made as { key?: string; hint?: string };
      assert.ok(key.startsWith(hint ?? 'no hint'));
      assert.ok(listed.includes('"name":"ci"') && !listed.includes(key.slice(10)));
      for (const table of ['api_key', 'audit_event', 'outbox'] as const) {
        const rows = JSON.stringify(await database.query.selectFrom(table).selectAll().execute());
        assert.ok(!rows.includes(key.slice(10)), table);
      }
    });

    test('holds until it is revoked, and not a moment longer', async () => {
      const { ask, home, openKey } = await createScene(await open());
      const { id, credential } = await openKey({ organisationId: home.id, verbs: ['admin'] });
      assert.equal((await ask('GET', '/api/people', { as: credential })).status, 200);
      const as = home.people.admin.session;
      assert.equal((await ask('DELETE', `/api/api-keys/${id}`, { as })).status, 204);
      assert.equal((await ask('GET', '/api/people', { as: credential })).status, 401);
      assert.equal((await ask('DELETE', `/api/api-keys/${id}`, { as })).status, 404);
    });

    test('holds until it expires', async () => {
      const { ask, home, openKey, travel, now } = await createScene(await open());
      const wanted = { organisationId: home.id, verbs: ['admin'], expiresAt: now() + dayMs } as const;
      const { credential: as } = await openKey(wanted);
      travel(dayMs - 1);
      assert.equal((await ask('GET', '/api/people', { as })).status, 200);
      travel(1);
      assert.equal((await ask('GET', '/api/people', { as })).status, 401);
    });

    test('never does more than the person who made it may do now, nor does a key that it made', async () => {
      const { ask, home } = await createScene(await open());
      const { admin, manager } = home.people;
      const change = (json: object) => ask('PATCH', `/api/people/${manager.id}`, { as: admin.session, json });
      const makeKey = async (as: Record<string, string>) => {
        const json = { name: 'ci', verbs: ['read', 'manage', 'admin'] };
        const made = (await (await ask('POST', '/api/api-keys', { as, json })).json()) as { key: string };
        return { authorization: `Bearer ${made.key}` };
      };
      await ask('POST', `/api/people/${manager.id}/admin`, { as: admin.session, json: { password } });
      const first = await makeKey(manager.session);
      const second = await makeKey(first);
      const statuses = async (method: string, path: string, json?: object) =>
        Promise.all([first, second].map(async (as) => (await ask(method, path, { as, ...(json && { json }) })).status));
      assert.deepEqual(await statuses('GET', '/api/people'), [200, 200]);
      await change({ role: 'manager' });
      assert.deepEqual(await statuses('GET', '/api/people'), [403, 403]);
      assert.deepEqual(await statuses('GET', '/api/vault'), [200, 200]);
      await change({ role: 'viewer' });
      assert.deepEqual(await statuses('GET', '/api/vault'), [200, 200]);
      await change({ disabled: true });
      assert.deepEqual(await statuses('GET', '/api/vault'), [401, 401]);
      const refused = (await (await ask('GET', '/api/vault', { as: second })).json()) as { rule: string };
      assert.equal(refused.rule, 'key-maker');
    });

    test('ends for the organisation that its maker leaves', async () => {
      const { ask, home } = await createScene(await open());
      const { admin } = home.people;
      await ask('POST', '/api/organisations', { as: admin.session, json: { slug: 'fresh', name: 'Fresh' } });
      const json = { name: 'ci', verbs: ['admin'] };
      const made = await ask('POST', '/o/fresh/api/api-keys', { as: admin.session, json });
      const key = { authorization: `Bearer ${((await made.json()) as { key: string }).key}` };
      await addAdmin({ ask }, { as: admin.session, at: '/o/fresh', email: 'second@fresh.example' });
      const leave = { as: key, json: { disabled: true } };
      assert.equal((await ask('PATCH', `/o/fresh/api/people/${admin.id}`, leave)).status, 200);
      assert.equal((await ask('GET', '/o/fresh/api/people', { as: key })).status, 401);
    });

    test('of another organisation cannot be revoked, nor seen', async () => {
      const { ask, home, other, openKey } = await createScene(await open());
      const { id } = await openKey({ organisationId: other.id, verbs: ['read'] });
      const as = home.people.admin.session;
      assert.equal((await ask('DELETE', `/api/api-keys/${id}`, { as })).status, 404);
      assert.deepEqual(await (await ask('GET', '/api/api-keys', { as })).json(), { api_keys: [] });
    });

    test('tells its last use, noted at most once a minute', async () => {
      const { ask, home, openKey, database, travel, now } = await createScene(await open());
      const { id, credential: as } = await openKey({ organisationId: home.id, verbs: ['admin'] });
      const lastUse = async () => {
        const query = database.query.selectFrom('api_key').select('last_used_at').where('id', '=', id);
        return (await query.executeTakeFirstOrThrow()).last_used_at;
      };
      assert.equal(await lastUse(), null);
      const first = now();
      await ask('GET', '/api/people', { as });
      travel(59_999);
      await ask('GET', '/api/people', { as });
      assert.equal(await lastUse(), first);
      travel(1);
      await ask('GET', '/api/people', { as });
      assert.equal(await lastUse(), first + 60_000);
    });

    test('that is none, of whatever form, is told the same', async () => {
      const { ask } = await createScene(await open());
      const wrong = [
        'Bearer sgp_',
        `Bearer ${encodeApiKey(new Uint8Array(32))}`,
        'Bearer',
        'Basic eDp5',
        `bearer ${'x'.repeat(5000)}`,
      ];
      for (const authorization of wrong) {
        assert.equal((await ask('GET', '/api/people', { headers: { authorization } })).status, 401);
        assert.equal((await ask('GET', '/api/openapi.json', { headers: { authorization } })).status, 200);
      }
    });
  });
});
