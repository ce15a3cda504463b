import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { suite, test } from 'node:test';
import { addAdmin, createScene, password, type Scene } from '../http/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

const hourMs = 3_600_000;

forEachEngine((_engine, open) => {
  suite('logging in', () => {
    test('gives a session in a cookie that no script reads and no other site sends', async () => {
      const { ask, home } = await createScene(await open());
      const answer = await ask('POST', '/api/session', { json: { email: ' Admin@Default.example', password } });
      assert.equal(answer.status, 200);
      const cookie = answer.headers.get('set-cookie') ?? '';
      assert.match(
        cookie,
        /^__Host-signpost=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=43200; HttpOnly; Secure; SameSite=Lax; Path=\/$/,
      );
      const body = (await answer.json()) as { csrf_token: string; role: string; person: { id: string } };
      assert.equal(body.person.id, home.people.admin.id);
      assert.equal(body.role, 'admin');
      const as = { cookie: cookie.split(';')[0] ?? '', 'x-signpost-csrf': body.csrf_token };
      assert.deepEqual(await (await ask('GET', '/api/session', { as })).json(), body);
      assert.equal((await ask('DELETE', '/api/session', { as })).status, 204);
      assert.equal((await ask('GET', '/api/session', { as })).status, 401);
    });

    test('is refused in the same words whatever was wrong, and each refusal is audited', async () => {
      const scene = await createScene(await open());
      const { ask, home, other, database } = scene;
      await database.query
        .updateTable('person')
        .set({ disabled_at: 1 })
        .where('id', '=', home.people.viewer.id)
        .execute();
      const attempts = [
        { email: home.people.admin.email, password: 'not the password' },
        { email: 'nobody@default.example', password },
        { email: home.people.viewer.email, password },
        { email: other.people.admin.email, password },
        { email: home.people.admin.email, password: 'x'.repeat(4096) },
      ];
      const answers = await Promise.all(attempts.map((json) => ask('POST', '/api/session', { json })));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
      assert.equal(new Set(await Promise.all(answers.map((answer) => answer.text()))).size, 1);
      assert.ok(answers.every((answer) => answer.headers.get('set-cookie') === null));
      const refused = await auditOf(scene, 'session.refused');
      assert.equal(refused.length, attempts.length);
      assert.ok(!JSON.stringify(refused).includes('nobody'));
    });

    test('is limited to five a minute and address, successful ones counted', async () => {
      const { ask, travel } = await createScene(await open(), { config: { loginsPerMinute: 5 } });
      const logIn = (from: string) =>
        ask('POST', '/api/session', { json: { email: 'admin@default.example', password }, from });
      for (let count = 0; count < 5; count++) assert.equal((await logIn('192.0.2.1')).status, 200);
      assert.equal((await logIn('192.0.2.1')).status, 429);
      assert.equal((await logIn('192.0.2.2')).status, 200);
      travel(60_000);
      assert.equal((await logIn('192.0.2.1')).status, 200);
    });
  });

  suite('a session', () => {
    test('lasts twelve hours', async () => {
      const { ask, home, travel } = await createScene(await open());
      const as = home.people.viewer.session;
      travel(12 * hourMs - 1);
      assert.equal((await ask('GET', '/api/session', { as })).status, 200);
      travel(1);
      assert.equal((await ask('GET', '/api/session', { as })).status, 401);
    });

    test('that was forged, altered, or signed in another way does not count', async () => {
      const { ask, home } = await createScene(await open());
      const token = home.people.admin.session.cookie?.split('=')[1] ?? '';
      // That the server has verified this one helps none that is like it.
      assert.equal((await ask('GET', '/api/session', { as: home.people.admin.session })).status, 200);
      const [header = '', payload = '', signature = ''] = token.split('.');
      const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const none = `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`;
      const guessed = createHmac('sha256', '').update(`${header}.${payload}`).digest('base64url');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      const later = encode({ ...claims, exp: claims.exp + 3600 });
      const forged = [
        none,
        `${header}.${payload}.${guessed}`,
        `${header}.${later}.${signature}`,
        `${encode({ alg: 'HS512', typ: 'JWT' })}.${payload}.${signature}`,
        `${token}x`,
        '',
      ];
      for (const wrong of forged) {
        const headers = { cookie: `__Host-signpost=${wrong}` };
        assert.equal((await ask('GET', '/api/session', { headers })).status, 401, wrong);
      }
      assert.equal((await ask('GET', '/api/session', { headers: { cookie: `signpost=${token}` } })).status, 401);
    });

    test('is ended at once by its person or an admin, and by nobody else', async () => {
      const { ask, home, other } = await createScene(await open());
      const { admin, manager, viewer } = home.people;
      const list = async (as: Record<string, string>) => {
        const { sessions } = (await (await ask('GET', '/api/sessions', { as })).json()) as {
          sessions: { id: string; person_id: string; current: boolean }[];
        };
        return sessions;
      };
      const own = (await list(viewer.session))[0];
      assert.ok(own?.current && own.person_id === viewer.id);
      assert.equal((await list(admin.session)).length, 3);
      const end = (as: Record<string, string>, path = `/api/sessions/${own.id}`) => ask('DELETE', path, { as });
      assert.equal((await end(manager.session)).status, 404);
      assert.equal((await end(other.people.admin.session, `/o/other/api/sessions/${own.id}`)).status, 404);
      assert.equal((await ask('GET', '/api/session', { as: viewer.session })).status, 200);
      assert.equal((await end(admin.session)).status, 204);
      assert.equal((await ask('GET', '/api/session', { as: viewer.session })).status, 401);
    });

    test('of a person of several organisations is the business of none of their admins', async () => {
      const { ask, home } = await createScene(await open());
      const { admin } = home.people;
      await ask('POST', '/api/organisations', { as: admin.session, json: { slug: 'fresh', name: 'Fresh' } });
      const second = { email: 'second@fresh.example' };
      await addAdmin({ ask }, { as: admin.session, at: '/o/fresh', ...second });
      const opened = await ask('POST', '/o/fresh/api/session', { json: { email: second.email, password } });
      const { csrf_token } = (await opened.json()) as { csrf_token: string };
      const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
      const as = { cookie, 'x-signpost-csrf': csrf_token };
      const list = async (path: string, who: Record<string, string>) =>
        ((await (await ask('GET', path, { as: who })).json()) as { sessions: { id: string; person_id: string }[] })
          .sessions;
      const founders = (await list('/o/fresh/api/sessions', admin.session)).find(
        ({ person_id }) => person_id === admin.id,
      );
      assert.ok(founders);
      assert.ok((await list('/o/fresh/api/sessions', as)).every(({ person_id }) => person_id !== admin.id));
      assert.equal((await ask('DELETE', `/o/fresh/api/sessions/${founders.id}`, { as })).status, 404);
      assert.equal((await ask('GET', '/api/session', { as: admin.session })).status, 200);
    });

    test('is the only one left after its person changed the password', async () => {
      const scene = await createScene(await open());
      const { ask, home } = scene;
      const { viewer } = home.people;
      const second = await viewer.logIn();
      const change = (current: string, next: string) =>
        ask('POST', '/api/session/password', { as: second, json: { current, new: next } });
      assert.equal((await change('not the password', 'a new long password')).status, 403);
      assert.equal((await auditOf(scene, 'session.step_up_refused')).length, 1, 'whoever guesses is told of');
      assert.equal((await change(password, 'short')).status, 400);
      assert.equal((await change(password, 'a new long password')).status, 204);
      assert.equal((await ask('GET', '/api/session', { as: viewer.session })).status, 401);
      await assert.rejects(viewer.logIn(), { code: 'unauthenticated' }, 'nor one whose old password was just verified');
      assert.equal((await ask('GET', '/api/session', { as: second })).status, 200);
      const logIn = (tried: string) => ask('POST', '/api/session', { json: { email: viewer.email, password: tried } });
      assert.equal((await logIn(password)).status, 401);
      assert.equal((await logIn('a new long password')).status, 200);
    });
  });
});

async function auditOf({ database }: Scene, action: string) {
  return database.query.selectFrom('audit_event').selectAll().where('action', '=', action).execute();
}
