import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Role, Verb } from '../../../src/http/context.ts';
import roles from '../../../src/roles.json' with { type: 'json' };
import { createId } from '../../../src/storage/ids.ts';
import { type Credential, openPlanesScene } from '../../planes-scene.ts';

/** Every route of certificates, profiles and name policy, as the role table has it. */
const routes = Object.entries(roles as Readonly<Record<string, readonly string[]>>).filter(([name]) =>
  /^[A-Z]+ \/api\/(?:certificates(?:\/consistency(?:\/repair)?|\/\{id\}(?:\/(?:hold|release|renew|revoke))?)?|certificate-profiles(?:\/\{name\})?|name-policy)$/.test(
    name,
  ),
);
const people: readonly Role[] = ['admin', 'manager', 'viewer'];
const verbs: readonly Verb[] = ['read', 'upload', 'activate', 'manage', 'admin', 'metrics'];

test('every route of certificates answers whom the role table names, refuses all others, and knows no strangers', async (t) => {
  const scene = await openPlanesScene(t);
  const callers = new Map<string, Credential>();
  for (const role of people) callers.set(role, await scene.openPerson(scene.home, role));
  for (const verb of verbs) callers.set(`key:${verb}`, await scene.openKey(scene.home, [verb]));
  const stranger = await scene.openKey(scene.other, verbs);
  assert.equal(routes.length, 14);
  for (const [name, allowed] of routes) {
    const [method = '', path = ''] = name.split(' ');
    const url = path.replace('{id}', createId(0)).replace('{name}', 'nobody');
    // What is no wish: whoever may ask is told so, and nothing happens.
    const ask = { ...(method === 'GET' || method === 'DELETE' ? {} : { json: { nonsense: true } }) };
    for (const [caller, as] of callers) {
      const { status } = await scene.ask(method, url, { ...ask, as });
      const expected = allowed.includes(caller) ? [200, 400, 404] : [403];
      assert.ok(expected.includes(status), `${caller}: ${name} answered ${status}`);
    }
    assert.equal((await scene.ask(method, url, ask)).status, 401, `anonymous: ${name}`);
    assert.equal((await scene.ask(method, url, { ...ask, as: stranger })).status, 404, `stranger: ${name}`);
  }
});
