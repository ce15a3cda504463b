import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { forEachEngine } from '../storage/engines.ts';
import { allRoles, createScene, openScene } from './scene.ts';

forEachEngine((_engine, open) => {
  suite('text that no database stores', () => {
    test('in a path names nothing, for strangers and members alike', async () => {
      const { ask, home } = await createScene(await open(), { planes: 'all', roles: allRoles });
      const as = home.people.admin.session;
      const paths = ['/%00', '/a%00b/info', '/demo/1.0.0/%00.zip', '/api/projects/%00/manifest', '/o/default/%00/info'];
      for (const path of paths) assert.equal((await ask('GET', path)).status, 404, path);
      for (const path of ['/api/projects/%00', '/api/jobs/%00', '/api/projects/demo/uploads/%00']) {
        assert.equal((await ask('GET', path, { as })).status, 404, path);
      }
    });

    test('in a name or an address is refused as what it is', async () => {
      const { ask, home } = await createScene(await open());
      const as = home.people.admin.session;
      const person = { email: 'new@default.example', role: 'viewer', password: 'a long password' };
      for (const name of ['a\u0000b', 'a\ud800b', 'a\u2028b', 'two\nlines', '\u001b[2J']) {
        const told = JSON.stringify(name);
        assert.equal((await ask('POST', '/api/people', { as, json: { ...person, name } })).status, 400, told);
        assert.equal((await ask('POST', '/api/api-keys', { as, json: { name, verbs: ['read'] } })).status, 400, told);
        assert.equal((await ask('POST', '/api/organisations', { as, json: { slug: 'new', name } })).status, 400, told);
      }
      const logIn = { email: 'a\u0000@default.example', password: 'a long password' };
      assert.equal((await ask('POST', '/api/session', { json: logIn })).status, 400);
    });
  });
});

test('a scope that names no project is a mistake in the request', async (t) => {
  const { ask, home } = await openScene(t);
  for (const scope of ['project:..', 'project:', 'everything']) {
    const answer = await ask('POST', '/api/api-keys', {
      as: home.people.admin.session,
      json: { name: 'a key', scope, verbs: ['read'] },
    });
    assert.equal(answer.status, 400, scope);
  }
});
