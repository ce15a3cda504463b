import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { createUpdater } from '@signpost/protocol/client/updater';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { importTrustList, readTrustInForce } from '../../../src/trust/trust-lists.ts';
import { type Answer, addStoredDraft, openPlanesScene, openShop, type PlanesScene } from '../../planes-scene.ts';
import { addProject, dayMs, type Scene } from '../scene.ts';

const manifestPath = '/api/projects/rocket/manifest';

async function verifyServed(organisation: Scene, { body }: Answer, slug = 'rocket') {
  const { dependencies, caller } = organisation;
  const trust = await readTrustInForce(dependencies.database.query, caller.organisationId);
  assert.ok(trust);
  return verifyManifest(body, { trust, project: slug, channel: 'stable', now: dependencies.now() });
}

/** How many answers came from a finished buffer: the application logs every request that reaches it. */
function countSlow({ lines }: PlanesScene): number {
  return lines.filter((line) => line.includes('"request"')).length;
}

/** Headers but for the time. */
function stableHeaders({ headers }: Answer) {
  const { date, ...rest } = headers;
  assert.ok(date);
  return rest;
}

suite('the manifest', () => {
  test('is sent as the canonical bytes that were signed, and verifies', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    for (const path of [
      manifestPath,
      `${manifestPath}?channel=stable`,
      '/api/projects/rocket/channels/stable/manifest',
    ]) {
      const answer = await scene.ask('GET', path);
      assert.equal(answer.status, 200);
      const text = answer.body.toString('utf8');
      assert.equal(encodeCanonicalText(parseSignableText(text) as SignableObject), text);
      const manifest = await verifyServed(scene.home, answer);
      assert.equal(manifest.version, '1.0.0');
      assert.equal(answer.headers.etag, `"${manifest.digest}"`);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.equal(answer.headers['content-length'], String(answer.body.length));
    }
  });

  test('leads a client from its pinned root to the bytes of the file', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    let state: string | undefined;
    const updater = createUpdater({
      base: scene.url,
      roots: [scene.home.root.pubkeyB64],
      store: {
        read: async () => state,
        write: async (text) => {
          state = text;
        },
      },
      fetch,
      now: scene.resources.now,
    });
    const check = await updater.checkForUpdate({ project: 'rocket' });
    assert.ok(check.kind === 'update');
    const answer = await scene.ask('GET', check.manifest.main.url);
    assert.equal(answer.body.toString(), 'the bytes of 1.0.0');
    assert.equal(answer.headers.etag, `"${check.manifest.main.sha256}"`);
    assert.equal((await updater.checkForUpdate({ project: 'rocket', installedVersion: '1.0.0' })).kind, 'current');
  });

  test('of a project, channel or release that is not there is 404, of a bad channel 400', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    await addProject(scene.home, 'empty');
    const statuses = {
      '/api/projects/empty/manifest': 404,
      '/api/projects/nothing/manifest': 404,
      [`${manifestPath}?channel=beta`]: 404,
      [`${manifestPath}?channel=..%2fx`]: 400,
      '/api/projects/rocket/channels/BETA/manifest': 400,
    };
    for (const [path, status] of Object.entries(statuses)) {
      const answer = await scene.ask('GET', path);
      assert.equal(answer.status, status, path);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
    }
  });

  test('is still served while the vault is locked', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    scene.resources.vault.lock();
    assert.equal((await scene.ask('GET', manifestPath)).status, 200);
  });
});

suite('a prepared answer', () => {
  test('is equal to the one before it, header by header, and does not reach the application', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    const slow = await scene.ask('GET', manifestPath);
    const before = countSlow(scene);
    const fast = await scene.ask('GET', manifestPath);
    assert.equal(countSlow(scene), before);
    assert.deepEqual(stableHeaders(fast), stableHeaders(slow));
    assert.deepEqual(fast.body, slow.body);
    await verifyServed(scene.home, fast);
  });

  test('tells clients to insist on HTTPS exactly when the other does', async (t) => {
    const scene = await openPlanesScene(t, { environment: { SIGNPOST_TRUSTED_PROXIES: '127.0.0.1' } });
    await openShop(scene);
    for (const proto of ['https', 'http', 'http, https', 'https, http']) {
      const headers = { 'x-forwarded-proto': proto };
      scene.resources.prepared.forgetAll();
      const slow = await scene.ask('GET', manifestPath, { headers });
      const fast = await scene.ask('GET', manifestPath, { headers });
      assert.deepEqual(stableHeaders(fast), stableHeaders(slow), proto);
      assert.equal('strict-transport-security' in fast.headers, proto.endsWith('https'), proto);
    }
  });

  test('gives way to 304 for a client that has it, and to no body for HEAD', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    const full = await scene.ask('GET', manifestPath);
    for (const tag of [full.headers.etag, `W/${full.headers.etag}`, '*', `"x", ${full.headers.etag}`]) {
      const answer = await scene.ask('GET', manifestPath, { headers: { 'if-none-match': String(tag) } });
      assert.deepEqual([answer.status, answer.body.length], [304, 0], String(tag));
      assert.equal(answer.headers.etag, full.headers.etag);
      assert.equal(answer.headers['cache-control'], full.headers['cache-control']);
    }
    assert.equal((await scene.ask('GET', manifestPath, { headers: { 'if-none-match': '"x"' } })).status, 200);
    const head = await scene.ask('HEAD', manifestPath);
    assert.deepEqual([head.status, head.body.length, head.headers.etag], [200, 0, full.headers.etag]);
  });

  test('of one organisation never answers for another one, by path or by host name', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    await openShop(scene, { organisation: scene.other });
    const { port } = new URL(scene.url);
    const ours = [{}, { host: `localhost:${port}` }, { host: 'other.example.evil' }];
    const theirs = [{ host: 'other.example' }, { host: 'OTHER.example' }, { host: `other.example:${port}` }];
    // Twice each, so that every answer is given by the application and from the buffer, in every order.
    for (const round of [0, 1, 2]) {
      for (const headers of round % 2 ? [...ours, ...theirs] : [...theirs, ...ours]) {
        const organisation = theirs.includes(headers as never) ? scene.other : scene.home;
        await verifyServed(organisation, await scene.ask('GET', manifestPath, { headers }));
        await verifyServed(scene.other, await scene.ask('GET', `/o/other${manifestPath}`, { headers }));
        await verifyServed(scene.home, await scene.ask('GET', `/o/default${manifestPath}`, { headers }));
        await verifyServed(scene.other, await scene.ask('GET', `/%6f/other${manifestPath}`, { headers }));
      }
    }
    for (const path of [`/o/nowhere${manifestPath}`, `//o/other${manifestPath}`, `/O/other${manifestPath}`])
      assert.equal((await scene.ask('GET', path)).status, 404, path);
  });

  test('is not believed when the target names another host than the header', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    await openShop(scene, { organisation: scene.other });
    const raw = (target: string, host: string) => sendRaw(scene.url, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n`);
    const own = await scene.ask('GET', manifestPath);
    const foreign = await scene.ask('GET', `/o/other${manifestPath}`);
    for (const _round of [0, 1]) {
      const text = await raw(`http://other.example${manifestPath}`, 'signpost.example');
      // RFC 9112, 3.2.2: the absolute form decides.
      assert.ok(text.endsWith(foreign.body.toString()), text);
      assert.ok((await raw(manifestPath, 'signpost.example')).endsWith(own.body.toString()));
    }
  });

  test('is forgotten when its host name becomes that of a new organisation', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    const headers = { host: 'new.example' };
    await scene.ask('GET', manifestPath, { headers });
    assert.equal((await scene.ask('GET', manifestPath, { headers })).status, 200, 'the default organisation answers');
    const as = await scene.openPerson(scene.home, 'admin');
    const json = { slug: 'newcomer', name: 'Newcomer', host: 'new.example' };
    assert.equal((await scene.ask('POST', '/api/organisations', { as, json })).status, 201);
    assert.equal((await scene.ask('GET', manifestPath, { headers })).status, 404);
  });

  test('changes at once with each act that changes what is published', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key } = await openShop(scene);
    const release = '/api/projects/rocket/releases';
    const act = async (method: string, path: string, json?: unknown) => {
      const answer = await scene.ask(method, path, { as: key, ...(json === undefined ? {} : { json }) });
      assert.ok(answer.status < 300, `${path}: ${answer.body}`);
    };
    const served = async () => {
      await scene.ask('GET', manifestPath);
      const answer = await scene.ask('GET', manifestPath);
      return answer.status === 200 ? (await verifyServed(scene.home, answer)).version : answer.status;
    };
    assert.equal(await served(), '1.0.0');
    await addStoredDraft(scene, { projectId, version: '1.1.0' });
    await act('POST', `${release}/1.1.0/activate`);
    assert.equal(await served(), '1.1.0');
    await act('POST', `${release}/1.1.0/withdraw`, { reason: 'broken' });
    assert.equal(await served(), 404);
    await act('POST', `${release}/1.0.0/activate`);
    assert.equal(await served(), '1.0.0');
    await act('DELETE', '/api/projects/rocket');
    assert.equal(await served(), 404);
    await act('POST', '/api/projects/rocket/restore');
    assert.equal(await served(), '1.0.0');
    const list = await scene.home.signList({ version: 2 });
    await act('POST', '/api/trust/import', JSON.parse(new TextDecoder().decode(list)));
    assert.equal(await served(), 503, 'no key of the new list has signed it');
  });

  test('ends with the manifest, the trust list, and the window of the key', async (t) => {
    for (const [days, wish] of [
      [30, {}],
      [10, { expiresAt: 10 }],
      [5, { notAfter: 5 }],
    ] as const) {
      const scene = await openPlanesScene(t);
      const { home } = scene;
      const { key } = await openShop(scene);
      const [signing] =
        (await readTrustInForce(scene.resources.database.query, home.caller.organisationId))?.validKeys ?? [];
      assert.ok(signing);
      const at = (offset: number) => scene.resources.now() + offset * dayMs;
      const keys = [{ ...signing, ...('notAfter' in wish ? { notAfter: at(wish.notAfter) } : {}) }];
      const list = { version: 2, keys, ...('expiresAt' in wish ? { expiresAt: at(wish.expiresAt) } : {}) };
      const json = JSON.parse(new TextDecoder().decode(await home.signList(list)));
      assert.equal((await scene.ask('POST', '/api/trust/import', { as: key, json })).status, 200);
      assert.equal((await scene.ask('GET', manifestPath)).status, 200);
      home.travel(days * dayMs - 1);
      assert.equal((await scene.ask('GET', manifestPath)).status, 200, `just before ${days} days`);
      home.travel(1);
      const after = await scene.ask('GET', manifestPath);
      assert.deepEqual([after.status, after.json.rule], [503, 'manifest-unverifiable'], `after ${days} days`);
    }
  });

  test('counts in the limit of its client and is refused above it', async (t) => {
    const scene = await openPlanesScene(t, { environment: { SIGNPOST_READS_PER_MINUTE: '5' } });
    const { key } = await openShop(scene);
    for (let count = 0; count < 5; count++) assert.equal((await scene.ask('GET', manifestPath)).status, 200);
    const refused = await scene.ask('GET', manifestPath);
    assert.deepEqual([refused.status, refused.json.code], [429, 'rate_limited']);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    assert.equal((await scene.ask('GET', manifestPath, { as: key })).status, 200, 'keys are not counted by address');
    scene.home.travel(60_000);
    assert.equal((await scene.ask('GET', manifestPath)).status, 200);
  });

  test('for a key does not use up what strangers at its address may read', async (t) => {
    const scene = await openPlanesScene(t, { environment: { SIGNPOST_READS_PER_MINUTE: '5' } });
    const { key } = await openShop(scene);
    for (let count = 0; count < 20; count++)
      assert.equal((await scene.ask('GET', manifestPath, { as: key })).status, 200);
    for (let count = 0; count < 5; count++) assert.equal((await scene.ask('GET', manifestPath)).status, 200);
  });
});

/** Sends a request head as it stands and returns the whole answer as text. */
async function sendRaw(url: string, head: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${head}Connection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

test('the list of trust changes what is served even when it is imported past HTTP', async (t) => {
  const scene = await openPlanesScene(t);
  await openShop(scene);
  await scene.ask('GET', manifestPath);
  const { dependencies, caller } = scene.home;
  await importTrustList(dependencies, caller, await scene.home.signList({ version: 2 }));
  scene.resources.published(caller.organisationId);
  assert.equal((await scene.ask('GET', manifestPath)).status, 503);
});
