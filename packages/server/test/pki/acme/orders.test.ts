/** Orders from beginning to end, on both engines: names, proofs, certificates, renewal, revocation. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { parsePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64Url } from '@signpost/protocol/bytes/base64url';
import { listAudit } from '../../../src/audit/store.ts';
import { changeDirectory } from '../../../src/pki/acme/directories/directory.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { type AcmeClient, type AcmeReply, createAccountKey, createCsr, thumbprintOf } from './client.ts';
import { type AcmeScene, findChallenge, obtain, openAcmeScene, placeOrder, proveOrder, typeOf } from './scene.ts';

const dayMs = 86_400_000;

forEachEngine((_, open) => {
  let scene: AcmeScene;
  let client: AcmeClient;
  before(async () => {
    scene = await openAcmeScene(await open());
    client = await scene.enrol();
  });
  after(() => scene.close());

  const ask = (identifiers: unknown, more: object = {}) =>
    client.post(client.directory.newOrder, { identifiers, ...more });
  const dns = (...values: string[]) => values.map((value) => ({ type: 'dns', value }));
  const download = async (done: AcmeReply) => (await client.read(String(done.json.certificate))).text;
  const leafOf = (pem: string) => parsePem(pem, 100_000)[0]?.bytes ?? new Uint8Array();

  test('a client proves a name by http-01 and gets its certificate with the chain', async () => {
    const done = await obtain(scene, client, ['www.example.test']);
    assert.equal(done.json.status, 'valid', done.text);
    const reply = await client.read(String(done.json.certificate));
    assert.equal(reply.headers.get('content-type'), 'application/pem-certificate-chain');
    const [leaf, issuer, ...more] = parsePem(reply.text, 100_000).map(({ bytes }) => new X509Certificate(bytes));
    assert.equal(more.length, 0);
    assert.ok(leaf && issuer && leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey));
    assert.equal(leaf.subjectAltName, 'DNS:www.example.test');
    const rows = await listAudit(scene.dependencies.database, { limit: 500 });
    assert.ok(rows.some(({ action, detail }) => action === 'acme.validated' && detail?.includes('www.example.test')));
    assert.ok(rows.some(({ action, detail }) => action === 'certificate.issued' && detail?.includes('acme')));
  });

  test('a proof counts for later orders of the same account, and for nobody else', async () => {
    assert.equal((await placeOrder(client, ['www.example.test'])).reply.json.status, 'ready');
    const other = await scene.enrol();
    assert.equal((await placeOrder(other, ['www.example.test'])).reply.json.status, 'pending');
  });

  test('what a validation finds soon stands in the answer to its challenge', async () => {
    const client = await scene.enrol();
    for (const [name, status] of [
      ['soon.example.test', 'valid'],
      ['never.example.test', 'invalid'],
    ] as const) {
      const order = await placeOrder(client, [name]);
      const { token, url } = await findChallenge(client, order.authorizations[0] ?? '', 'http-01');
      const text = status === 'valid' ? `${token}.${thumbprintOf(client.key)}` : 'something else';
      scene.files.set(`/.well-known/acme-challenge/${token}`, text);
      assert.equal((await client.post(url, {})).json.status, status);
      assert.equal((await client.read(order.url)).json.status, status === 'valid' ? 'ready' : 'invalid');
    }
  });

  test('the same order asked for twice is one order', async () => {
    const first = await placeOrder(client, ['twice.example.test', 'again.example.test']);
    const second = await placeOrder(client, ['AGAIN.example.test', 'twice.example.test', 'twice.example.test']);
    assert.equal(second.url, first.url);
    assert.deepEqual(second.authorizations, first.authorizations);
    const other = await placeOrder(client, ['twice.example.test', 'again.example.test'], { profile: 'shortlived' });
    assert.notEqual(other.url, first.url);
    const { orders } = (await client.read(`${client.kid}/orders`)).json as { orders: string[] };
    assert.ok(orders.includes(first.url) && orders.includes(other.url));
  });

  test('the same order asked for several times at once is one order, and counts as one', async () => {
    await scene.addDirectory('single', { limits: { accounts: 0, orders: 1, failures: 0 } });
    const single = await scene.enrol('single');
    const names = ['once.example.test'];
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => placeOrder(single, names)));
    assert.ok(first);
    for (const other of others) assert.deepEqual([other.url, other.authorizations], [first.url, first.authorizations]);
    const { orders } = (await single.read(`${single.kid}/orders`)).json as { orders: string[] };
    assert.deepEqual(orders, [first.url]);
    const different = [1, 2].map((number) => ({ identifiers: dns(`other${number}.example.test`) }));
    const replies = await Promise.all(different.map((wish) => single.post(single.directory.newOrder, wish)));
    assert.deepEqual(replies.map(typeOf), ['429 rateLimited', '429 rateLimited']);
  });

  test('a wildcard is proven by dns-01, one of several texts, and only so', async () => {
    const order = await placeOrder(client, ['*.wild.example.test']);
    const url = order.authorizations[0] ?? '';
    const seen = (await client.read(url)).json;
    assert.deepEqual([seen.identifier, seen.wildcard], [{ type: 'dns', value: 'wild.example.test' }, true]);
    assert.equal((seen.challenges as unknown[]).length, 1);
    const { token, url: challenge } = await findChallenge(client, url, 'dns-01');
    const digest = createHash('sha256')
      .update(`${token}.${thumbprintOf(client.key)}`)
      .digest('base64url');
    scene.texts.set('_acme-challenge.wild.example.test', ['another text', digest]);
    const answer = await client.post(challenge, {});
    assert.equal(answer.headers.get('retry-after'), null);
    assert.ok((answer.headers.get('link') ?? '').includes(`<${url}>;rel="up"`));
    assert.equal((await client.waitWhile(url, ['pending'])).json.status, 'valid');
    const done = await client.post(order.finalize, { csr: await createCsr({ names: ['*.wild.example.test'] }) });
    assert.equal(done.json.status, 'valid', done.text);
  });

  test('an address is proven by http-01', async () => {
    const done = await obtain(scene, client, ['127.0.0.1']);
    assert.equal(done.json.status, 'valid', done.text);
    assert.equal(new X509Certificate(await download(done)).subjectAltName, 'IP Address:127.0.0.1');
  });

  test('a file with another text fails the order, says why, and does not repeat the text', async () => {
    const order = await placeOrder(client, ['wrong.example.test']);
    const [url = ''] = order.authorizations;
    const { token, url: challenge } = await findChallenge(client, url, 'http-01');
    scene.files.set(`/.well-known/acme-challenge/${token}`, 'secret of an internal host');
    await client.post(challenge, {});
    const failed = await client.waitWhile(url, ['pending']);
    assert.equal(failed.json.status, 'invalid');
    const [seen] = failed.json.challenges as { status: string; error: { type: string } }[];
    assert.equal(seen?.error.type, 'urn:ietf:params:acme:error:incorrectResponse');
    assert.ok(!failed.text.includes('secret'));
    assert.equal((await client.read(order.url)).json.status, 'invalid');
    const refused = await client.post(order.finalize, { csr: await createCsr({ names: ['wrong.example.test'] }) });
    assert.equal(typeOf(refused), '403 orderNotReady');
  });

  test('redirects are followed within bounds, and to no other ports', async () => {
    const order = await placeOrder(client, ['redirect.example.test']);
    const [url = ''] = order.authorizations;
    const { token } = await findChallenge(client, url, 'http-01');
    scene.files.set(`/.well-known/acme-challenge/${token}`, 'redirect:/elsewhere');
    scene.files.set('/elsewhere', `${token}.${thumbprintOf(client.key)}`);
    await proveLater(client, url);
    for (const [name, location] of [
      ['port.example.test', 'http://127.0.0.1:22/'],
      ['scheme.example.test', 'ftp://127.0.0.1/'],
      ['loop.example.test', '/loop'],
    ] as const) {
      const { authorizations } = await placeOrder(client, [name]);
      const [bad = ''] = authorizations;
      const challenge = await findChallenge(client, bad, 'http-01');
      scene.files.set(`/.well-known/acme-challenge/${challenge.token}`, `redirect:${location}`);
      scene.files.set('/loop', 'redirect:/loop');
      await client.post(challenge.url, {});
      const failed = await client.waitWhile(bad, ['pending']);
      assert.match(failed.text, /error:connection/, name);
    }
  });

  async function proveLater(who: AcmeClient, url: string): Promise<void> {
    await who.post((await findChallenge(who, url, 'http-01')).url, {});
    assert.equal((await who.waitWhile(url, ['pending'])).json.status, 'valid');
  }

  test('a directory that allows public addresses only connects to no other', async () => {
    await scene.addDirectory('public', { addresses: 'public' });
    const stranger = await scene.enrol('public');
    const { authorizations } = await placeOrder(stranger, ['inside.example.test']);
    await stranger.post((await findChallenge(stranger, authorizations[0] ?? '', 'http-01')).url, {});
    const failed = await stranger.waitWhile(authorizations[0] ?? '', ['pending']);
    assert.match(failed.text, /an address that this directory may connect to/);
  });

  test('names that are none, encoded wrongly, with NUL or not in ASCII are refused', async () => {
    for (const value of [
      ...['', '.', 'a..test', '-a.test', 'a_b.test', 'a b.test', 'exämple.test', 'a\u0000.example.test', 'a.test.'],
      ...['xn--a.test', 'ab--cd.test', '*.*.test', 'a.*.test', '*', '1.2.3.4', `${'a'.repeat(64)}.test`],
    ]) {
      assert.equal(typeOf(await ask(dns(value))), '400 malformed', JSON.stringify(value));
    }
    assert.equal((await ask(dns('xn--exmple-cua.test'))).status, 201);
  });

  test('addresses in other forms, other types, no names and too many are refused', async () => {
    for (const value of ['127.0.0.01', '::0001', '[::1]', 'fe80::1%eth0', 'www.example.test', '10.0.0.0/8']) {
      assert.equal(typeOf(await ask([{ type: 'ip', value }])), '400 malformed', value);
    }
    assert.equal(typeOf(await ask([{ type: 'email', value: 'a@b.test' }])), '400 unsupportedIdentifier');
    assert.equal(typeOf(await ask([])), '400 malformed');
    const many = Array.from({ length: 101 }, (_unused, number) => `n${number}.example.test`);
    assert.equal(typeOf(await ask(dns(...many))), '400 malformed');
  });

  test('names of strangers are refused by the policy, each by name', async () => {
    const reply = await ask(dns('www.google.com', 'www.example.test', '*.com'));
    assert.equal(typeOf(reply), '400 rejectedIdentifier');
    const subproblems = reply.json.subproblems as { identifier: { value: string } }[];
    assert.deepEqual(
      subproblems.map(({ identifier }) => identifier.value),
      ['*.com', 'www.google.com'],
    );
  });

  test('a directory has its own names besides', async () => {
    await scene.addDirectory('narrow', { names: ['.web.test', 'web.test', '10.0.0.0/8'], challenges: ['http-01'] });
    const narrow = await scene.enrol('narrow');
    const asked = async (type: string, value: string) =>
      (await narrow.post(narrow.directory.newOrder, { identifiers: [{ type, value }] })).status;
    assert.deepEqual(
      [await asked('dns', 'web.test'), await asked('dns', 'a.b.web.test'), await asked('ip', '10.1.2.3')],
      [201, 201, 201],
    );
    // The last one could only be proven by dns-01, which this directory does not offer.
    assert.deepEqual(
      [await asked('dns', 'eweb.test'), await asked('ip', '192.168.0.1'), await asked('dns', '*.web.test')],
      [400, 400, 400],
    );
  });

  test('an order for a name that its directory allows no more gets no certificate', async () => {
    await scene.addDirectory('shrinking', { names: ['.web.test'] });
    const late = await scene.enrol('shrinking');
    const order = await placeOrder(late, ['late.web.test']);
    await proveOrder(scene, late, order);
    const change = (...names: string[]) =>
      changeDirectory(scene.dependencies, scene.caller, { name: 'shrinking', change: { names } });
    const finish = async () => late.post(order.finalize, { csr: await createCsr({ names: ['late.web.test'] }) });
    await change('.other.test');
    assert.equal(typeOf(await finish()), '400 rejectedIdentifier');
    await change('.web.test');
    assert.equal((await finish()).json.status, 'valid');
  });

  test('profiles are offered and chosen; others are refused', async () => {
    assert.deepEqual(client.directory.meta.profiles, { server: 'For servers', shortlived: 'For a few days' });
    assert.equal(typeOf(await ask(dns('www.example.test'), { profile: 'root' })), '400 invalidProfile');
    const done = await obtain(scene, client, ['short.example.test'], { more: { profile: 'shortlived' } });
    const { validFromDate, validToDate } = new X509Certificate(await download(done));
    assert.ok(validToDate.getTime() - validFromDate.getTime() < 7 * dayMs);
  });

  test('a request for other names, by the key of the account or for an authority is refused', async () => {
    const order = await placeOrder(client, ['csr.example.test']);
    await proveOrder(scene, client, order);
    const names = ['csr.example.test'];
    for (const [why, csr] of [
      ['more names', await createCsr({ names: [...names, 'other.example.test'] })],
      ['other names', await createCsr({ names: ['other.example.test'] })],
      ['no names', await createCsr({ names: [] })],
      ['another common name', await createCsr({ names, commonName: 'other.example.test' })],
      ['the account key', await createCsr({ names, key: client.key })],
      [
        'an authority',
        await createCsr({ names, extra: { basicConstraints: { isAuthority: true, pathLength: undefined } } }),
      ],
      ['signing certificates', await createCsr({ names, extra: { keyUsage: ['keyCertSign'] } })],
      ['nothing', ''],
      ['noise', 'AAAA'],
    ] as const) {
      assert.equal(typeOf(await client.post(order.finalize, { csr })), '400 badCSR', why);
    }
    assert.equal((await client.read(order.url)).json.status, 'ready');
    const right = await client.post(order.finalize, {
      csr: await createCsr({ names: [], commonName: 'csr.example.test' }),
    });
    assert.equal(right.json.status, 'valid', right.text);
  });

  test('an order is finished once: the same request again finds it, another key does not', async () => {
    const names = ['once.example.test'];
    const order = await placeOrder(client, names);
    assert.equal(typeOf(await client.post(order.finalize, { csr: await createCsr({ names }) })), '403 orderNotReady');
    await proveOrder(scene, client, order);
    const csr = await createCsr({ names });
    const first = await client.post(order.finalize, { csr });
    const again = await client.post(order.finalize, { csr });
    assert.equal(again.json.certificate, first.json.certificate);
    assert.equal(typeOf(await client.post(order.finalize, { csr: await createCsr({ names }) })), '403 orderNotReady');
  });

  test('a proof that is given up ends the orders that need it', async () => {
    const order = await placeOrder(client, ['up.example.test']);
    const [url = ''] = order.authorizations;
    assert.equal((await client.post(url, { status: 'deactivated' })).json.status, 'deactivated');
    assert.equal((await client.read(order.url)).json.status, 'invalid');
    assert.equal(typeOf(await client.post(url, { status: 'valid' })), '400 malformed');
  });

  test('the account, an account with all proofs, and the key of the certificate may revoke; nobody else', async () => {
    const names = ['revoke.example.test'];
    const obtainOne = async (key = createAccountKey()) =>
      leafOf(await download(await obtain(scene, client, names, { csr: { key } })));
    const { revokeCert } = client.directory;
    const body = (der: Uint8Array, reason?: number) => ({
      certificate: encodeBase64Url(der),
      ...(reason !== undefined && { reason }),
    });
    const der = await obtainOne();
    const other = await scene.enrol();
    assert.equal(typeOf(await other.post(revokeCert, body(der))), '403 unauthorized');
    assert.equal(typeOf(await client.post(revokeCert, body(der), { byKey: true })), '403 unauthorized');
    assert.equal(typeOf(await client.post(revokeCert, body(der, 2))), '400 badRevocationReason');
    assert.equal(typeOf(await client.post(revokeCert, body(der, 8))), '400 badRevocationReason');
    assert.equal((await client.post(revokeCert, body(der, 4))).status, 200);
    assert.equal(typeOf(await client.post(revokeCert, body(der))), '400 alreadyRevoked');
    const kept = createAccountKey();
    const second = await obtainOne(kept);
    await proveOrder(scene, other, await placeOrder(other, names));
    assert.equal((await other.post(revokeCert, body(second, 1))).status, 200);
    // Whoever took a name over cannot have the key of the one before refused.
    await obtainOne(kept);
    const key = createAccountKey();
    const third = await obtainOne(key);
    assert.equal((await client.post(revokeCert, body(third, 1), { byKey: true, key })).status, 200);
    const again = await placeOrder(client, names);
    const refused = await client.post(again.finalize, { csr: await createCsr({ names, key }) });
    assert.equal(refused.status, 409, refused.text);
  });

  test('more orders and more failures an hour than a directory allows are refused', async () => {
    await scene.addDirectory('slow', { limits: { accounts: 0, orders: 2, failures: 1 } });
    const slow = await scene.enrol('slow');
    const first = await placeOrder(slow, ['a.example.test']);
    await placeOrder(slow, ['a.example.test']);
    await placeOrder(slow, ['b.example.test']);
    const refused = await slow.post(slow.directory.newOrder, { identifiers: dns('c.example.test') });
    assert.equal(typeOf(refused), '429 rateLimited');
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    const [url = ''] = first.authorizations;
    await slow.post((await findChallenge(slow, url, 'http-01')).url, {});
    await slow.waitWhile(url, ['pending']);
    scene.travel(3_600_001);
    const next = await placeOrder(slow, ['a.example.test']);
    const challenge = await findChallenge(slow, next.authorizations[0] ?? '', 'http-01');
    assert.equal((await slow.post(challenge.url, {})).status, 200);
  });

  test('orders and proofs run out', async () => {
    const order = await placeOrder(client, ['late.example.test']);
    await proveOrder(scene, client, order);
    scene.travel(8 * dayMs);
    assert.equal((await client.read(order.url)).json.status, 'invalid');
    assert.equal((await client.read(order.authorizations[0] ?? '')).json.status, 'expired');
    assert.equal((await placeOrder(client, ['late.example.test'])).reply.json.status, 'pending');
  });
});
