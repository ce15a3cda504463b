import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { verifyAuditChain } from '../../src/audit/store.ts';
import { addAdmin, createScene, password } from '../http/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

interface PeoplePage {
  readonly people: readonly { readonly email: string }[];
  readonly next: string | null;
  readonly without_second_factor: number;
}

forEachEngine((_engine, open) => {
  suite('people', () => {
    test('are created as members, under an address that is theirs alone on the server', async () => {
      const { ask, home, other } = await createScene(await open());
      const as = home.people.admin.session;
      const json = { email: 'New@Default.example', name: 'New', role: 'viewer', password: 'a long password' };
      const made = await ask('POST', '/api/people', { as, json });
      assert.equal(made.status, 201);
      assert.equal(((await made.json()) as { email: string }).email, 'new@default.example');
      assert.equal((await ask('POST', '/api/people', { as, json })).status, 409);
      const elsewhere = await ask('POST', '/o/other/api/people', { as: other.people.admin.session, json });
      assert.equal(elsewhere.status, 409);
      assert.equal(
        (await ask('POST', '/api/people', { as, json: { ...json, email: 'b@x.example', password: 'short' } })).status,
        400,
      );
      const { people } = (await (await ask('GET', '/api/people', { as })).json()) as { people: { role: string }[] };
      assert.deepEqual(people.map(({ role }) => role).toSorted(), ['admin', 'manager', 'viewer', 'viewer']);
      assert.doesNotMatch(JSON.stringify(people), /argon2/);
    });

    test('are shown one by one, within the organisation', async () => {
      const { ask, home, other } = await createScene(await open());
      const as = home.people.admin.session;
      const { id } = home.people.viewer;
      const shown = await ask('GET', `/api/people/${id}`, { as });
      assert.equal(shown.status, 200);
      const all = (await (await ask('GET', '/api/people', { as })).json()) as { people: { id: string }[] };
      assert.deepEqual(
        await shown.json(),
        all.people.find((person) => person.id === id),
      );
      assert.equal((await ask('GET', `/api/people/${other.people.viewer.id}`, { as })).status, 404);
      assert.equal((await ask('GET', `/api/people/${id}`, { as: home.people.manager.session })).status, 403);
    });

    test('are listed in pages, each once, by address, and found by parts of name and address', async () => {
      const { ask, home, other } = await createScene(await open());
      const as = home.people.admin.session;
      const add = (email: string, name: string) =>
        ask('POST', '/api/people', { as, json: { email, name, role: 'viewer', password: 'a long password' } });
      const list = async (query: Record<string, string>) => {
        const json = (await (
          await ask('GET', `/api/people?${new URLSearchParams(query)}`, { as })
        ).json()) as PeoplePage;
        return { ...json, emails: json.people.map(({ email }) => email) };
      };
      for (const name of ['b_b', 'dee', 'fee']) await add(`${name}@zz.example`, `Dr. Örs ${name} 100%`);
      const all = await list({});
      assert.deepEqual([all.next, all.without_second_factor, all.emails.length], [null, 6, 6]);
      const first = await list({ search: '@ZZ.', limit: '2' });
      assert.deepEqual(first.emails, ['b_b@zz.example', 'dee@zz.example']);
      for (const name of ['aaa', 'eee']) await add(`${name}@zz.example`, name);
      const second = await list({ search: '@ZZ.', limit: '2', after: first.next ?? '' });
      assert.deepEqual([second.emails, second.next], [['eee@zz.example', 'fee@zz.example'], null]);
      assert.equal(second.without_second_factor, 8, 'of all, not of the page');
      assert.deepEqual((await list({ search: 'öRS DEE 100%' })).emails, ['dee@zz.example']);
      assert.deepEqual((await list({ search: 'B_' })).emails, ['b_b@zz.example']);
      for (const wild of ['d_e', '*', '?', 'd.e@', '%@'])
        assert.deepEqual((await list({ search: wild })).emails, [], wild);
      const stranger = other.people.viewer.id;
      for (const query of ['after=dee@zz.example', `after=${stranger}`, 'limit=0', 'limit=501']) {
        assert.equal((await ask('GET', `/api/people?${query}`, { as })).status, 400, query);
      }
    });

    test('lose their sessions and their way in when they are disabled, and may be restored', async () => {
      const { ask, home } = await createScene(await open());
      const { admin, viewer } = home.people;
      const change = (disabled: boolean) =>
        ask('PATCH', `/api/people/${viewer.id}`, { as: admin.session, json: { disabled } });
      assert.equal((await change(true)).status, 200);
      assert.equal((await ask('GET', '/api/session', { as: viewer.session })).status, 401);
      const logIn = () => ask('POST', '/api/session', { json: { email: viewer.email, password } });
      assert.equal((await logIn()).status, 401);
      assert.equal((await change(false)).status, 200);
      assert.equal((await ask('GET', '/api/session', { as: viewer.session })).status, 401);
      assert.equal((await logIn()).status, 200);
    });

    test('have their new role with the next request', async () => {
      const { ask, home } = await createScene(await open());
      const { admin, viewer } = home.people;
      assert.equal((await ask('GET', '/api/people', { as: viewer.session })).status, 403);
      await ask('POST', `/api/people/${viewer.id}/admin`, { as: admin.session, json: { password } });
      assert.equal((await ask('GET', '/api/people', { as: viewer.session })).status, 200);
    });

    test('are renamed by an admin, but one of several organisations only by themselves', async () => {
      const { ask, home } = await createScene(await open());
      const { admin, viewer } = home.people;
      const rename = (path: string, as: Record<string, string>, name: string, more: object = {}) =>
        ask('PATCH', path, { as, json: { name, ...more } });
      const renamed = await rename(`/api/people/${viewer.id}`, admin.session, ' New Name ');
      assert.equal(((await renamed.json()) as { name: string }).name, 'New Name');
      assert.equal((await rename(`/api/people/${viewer.id}`, admin.session, 'two\nlines')).status, 400);
      await ask('POST', '/api/organisations', { as: admin.session, json: { slug: 'fresh', name: 'Fresh' } });
      const second = { email: 'second@fresh.example' };
      await addAdmin({ ask }, { as: admin.session, at: '/o/fresh', ...second });
      const opened = await ask('POST', '/o/fresh/api/session', { json: { email: second.email, password } });
      const { csrf_token } = (await opened.json()) as { csrf_token: string };
      const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
      const path = `/o/fresh/api/people/${admin.id}`;
      for (const more of [{}, { disabled: true }]) {
        const refused = await rename(path, { cookie, 'x-signpost-csrf': csrf_token }, 'Nobody', more);
        assert.equal(((await refused.json()) as { rule: string }).rule, 'several-organisations');
      }
      assert.equal((await rename(path, admin.session, 'Founder')).status, 200);
    });

    test('of another organisation do not exist', async () => {
      const { ask, home, other } = await createScene(await open());
      const as = home.people.admin.session;
      const answer = await ask('PATCH', `/api/people/${other.people.viewer.id}`, { as, json: { disabled: true } });
      assert.equal(answer.status, 404);
    });

    test('who belong to several organisations lose only the membership of the one that disables them', async () => {
      const { ask, home } = await createScene(await open());
      const { admin } = home.people;
      const fresh = { as: admin.session, json: { slug: 'fresh', name: 'Fresh' } };
      assert.equal((await ask('POST', '/api/organisations', fresh)).status, 201);
      await addAdmin({ ask }, { as: admin.session, at: '/o/fresh', email: 'second@fresh.example' });
      const ended = await ask('PATCH', `/o/fresh/api/people/${admin.id}`, {
        as: admin.session,
        json: { disabled: true },
      });
      assert.equal(ended.status, 200);
      assert.equal((await ask('GET', '/o/fresh/api/people', { as: admin.session })).status, 404);
      assert.equal((await ask('GET', '/api/people', { as: admin.session })).status, 200);
    });
  });

  suite('an admin', () => {
    test('is made by an admin in person: neither a key nor a session without the password gets further', async () => {
      const { ask, home, openKey } = await createScene(await open());
      const { admin, viewer } = home.people;
      const { credential: key } = await openKey({ organisationId: home.id, verbs: ['admin', 'manage'] });
      const promote = (as: Record<string, string>, json: object) =>
        ask('POST', `/api/people/${viewer.id}/admin`, { as, json });
      assert.equal((await promote(key, { password })).status, 403);
      assert.equal((await promote(admin.session, { password: 'wrong horse battery' })).status, 403);
      for (const as of [key, admin.session]) {
        const json = { email: 'thief@x.example', name: 'Thief', role: 'admin', password };
        assert.equal((await ask('POST', '/api/people', { as, json })).status, 400);
        assert.equal((await ask('PATCH', `/api/people/${viewer.id}`, { as, json: { role: 'admin' } })).status, 400);
      }
      assert.equal((await ask('GET', '/api/people', { as: viewer.session })).status, 403);
      assert.equal((await promote(admin.session, { password })).status, 200);
      assert.equal((await ask('GET', '/api/people', { as: viewer.session })).status, 200);
      const { events } = (await (await ask('GET', '/api/audit?limit=500', { as: key })).json()) as {
        events: { action: string; outcome: string }[];
      };
      const told = events.map(({ action }) => action);
      assert.equal(told.filter((action) => action === 'session.step_up_refused').length, 1);
    });

    test('who was disabled comes back in the same way only', async () => {
      const { ask, home, openKey } = await createScene(await open());
      const { admin } = home.people;
      const { credential: key } = await openKey({ organisationId: home.id, verbs: ['admin'] });
      const id = await addAdmin({ ask }, { as: admin.session, email: 'former@x.example' });
      const change = (as: Record<string, string>, json: object) => ask('PATCH', `/api/people/${id}`, { as, json });
      const logIn = () => ask('POST', '/api/session', { json: { email: 'former@x.example', password } });
      assert.equal((await change(key, { disabled: true })).status, 200);
      const refused = await change(key, { disabled: false });
      assert.equal(((await refused.json()) as { rule: string }).rule, 'admin-by-person');
      assert.equal((await logIn()).status, 401);
      const restored = await ask('POST', `/api/people/${id}/admin`, { as: admin.session, json: { password } });
      assert.equal(((await restored.json()) as { disabled: boolean }).disabled, false);
      assert.equal((await logIn()).status, 200);
      await change(key, { disabled: true });
      assert.equal((await change(key, { disabled: false, role: 'viewer' })).status, 200, 'as somebody else they may');
      assert.equal(
        (
          await ask('POST', '/api/people/01930000-0000-7000-8000-000000000000/admin', {
            as: admin.session,
            json: { password },
          })
        ).status,
        404,
      );
    });
  });

  suite('the last admin', () => {
    test('can neither be disabled nor be given another role', async () => {
      const { ask, home } = await createScene(await open());
      const { admin } = home.people;
      for (const json of [{ disabled: true }, { role: 'viewer' }, { role: 'viewer', disabled: true }]) {
        const answer = await ask('PATCH', `/api/people/${admin.id}`, { as: admin.session, json });
        assert.equal(((await answer.json()) as { rule: string }).rule, 'last-admin');
      }
    });

    test('remains when two admins remove each other at the same moment', async () => {
      const { ask, home } = await createScene(await open());
      const { admin, manager } = home.people;
      await ask('POST', `/api/people/${manager.id}/admin`, { as: admin.session, json: { password } });
      const remove = (id: string, as: Record<string, string>) =>
        ask('PATCH', `/api/people/${id}`, { as, json: { role: 'viewer' } });
      const answers = await Promise.all([remove(manager.id, admin.session), remove(admin.id, manager.session)]);
      const statuses = answers.map(({ status }) => status).toSorted();
      assert.equal(statuses[0], 200);
      assert.ok(statuses[1] === 409 || statuses[1] === 403);
      const left = await Promise.all([admin, manager].map(({ session }) => ask('GET', '/api/people', { as: session })));
      assert.deepEqual(left.map(({ status }) => status).toSorted(), [200, 403]);
    });
  });

  test('every change is in the audit log, whose chain holds, and no organisation reads another’s rows', async () => {
    const { ask, home, other, database } = await createScene(await open());
    const { admin, viewer } = home.people;
    await ask('PATCH', `/api/people/${viewer.id}`, { as: admin.session, json: { role: 'manager', disabled: true } });
    await ask('PATCH', `/api/people/${viewer.id}`, { as: admin.session, json: { disabled: false } });
    await ask('PATCH', `/api/people/${viewer.id}`, { as: admin.session, json: { disabled: false, name: 'Renamed' } });
    await ask('PATCH', `/api/people/${viewer.id}`, { as: admin.session, json: { name: 'Renamed' } });
    await verifyAuditChain(database);
    const read = async (path: string, as: Record<string, string>) =>
      (await (await ask('GET', path, { as })).json()) as {
        events: { action: string; object: { id: string } }[];
        next: number | null;
      };
    const { events } = await read('/api/audit?limit=500', admin.session);
    const told = events.filter(({ object }) => object.id === viewer.id).map(({ action }) => action);
    assert.deepEqual(told, [
      'person.created',
      'person.role_changed',
      'person.disabled',
      'person.enabled',
      'person.changed',
    ]);
    const foreign = await read('/o/other/api/audit?limit=500', other.people.admin.session);
    assert.ok(foreign.events.length > 0 && !JSON.stringify(foreign).includes(home.id));
    const page = await read('/api/audit?limit=2', admin.session);
    assert.equal(page.events.length, 2);
    assert.equal(
      (await read(`/api/audit?limit=500&after=${page.next}`, admin.session)).events.length,
      events.length - 2,
    );
  });

  test('the exported log is the whole chain for the default organisation, and its own rows for another', async () => {
    const { ask, home, other } = await createScene(await open());
    const lines = async (path: string, as: Record<string, string>) =>
      (await (await ask('GET', path, { as })).text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    const whole = await lines('/api/audit/export', home.people.admin.session);
    assert.deepEqual(
      whole.map(({ sequence }) => sequence),
      whole.map((_row, index) => index + 1),
    );
    assert.equal(whole.at(-1).action, 'audit.exported');
    const own = await lines('/o/other/api/audit/export', other.people.admin.session);
    assert.ok(own.every(({ organisation_id }) => organisation_id === other.id));
    const head = await (await ask('GET', '/api/audit/verify', { as: home.people.admin.session })).json();
    assert.equal((head as { sequence: number }).sequence, whole.length + 1);
  });
});
