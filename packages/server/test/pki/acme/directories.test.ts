/** Running ACME over the API: directories, binding keys, accounts and orders, each in its own organisation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIntermediate } from '../../../src/pki/authorities/create-intermediate.ts';
import { createRoot } from '../../../src/pki/authorities/create-root.ts';
import { WeakKeys } from '../../../src/pki/profiles/weak-keys.ts';
import { type Ask, type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import type { Scene } from '../../releases/scene.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';
import { rootPassphrase } from '../scene.ts';
import { AcmeClient } from './client.ts';

let scene: PlanesScene;
let admin: Credential;
let foreign: Credential;

async function addAuthorities({ dependencies, caller }: Scene): Promise<void> {
  const parts = { ...dependencies, weakKeys: new WeakKeys(), pkiUrl: undefined, passphraseCost: cheapCost };
  const key = { keyType: 'ecdsa-p256', passphrase: rootPassphrase } as const;
  await createRoot(parts, caller, { ...key, name: 'root', subject: { CN: 'Root' } });
  await createIntermediate(parts, caller, { ...key, name: 'issuing', subject: { CN: 'Issuing' }, parent: 'root' });
}

test('an admin makes directories and keys for them; nobody else sees or changes them', async (t) => {
  scene = await openPlanesScene(t, { environment: { SIGNPOST_BASE_URL: 'https://ca.test' } });
  await addAuthorities(scene.home);
  admin = await scene.openKey(scene.home, ['admin']);
  foreign = await scene.openKey(scene.other, ['admin']);
  const path = '/api/acme/directories';
  const ask = (method: string, tail = '', more: Ask = {}) =>
    scene.ask(method, `${path}${tail}`, { as: admin, ...more });

  await t.test('a directory has sound defaults', async () => {
    const made = await ask('POST', '', { json: { name: 'web', authority: 'issuing' } });
    assert.equal(made.status, 201, String(made.body));
    assert.deepEqual(made.json.challenges, ['http-01', 'dns-01', 'tls-alpn-01']);
    assert.deepEqual([made.json.addresses, made.json.http_port, made.json.tls_port], ['private', 80, 443]);
    assert.equal((await ask('GET', '/web')).json.authority, 'issuing');
  });

  await t.test('wrong rules, taken names and unknown authorities are refused', async () => {
    const post = async (json: object) => {
      const { status, json: problem } = await ask('POST', '', { json: { name: 'x', authority: 'issuing', ...json } });
      return `${status} ${problem.rule}`;
    };
    assert.equal(await post({ name: 'web' }), '409 acme-name-taken');
    assert.equal(await post({ name: 'Web' }), '400 acme-name');
    assert.equal(await post({ authority: 'nobody' }), '400 acme-authority');
    assert.equal(await post({ names: ['*.example.test'] }), '400 acme-names');
    assert.equal(await post({ profiles: [] }), '400 schema');
    const profile = { name: 'a', profile: 'server', description: 'twice' };
    assert.equal(await post({ profiles: [profile, profile] }), '400 acme-profiles');
    assert.equal(await post({ profiles: [{ ...profile, profile: 'nothing' }] }), '404 profile-unknown');
    assert.equal(await post({ profiles: [{ ...profile, profile: 'intermediate' }] }), '400 acme-profiles');
    assert.equal(await post({ challenges: ['http-02'] }), '400 schema');
    assert.equal(await post({ http_port: 0 }), '400 schema');
    assert.equal(await post({ terms_url: 'javascript:alert(1)' }), '400 schema');
    assert.equal(await post({ surprise: 1 }), '400 schema');
  });

  await t.test('rules are changed one by one', async () => {
    const changed = await ask('PATCH', '/web', { json: { names: ['.web.test'], binding_required: true } });
    assert.deepEqual([changed.json.names, changed.json.binding_required], [['.web.test'], true]);
    assert.equal(changed.json.authority, 'issuing');
    assert.equal((await ask('PATCH', '/web', { json: { state: 'closed' } })).json.state, 'closed');
    assert.equal((await scene.ask('GET', '/acme/web/directory')).status, 503);
    assert.equal((await ask('PATCH', '/web', { json: { state: 'open', binding_required: false } })).status, 200);
    assert.equal((await ask('PATCH', '/none', { json: {} })).status, 404);
  });

  await t.test('what is read by POST is no file of a project to whoever asks by GET', async () => {
    for (const resource of ['new-account', 'new-order', 'key-change', 'revoke-cert', 'order/1', 'account/1']) {
      for (const prefix of ['', '/o/default']) {
        const { status, json, headers } = await scene.ask('GET', `${prefix}/acme/web/${resource}`);
        assert.equal(status, 405, resource);
        assert.equal(headers.allow, 'POST');
        assert.equal(json.type, 'urn:ietf:params:acme:error:malformed');
      }
    }
  });

  await t.test('a binding key shows its secret once, and is revoked', async () => {
    const made = await ask('POST', '/web/eab-keys', { json: { label: 'ops' } });
    assert.equal(made.status, 201);
    assert.match(String(made.json.hmac_key), /^[A-Za-z0-9_-]{43}$/);
    const listed = await ask('GET', '/web/eab-keys');
    assert.ok(!String(listed.body).includes(String(made.json.hmac_key)));
    assert.equal((await ask('DELETE', `/web/eab-keys/${made.json.id}`)).status, 204);
    assert.equal((await ask('DELETE', `/web/eab-keys/${made.json.id}`)).status, 404);
    assert.ok(!scene.lines.join('').includes(String(made.json.hmac_key)), 'no secret in the log');
  });

  await t.test('accounts and orders are listed, and an account is ended', async () => {
    const send = async (request: Request) => scene.app.fetch(request);
    const client = await AcmeClient.register(send, 'https://ca.test/acme/web/directory');
    await client.post(client.directory.newOrder, { identifiers: [{ type: 'dns', value: 'a.web.test' }] });
    const { accounts } = (await ask('GET', '/web/accounts')).json as { accounts: { id: string; state: string }[] };
    const { orders } = (await ask('GET', '/web/orders')).json as { orders: { names: string[]; state: string }[] };
    assert.deepEqual([orders[0]?.names, orders[0]?.state], [['dns:a.web.test'], 'pending']);
    for (const list of ['accounts', 'orders'])
      assert.equal((await ask('GET', `/web/${list}?limit=1`)).json.next, null, 'the page ends with the list');
    const id = accounts[0]?.id ?? '';
    assert.equal((await ask('POST', `/web/accounts/${id}/revoke`)).json.state, 'revoked');
    assert.equal((await ask('POST', `/web/accounts/${id}/revoke`)).status, 409);
    assert.equal((await client.read(client.kid ?? '')).status, 401);
  });

  await t.test('another organisation has neither the directory nor what belongs to it', async () => {
    const other = (method: string, tail: string) => scene.ask(method, `/o/other${path}${tail}`, { as: foreign });
    assert.deepEqual((await other('GET', '')).json.directories, []);
    for (const tail of ['/web', '/web/accounts', '/web/orders', '/web/eab-keys']) {
      assert.equal((await other('GET', tail)).status, 404, tail);
    }
    assert.equal((await scene.ask('GET', '/o/other/acme/web/directory')).status, 404);
    const send = async (request: Request) => scene.app.fetch(request);
    const client = await AcmeClient.register(send, 'https://ca.test/acme/web/directory');
    const reply = await client.post((client.kid ?? '').replace('/acme/', '/o/other/acme/'), '');
    assert.equal(reply.status, 404);
  });
});
