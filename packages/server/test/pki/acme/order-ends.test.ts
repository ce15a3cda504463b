/** The end that an order asks for, on both engines: given exactly, or refused. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { changeDirectory } from '../../../src/pki/acme/directories/directory.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { type AcmeClient, createCsr } from './client.ts';
import { type AcmeScene, obtain, openAcmeScene, placeOrder, proveOrder, typeOf } from './scene.ts';

const dayMs = 86_400_000;

forEachEngine((_, open) => {
  let scene: AcmeScene;
  let client: AcmeClient;
  before(async () => {
    scene = await openAcmeScene(await open());
    client = await scene.enrol();
  });
  after(() => scene.close());

  const ask = (who: AcmeClient, ends: object) =>
    who.post(who.directory.newOrder, { identifiers: [{ type: 'dns', value: 'www.example.test' }], ...ends });

  test('an order may end sooner, never begin later', async () => {
    const now = scene.dependencies.now();
    const notAfter = new Date(now + 10 * dayMs).toISOString();
    const done = await obtain(scene, client, ['end.example.test'], { more: { notAfter } });
    assert.equal(
      new X509Certificate((await client.read(String(done.json.certificate))).text).validToDate.toISOString(),
      notAfter,
    );
    assert.equal(typeOf(await ask(client, { notBefore: notAfter })), '400 malformed');
    const past = new Date(now - 1).toISOString();
    assert.equal(typeOf(await ask(client, { notAfter: past })), '400 malformed');
  });

  test('an end that the profile or the issuer cannot give is refused before anybody proves anything', async () => {
    const at = (days: number) => new Date(scene.dependencies.now() + days * dayMs).toISOString();
    const end = async (who: AcmeClient, notAfter: string) => typeOf(await ask(who, { notAfter }));
    assert.equal(await end(client, at(20 * 365)), '400 malformed');
    assert.equal(await end(client, at(398)), '400 malformed');
    await scene.createIntermediate({ name: 'brief', days: 20 });
    await scene.addDirectory('brief', { authority: 'brief' });
    const brief = await scene.enrol('brief');
    assert.equal(await end(brief, at(21)), '400 malformed');
    const { orders } = (await brief.read(`${brief.kid}/orders`)).json as { orders: string[] };
    assert.deepEqual(orders, []);
    assert.equal(await end(client, at(1).replace('.000Z', '.500Z')), '400 malformed');
  });

  test('a certificate ends exactly when its order says, or is not issued', async () => {
    await scene.addDirectory('moving');
    const moving = await scene.enrol('moving');
    const names = ['moving.example.test'];
    const notAfter = new Date(scene.dependencies.now() + 30 * dayMs).toISOString();
    const order = await placeOrder(moving, names, { notAfter });
    await proveOrder(scene, moving, order);
    const change = (authority: string) =>
      changeDirectory(scene.dependencies, scene.caller, { name: 'moving', change: { authority } });
    const finish = async () => moving.post(order.finalize, { csr: await createCsr({ names }) });
    await change('brief');
    assert.equal(typeOf(await finish()), '400 malformed');
    assert.equal((await moving.read(order.url)).json.status, 'ready');
    await change('issuing');
    const done = await finish();
    const pem = (await moving.read(String(done.json.certificate))).text;
    assert.equal(new X509Certificate(pem).validToDate.toISOString(), notAfter);
  });

  test('an order lasts no longer than the certificate that it asks for', async () => {
    const notAfter = new Date(scene.dependencies.now() + dayMs).toISOString();
    const { reply } = await placeOrder(client, ['brief.example.test'], { notAfter });
    assert.equal(Date.parse(String(reply.json.expires)), Date.parse(notAfter));
  });
});
