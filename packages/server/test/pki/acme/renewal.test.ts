/** Renewal by ACME, on both engines: when, and of what (RFC 9773). */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { parsePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64Url } from '@signpost/protocol/bytes/base64url';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { forEachEngine } from '../../storage/engines.ts';
import { type AcmeClient, type AcmeReply, createCsr } from './client.ts';
import { type AcmeScene, obtain, openAcmeScene, placeOrder, proveOrder, typeOf } from './scene.ts';

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
  const nameOf = (der: Uint8Array<ArrayBuffer>) => {
    const { extensions, serialNumber } = parseCertificate(der);
    const issuer = extensions.authorityKeyIdentifier?.value.keyIdentifier ?? new Uint8Array();
    return `${encodeBase64Url(issuer)}.${encodeBase64Url(serialNumber)}`;
  };

  test('an order says which certificate it replaces, from its beginning to its end', async () => {
    const names = ['again.example.test'];
    const replaces = nameOf(leafOf(await download(await obtain(scene, client, names))));
    const order = await placeOrder(client, names, { replaces });
    assert.equal(order.reply.json.replaces, replaces);
    const twice = await placeOrder(client, names, { replaces });
    assert.deepEqual([twice.url, twice.reply.json.replaces], [order.url, replaces]);
    assert.equal((await client.read(order.url)).json.replaces, replaces);
    await proveOrder(scene, client, order);
    const done = await client.post(order.finalize, { csr: await createCsr({ names }) });
    assert.deepEqual([done.json.status, done.json.replaces], ['valid', replaces]);
    assert.equal((await client.read(order.url)).json.replaces, replaces);
    assert.ok(!('replaces' in (await placeOrder(client, names)).reply.json));
  });

  test('renewal information points at the last third of a life, and at now once the certificate is revoked', async () => {
    const names = ['renew.example.test'];
    const done = await obtain(scene, client, names);
    const pem = await download(done);
    const der = leafOf(pem);
    const read = async () => {
      const response = await scene.send(new Request(`${client.directory.renewalInfo}/${nameOf(der)}`));
      assert.equal(response.headers.get('retry-after'), '21600');
      const { suggestedWindow } = (await response.json()) as { suggestedWindow: { start: string; end: string } };
      return { start: Date.parse(suggestedWindow.start), end: Date.parse(suggestedWindow.end) };
    };
    const { validFromDate, validToDate } = new X509Certificate(pem);
    const { start, end } = await read();
    assert.ok(start > validFromDate.getTime() && start < end && end < validToDate.getTime());
    const renewed = await obtain(scene, client, names, { more: { replaces: nameOf(der) } });
    assert.equal(renewed.json.status, 'valid', renewed.text);
    assert.equal(typeOf(await ask(dns(...names), { replaces: nameOf(der) })), '409 alreadyReplaced');
    await client.post(client.directory.revokeCert, { certificate: encodeBase64Url(der) });
    assert.ok((await read()).end < scene.dependencies.now());
  });

  test('an open order that replaces a certificate keeps others from it until it is invalid', async () => {
    const [one, other] = ['open.example.test', 'www.open.example.test'];
    const replaces = nameOf(leafOf(await download(await obtain(scene, client, [one, other]))));
    const first = await placeOrder(client, ['new.open.example.test', one], { replaces });
    assert.equal(typeOf(await ask(dns(one, other), { replaces })), '409 alreadyReplaced');
    assert.equal((await ask(dns(one, other))).status, 201, 'without replacing, it may be asked for');
    assert.equal((await ask(dns('new.open.example.test', one), { replaces })).headers.get('location'), first.url);

    // RFC 8555, 7.5.2: without its proof the order comes to nothing.
    for (const url of first.authorizations) await client.post(url, { status: 'deactivated' });
    assert.equal((await client.read(first.url)).json.status, 'invalid');
    const second = await ask(dns(one, other), { replaces });
    assert.deepEqual([second.status, second.json.replaces], [201, replaces]);
    assert.equal(typeOf(await ask(dns(one), { replaces })), '409 alreadyReplaced');
  });

  test('of orders that ask at once to replace a certificate one is taken', async () => {
    const [one, other] = ['once.example.test', 'www.once.example.test'];
    const replaces = nameOf(leafOf(await download(await obtain(scene, client, [one, other]))));
    const asked = [dns(one), dns(other), dns(one, other), dns('new.once.example.test', one)];
    const replies = await Promise.all(asked.map((identifiers) => ask(identifiers, { replaces })));
    const refused = replies.filter(({ status }) => status !== 201);
    assert.deepEqual(refused.map(typeOf), ['409 alreadyReplaced', '409 alreadyReplaced', '409 alreadyReplaced']);
  });

  test('orders replace certificates of their own account and names only', async () => {
    const done = await obtain(scene, client, ['mine.example.test']);
    const replaces = nameOf(leafOf(await download(done)));
    assert.equal(typeOf(await ask(dns('other.example.test'), { replaces })), '400 malformed');
    const other = await scene.enrol();
    const stolen = { identifiers: dns('mine.example.test'), replaces };
    assert.equal(typeOf(await other.post(other.directory.newOrder, stolen)), '400 malformed');
    assert.equal(typeOf(await ask(dns('mine.example.test'), { replaces: 'AAAA.AAAA' })), '404 malformed');
    assert.equal(typeOf(await ask(dns('mine.example.test'), { replaces: 'no dot' })), '400 malformed');
  });

  test('an order that ran out keeps nobody from replacing a certificate', async () => {
    const [one, other] = ['late.example.test', 'www.late.example.test'];
    const replaces = nameOf(leafOf(await download(await obtain(scene, client, [one, other]))));
    const first = await placeOrder(client, ['new.late.example.test', one], { replaces });
    scene.travel(Date.parse(String(first.reply.json.expires)) - scene.dependencies.now());
    assert.equal((await client.read(first.url)).json.status, 'invalid');
    assert.equal((await ask(dns(one, other), { replaces })).status, 201);
  });
});
