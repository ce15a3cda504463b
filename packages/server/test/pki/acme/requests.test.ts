/** What every request must be: one test for each way to be wrong (RFC 8555, section 6). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeBase64Url } from '@signpost/protocol/bytes/base64url';
import { forEachEngine } from '../../storage/engines.ts';
import { AcmeClient, type AcmeReply, createAccountKey, jwkOf, signJws, type Twist } from './client.ts';
import { type AcmeScene, baseUrl, openAcmeScene } from './scene.ts';

function typeOf(reply: AcmeReply): string {
  return `${reply.status} ${String(reply.json.type).replace('urn:ietf:params:acme:error:', '')}`;
}

const order = { identifiers: [{ type: 'dns', value: 'www.example.test' }] };

forEachEngine((_, open) => {
  let scene: AcmeScene;
  let client: AcmeClient;
  before(async () => {
    scene = await openAcmeScene(await open());
    client = await scene.enrol();
  });
  after(() => scene.close());

  const post = (twist: Twist, payload: object | string = order) =>
    client.post(client.directory.newOrder, payload, twist);

  test('new-nonce answers HEAD with 200 and GET with 204, each time with another nonce', async () => {
    const nonces = new Set<string>();
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 204],
    ] as const) {
      const response = await scene.send(new Request(client.directory.newNonce, { method }));
      assert.equal(response.status, status);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      nonces.add(response.headers.get('replay-nonce') ?? '');
    }
    assert.equal(nonces.size, 3);
  });

  test('a nonce that is used, foreign, altered or missing is refused, with a fresh one', async () => {
    const nonce = await client.nonce();
    assert.equal((await post({ header: { nonce } })).status, 201);
    for (const bad of [nonce, 'AAAAAAAAAAAAAAAAAAAAAAAA', `${(await client.nonce()).slice(0, -1)}!`, '', 7]) {
      const reply = await post({ header: { nonce: bad } });
      assert.equal(typeOf(reply), '400 badNonce', String(bad));
      assert.notEqual(reply.headers.get('replay-nonce'), null);
    }
    assert.equal(typeOf(await post({ header: { nonce: undefined } })), '400 badNonce');
  });

  test('a request for another URL is refused', async () => {
    const { newOrder, newAccount } = client.directory;
    for (const url of [newAccount, `${newOrder}?a=1`, newOrder.replace('https:', 'http:'), newOrder.toUpperCase()]) {
      assert.equal(typeOf(await post({ header: { url } })), '403 unauthorized', url);
    }
  });

  test('none, codes, and algorithms of other keys are refused, and the right ones named', async () => {
    for (const alg of ['none', 'HS256', 'ES384', 'RS256', 'PS256', 'EdDSA']) {
      const reply = await post({ header: { alg } });
      assert.equal(typeOf(reply), '400 badSignatureAlgorithm', alg);
      assert.deepEqual(reply.json.algorithms, ['ES256', 'ES384', 'RS256', 'EdDSA']);
    }
  });

  test('a signature by another key, over another payload, or cut short is refused', async () => {
    assert.equal(typeOf(await post({ key: createAccountKey() })), '400 malformed');
    const other = Buffer.from('{"identifiers":[]}').toString('base64url');
    assert.equal(typeOf(await post({ jws: (jws) => ({ ...jws, payload: other }) })), '400 malformed');
    const cut = (jws: Record<string, string>) => ({ ...jws, signature: jws.signature?.slice(4) });
    assert.equal(typeOf(await post({ jws: cut })), '400 malformed');
  });

  test('an account that is unknown, of another directory or of another place is refused', async () => {
    await scene.addDirectory('elsewhere');
    const foreign = await scene.enrol('elsewhere');
    const kids = [
      `${client.kid?.slice(0, -1)}x`,
      foreign.kid,
      client.kid?.replace('/acme/main/', '/acme/elsewhere/'),
      client.kid?.replace('https://ca.test', 'https://evil.test'),
      '1',
    ];
    for (const kid of kids) assert.equal(typeOf(await post({ header: { kid } })), '400 accountDoesNotExist', kid);
  });

  test('jwk and kid exclude each other, and each is for its own resources', async () => {
    assert.equal(typeOf(await post({ header: { jwk: jwkOf(client.key) } })), '400 malformed');
    assert.equal(typeOf(await post({ header: { kid: undefined } })), '400 malformed');
    assert.equal(typeOf(await post({ byKey: true })), '400 malformed');
    const { newAccount } = client.directory;
    assert.equal(typeOf(await client.post(newAccount, {})), '400 malformed');
  });

  test('further members of header or JWS are refused', async () => {
    for (const header of [{ crit: ['b64'], b64: false }, { typ: 'JWT' }, { x5u: 'https://evil.test/' }]) {
      assert.equal(typeOf(await post({ header })), '400 malformed');
    }
    assert.equal(typeOf(await post({ jws: (jws) => ({ ...jws, header: { kid: '1' } }) })), '400 malformed');
    assert.equal(typeOf(await post({ jws: (jws) => ({ payload: jws.payload, signatures: [jws] }) })), '400 malformed');
    assert.equal(typeOf(await post({ jws: (jws) => [jws] })), '400 malformed');
  });

  test('private, weak and unknown keys are refused', async () => {
    const { newAccount } = client.directory;
    const weak = createAccountKey('RS256');
    const shortKey = { ...jwkOf(weak), n: encodeBase64Url(new Uint8Array(128).fill(255)) };
    const smallExponent = { ...jwkOf(weak), e: 'Aw' };
    for (const jwk of [shortKey, smallExponent, { kty: 'oct', k: 'AAAA' }, { ...jwkOf(client.key), crv: 'P-521' }]) {
      const reply = await client.post(newAccount, {}, { byKey: true, key: weak, header: { jwk } });
      assert.equal(typeOf(reply), '400 badPublicKey', JSON.stringify(jwk).slice(0, 60));
    }
    const jwk = client.key.export({ format: 'jwk' });
    assert.equal(typeOf(await client.post(newAccount, {}, { byKey: true, header: { jwk } })), '400 badPublicKey');
  });

  test('another content type, a body that is no JWS, and one that is too large are refused', async () => {
    assert.equal(typeOf(await post({ contentType: 'application/json' })), '415 malformed');
    const { newOrder } = client.directory;
    for (const body of ['', '{', 'null', '"a.b.c"', '{"protected":1}']) {
      assert.equal(typeOf(await client.send(newOrder, body)), '400 malformed', body);
    }
    assert.equal(typeOf(await client.send(newOrder, `{"payload":"${'A'.repeat(70_000)}"}`)), '413 malformed');
    assert.equal(typeOf(await client.send(newOrder, 'x'.repeat(2_000_000))), '413 malformed');
  });

  test('payloads that are no object, or say something twice, are refused', async () => {
    for (const payload of ['', '[]', '7', '{"identifiers":[],"identifiers":[]}', '{"identifiers":{}}', '{']) {
      assert.equal(typeOf(await post({}, payload)), '400 malformed', payload);
    }
  });

  test('what is read takes POST with an empty payload, and no GET', async () => {
    const made = await post({});
    const url = made.headers.get('location') ?? '';
    assert.equal((await client.read(url)).status, 200);
    assert.equal(typeOf(await client.post(url, {})), '400 malformed');
    const response = await scene.send(new Request(url));
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'POST');
    assert.equal(((await response.json()) as { type: string }).type, 'urn:ietf:params:acme:error:malformed');
  });

  test('resources of another account do not exist', async () => {
    const made = await post({});
    const other = await scene.enrol();
    const [authorization = ''] = made.json.authorizations as string[];
    const reads = [made.headers.get('location') ?? '', authorization, `${authorization}/`.replace(/\/$/, '')];
    for (const url of reads) assert.equal(typeOf(await other.read(url)), '404 malformed', url);
    assert.equal(typeOf(await other.read(client.kid ?? '')), '403 unauthorized');
    assert.equal(typeOf(await other.read(`${client.kid}/orders`)), '403 unauthorized');
    assert.equal(typeOf(await other.post(String(made.json.finalize), { csr: 'AA' })), '404 malformed');
  });

  test('a directory of another organisation, an unknown and a closed one are refused', async () => {
    const get = async (path: string) => (await scene.send(new Request(`${baseUrl}${path}`))).status;
    assert.equal(await get('/acme/nothing/directory'), 404);
    assert.equal(await get('/o/nobody/acme/main/directory'), 404);
    await scene.addDirectory('shut', { state: 'closed' });
    assert.equal(await get('/acme/shut/directory'), 503);
  });

  test('a request that was signed for one server is refused where another path leads to the same', async () => {
    const url = client.directory.newOrder;
    const header = { alg: 'ES256', nonce: await client.nonce(), url, kid: client.kid };
    const jws = signJws(client.key, header, JSON.stringify(order));
    const reply = await client.send(`${url}?again`, JSON.stringify(jws));
    assert.equal(typeOf(reply), '403 unauthorized');
  });

  test('a client that waits out badNonce gets through after a restart', async () => {
    const stale = await client.nonce();
    const later = await AcmeClient.open(scene.send, `${baseUrl}/acme/main/directory`, client.key);
    later.kid = client.kid;
    const refused = await later.post(later.directory.newOrder, order, {
      header: { nonce: `${stale.slice(0, 8)}${'A'.repeat(16)}` },
    });
    assert.equal(typeOf(refused), '400 badNonce');
    assert.equal((await later.post(later.directory.newOrder, order)).status, 201);
  });
});
