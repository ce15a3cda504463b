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
});
