/** Accounts: opened, bound, changed, given another key, ended; and who may not. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { listAudit } from '../../../src/audit/store.ts';
import { openAccount } from '../../../src/pki/acme/accounts/account.ts';
import { AccountKeys } from '../../../src/pki/acme/accounts/account-key.ts';
import { createBinding, revokeBinding } from '../../../src/pki/acme/directories/binding.ts';
import { changeDirectory } from '../../../src/pki/acme/directories/directory.ts';
import { HourlyLimits } from '../../../src/pki/acme/requests/hourly-limits.ts';
import { Nonces } from '../../../src/pki/acme/requests/nonces.ts';
import { createUrls } from '../../../src/pki/acme/urls.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { AcmeClient, type AcmeReply, bindAccount, createAccountKey, jwkOf, signJws } from './client.ts';
import { baseUrl, openAcmeScene } from './scene.ts';

const main = `${baseUrl}/acme/main/directory`;

function assertProblem(reply: AcmeReply, status: number, type: string): void {
  assert.equal(reply.json.type, `urn:ietf:params:acme:error:${type}`, reply.text);
  assert.equal(reply.status, status, reply.text);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
}

forEachEngine((_, open) => {
  const opening = open().then(openAcmeScene);
  after(async () => (await opening).close());

  test('an account is opened once for each key, whatever its algorithm', async () => {
    const { send } = await opening;
    for (const kind of ['ES256', 'ES384', 'RS256', 'EdDSA'] as const) {
      const client = await AcmeClient.open(send, main, createAccountKey(kind));
      const first = await client.register({ contact: ['mailto:ops@example.test'] });
      assert.equal(first.status, 201, first.text);
      assert.deepEqual(first.json.contact, ['mailto:ops@example.test']);
      const again = await client.register({ onlyReturnExisting: true });
      assert.equal(again.status, 200);
      assert.equal(again.headers.get('location'), first.headers.get('location'));
    }
  });

  test('every answer to a POST carries a nonce and the way to the directory', async () => {
    const { send } = await opening;
    const client = await AcmeClient.open(send, main);
    for (const reply of [await client.register({ onlyReturnExisting: true }), await client.register()]) {
      assert.match(reply.headers.get('replay-nonce') ?? '', /^[A-Za-z0-9_-]{20,}$/);
      assert.equal(reply.headers.get('link'), `<${main}>;rel="index"`);
      assert.equal(reply.headers.get('cache-control'), 'no-store');
    }
  });

  test('who only asks for an account that is not there opens none', async () => {
    const { send } = await opening;
    const client = await AcmeClient.open(send, main);
    assertProblem(await client.register({ onlyReturnExisting: true }), 400, 'accountDoesNotExist');
  });

  test('the same account asked for twice at once is opened once', async () => {
    const { send } = await opening;
    const key = createAccountKey();
    const clients = await Promise.all([AcmeClient.open(send, main, key), AcmeClient.open(send, main, key)]);
    const replies = await Promise.all(clients.map((client) => client.register()));
    assert.equal(replies[0]?.headers.get('location'), replies[1]?.headers.get('location'));
  });

  test('contacts are changed; other schemes, lists of addresses and header fields are refused', async () => {
    const { enrol } = await opening;
    const client = await enrol();
    const kid = client.kid ?? '';
    const changed = await client.post(kid, { contact: ['mailto:new@example.test'] });
    assert.deepEqual(changed.json.contact, ['mailto:new@example.test']);
    assertProblem(await client.post(kid, { contact: ['tel:+43'] }), 400, 'unsupportedContact');
    for (const contact of [
      'mailto:a@b.test,c@d.test',
      'mailto:a@b.test?subject=x',
      'mailto:',
      'mailto:a@b\u0000.test',
    ]) {
      assertProblem(await client.post(kid, { contact: [contact] }), 400, 'invalidContact');
    }
    assertProblem(await client.post(kid, { contact: 'mailto:a@b.test' }), 400, 'malformed');
    assert.deepEqual((await client.read(kid)).json.contact, ['mailto:new@example.test']);
  });

  test('a deactivated account is refused for ever, and its key opens no other', async () => {
    const { enrol, send } = await opening;
    const client = await enrol();
    assert.equal((await client.post(client.kid ?? '', { status: 'deactivated' })).json.status, 'deactivated');
    assertProblem(await client.read(client.kid ?? ''), 401, 'unauthorized');
    const second = await AcmeClient.open(send, main, client.key);
    assertProblem(await second.register(), 401, 'unauthorized');
  });

  test('an account gets another key, with which alone it is used from then on', async () => {
    const { enrol } = await opening;
    const client = await enrol();
    const next = createAccountKey('EdDSA');
    const { keyChange } = client.directory;
    const inner = signJws(
      next,
      { alg: 'EdDSA', jwk: jwkOf(next), url: keyChange },
      JSON.stringify({ account: client.kid, oldKey: jwkOf(client.key) }),
    );
    const changed = await client.post(keyChange, inner);
    assert.equal(changed.status, 200, changed.text);
    assertProblem(await client.read(client.kid ?? ''), 400, 'badSignatureAlgorithm');
    assert.equal((await client.post(client.kid ?? '', '', { key: next })).status, 200);
  });

  test('of two keys that the same old key hands an account to at once, it gets one', async () => {
    const { enrol } = await opening;
    const client = await enrol();
    const { keyChange } = client.directory;
    const nonces = [await client.nonce(), await client.nonce()];
    const change = (nonce: string) => {
      const next = createAccountKey();
      const statement = JSON.stringify({ account: client.kid, oldKey: jwkOf(client.key) });
      const inner = signJws(next, { alg: 'ES256', jwk: jwkOf(next), url: keyChange }, statement);
      return client.post(keyChange, inner, { header: { nonce } });
    };
    const statuses = (await Promise.all(nonces.map(change))).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
  });

  test('a key of another account is refused with the way to it, and statements about others are', async () => {
    const { enrol } = await opening;
    const [client, other] = [await enrol(), await enrol()];
    const { keyChange } = client.directory;
    const inner = (key: typeof client.key, statement: object, url = keyChange) =>
      signJws(key, { alg: 'ES256', jwk: jwkOf(key), url }, JSON.stringify(statement));
    const right = { account: client.kid, oldKey: jwkOf(client.key) };
    const taken = await client.post(keyChange, inner(other.key, right));
    assertProblem(taken, 409, 'malformed');
    assert.equal(taken.headers.get('location'), other.kid);
    const next = createAccountKey();
    for (const wrong of [
      inner(next, { ...right, account: other.kid }),
      inner(next, { ...right, oldKey: jwkOf(other.key) }),
      inner(next, right, client.directory.newOrder),
      { ...inner(next, right), signature: inner(other.key, right).signature },
      signJws(next, { alg: 'ES256', jwk: jwkOf(next), url: keyChange, nonce: 'x' }, JSON.stringify(right)),
    ]) {
      assertProblem(await client.post(keyChange, wrong), 400, 'malformed');
    }
    assert.equal((await client.read(client.kid ?? '')).status, 200);
  });

  test('a binding key can be given to a client as an argument', async () => {
    const { dependencies, caller, addDirectory } = await opening;
    await addDirectory('argued', { bindingRequired: true });
    for (let made = 0; made < 150; made += 1) {
      const { secret } = await createBinding(dependencies, caller, { directory: 'argued', label: `key ${made}` });
      assert.match(secret, /^[A-Za-z0-9_][A-Za-z0-9_-]{42}$/);
    }
  });

  test('a directory that asks for binding keys takes each of them once, and none that is wrong', async () => {
    const scene = await opening;
    const { dependencies, caller, send, addDirectory } = scene;
    await addDirectory('bound', { bindingRequired: true });
    const url = `${baseUrl}/acme/bound/directory`;
    const { row, secret } = await createBinding(dependencies, caller, { directory: 'bound', label: 'web team' });
    const client = await AcmeClient.open(send, url);
    assert.equal(client.directory.meta.externalAccountRequired, true);
    assertProblem(await client.register(), 403, 'externalAccountRequired');
    const { newAccount, newOrder } = client.directory;
    const bind = (key = client.key, kid = row.id, use = secret, at = newAccount) => ({
      externalAccountBinding: bindAccount(key, at, { kid, secret: use }),
    });
    const otherSecret = Buffer.alloc(32, 1).toString('base64url');
    assertProblem(await client.register(bind(client.key, row.id, otherSecret)), 403, 'unauthorized');
    assertProblem(await client.register(bind(client.key, 'nobody')), 403, 'unauthorized');
    assertProblem(await client.register(bind(createAccountKey())), 400, 'malformed');
    assertProblem(await client.register(bind(client.key, row.id, secret, newOrder)), 400, 'malformed');
    assert.equal((await client.register(bind())).status, 201);
    const second = await AcmeClient.open(send, url);
    assertProblem(await second.register(bind(second.key)), 403, 'unauthorized');
    const revoked = await createBinding(dependencies, caller, { directory: 'bound', label: 'gone' });
    await revokeBinding(dependencies, caller, { directory: 'bound', id: revoked.row.id });
    assertProblem(await second.register(bind(second.key, revoked.row.id, revoked.secret)), 403, 'unauthorized');
  });

  test('terms of service are agreed to, or there is no account', async () => {
    const { dependencies, caller, send, addDirectory } = await opening;
    await addDirectory('terms');
    const change = { termsUrl: 'https://ca.test/terms' };
    await changeDirectory(dependencies, caller, { name: 'terms', change });
    const client = await AcmeClient.open(send, `${baseUrl}/acme/terms/directory`);
    assert.equal(client.directory.meta.termsOfService, 'https://ca.test/terms');
    const refused = await client.register({});
    assertProblem(refused, 403, 'userActionRequired');
    assert.match(refused.headers.get('link') ?? '', /<https:\/\/ca\.test\/terms>;rel="terms-of-service"/);
    assert.equal((await client.register({ termsOfServiceAgreed: true })).status, 201);
  });

  test('more accounts an hour than a directory allows one address are refused, with the time to wait', async () => {
    const { send, addDirectory, travel } = await opening;
    await addDirectory('few', { limits: { accounts: 2, orders: 0, failures: 0 } });
    const register = async () => (await AcmeClient.open(send, `${baseUrl}/acme/few/directory`)).register();
    assert.deepEqual([(await register()).status, (await register()).status], [201, 201]);
    const refused = await register();
    assertProblem(refused, 429, 'rateLimited');
    assert.equal(refused.headers.get('retry-after'), '3600');
    travel(3_600_001);
    assert.equal((await register()).status, 201);
  });

  test('an account that changes all the time is refused, and fills no audit log; it may still end', async () => {
    const { send, addDirectory, travel, dependencies } = await opening;
    await addDirectory('steady', { limits: { accounts: 3, orders: 0, failures: 0 } });
    const client = await AcmeClient.open(send, `${baseUrl}/acme/steady/directory`);
    const url = (await client.register()).headers.get('location') ?? '';
    let key = client.key;
    const change = async (name: string) => client.post(url, { contact: [`mailto:${name}@example.test`] }, { key });
    const changeKey = async () => {
      const next = createAccountKey();
      const { keyChange } = client.directory;
      const statement = JSON.stringify({ account: url, oldKey: jwkOf(key) });
      const inner = signJws(next, { alg: 'ES256', jwk: jwkOf(next), url: keyChange }, statement);
      const reply = await client.post(keyChange, inner, { key });
      if (reply.status === 200) key = next;
      return reply;
    };
    const countRows = async () =>
      (await listAudit(dependencies.database, { limit: 500 })).filter(({ object_id }) => url.endsWith(object_id ?? '-'))
        .length;
    for (const name of ['a', 'b']) assert.equal((await change(name)).status, 200);
    // What is so already is no change.
    for (let again = 0; again < 5; again++) assert.equal((await change('b')).status, 200);
    assert.equal((await changeKey()).status, 200);
    assert.equal(await countRows(), 4);
    const refused = await change('c');
    assertProblem(refused, 429, 'rateLimited');
    assert.equal(refused.headers.get('retry-after'), '3600');
    assertProblem(await changeKey(), 429, 'rateLimited');
    assert.equal(await countRows(), 4);
    travel(3_600_001);
    assert.equal((await change('c')).status, 200);
    for (const name of ['d', 'e']) assert.equal((await change(name)).status, 200);
    assertProblem(await change('f'), 429, 'rateLimited');
    assert.equal((await client.post(url, { status: 'deactivated' }, { key })).json.status, 'deactivated');
  });

  test('who has a network of version 6 counts as one client, however many addresses it has', async () => {
    const scene = await opening;
    const few = await scene.addDirectory('narrow', { limits: { accounts: 1, orders: 0, failures: 0 } });
    const { now } = scene.dependencies;
    const dependencies = {
      ...scene.parts,
      limits: new HourlyLimits(now),
      nonces: new Nonces(),
      keys: new AccountKeys(),
    };
    const openFrom = async (address: string) => {
      const key = await dependencies.keys.parse(jwkOf(createAccountKey()));
      const urls = createUrls({ base: baseUrl, prefix: '', name: few.name });
      const payload = new TextEncoder().encode('{"termsOfServiceAgreed":true}');
      return openAccount(dependencies, { signer: 'key', directory: few, urls, url: main, key, payload }, address);
    };
    assert.ok((await openFrom('2001:db8::1')).isNew);
    await assert.rejects(openFrom('2001:db8::2'), { type: 'rateLimited' });
    assert.ok((await openFrom('2001:db8:0:1::2')).isNew);
  });

  test('what happens to accounts stands in the audit log', async () => {
    const { dependencies } = await opening;
    const actions = (await listAudit(dependencies.database, { limit: 500 })).map(({ action }) => action);
    for (const action of ['created', 'changed', 'key_changed', 'deactivated']) {
      assert.ok(actions.includes(`acme.account_${action}`), action);
    }
    assert.ok(actions.includes('acme.binding_created') && actions.includes('acme.binding_revoked'));
  });
});
