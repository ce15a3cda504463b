/** What a server or mirror may do to a client that only fetches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport, fetchMetadata } from '@signpost/protocol/client/transport';
import { startReleaseServer } from './release-server.ts';
import { openWorld, trustPath } from './world.ts';

test('a body that never ends is cut off at the limit, whatever length it claims', async () => {
  await using world = await openWorld();
  let sent = 0;
  world.server.pages.set(trustPath, (response) => {
    response.on('error', () => undefined);
    const timer = setInterval(() => {
      sent += 65_536;
      if (response.destroyed) clearInterval(timer);
      else response.write(new Uint8Array(65_536).fill(0x20));
    });
    response.on('close', () => clearInterval(timer));
  });
  await assert.rejects(world.createClient().refreshTrust(), { code: 'too_large' });
  assert.ok(sent < 16 * 1_048_576, `${sent} bytes were sent`);
});

test('a body that breaks off is refused as fetch_failed', async () => {
  await using world = await openWorld();
  world.server.pages.set(trustPath, (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"trust"', () => response.destroy());
  });
  await assert.rejects(world.createClient().refreshTrust(), { code: 'fetch_failed' });
});

for (const status of [204, 304, 401, 403, 410, 429, 500, 503]) {
  test(`status ${status} is refused as fetch_failed, never taken for absence`, async () => {
    await using world = await openWorld();
    world.server.pages.set(trustPath, (response) => response.writeHead(status).end());
    await assert.rejects(world.createClient().refreshTrust(), { code: 'fetch_failed' });
  });
}

test('a server that is not there is fetch_failed', async () => {
  const server = await startReleaseServer();
  await server.close();
  await assert.rejects(fetchMetadata(createTransport(server.base, fetch), '/x', 10), { code: 'fetch_failed' });
});

test('a redirect within the origin is followed, one to elsewhere is refused without a request there', async () => {
  await using world = await openWorld();
  await using elsewhere = await openWorld();
  const { pages } = world.server;
  pages.set('/moved', pages.get(trustPath) ?? '');
  pages.set(trustPath, (response) => response.writeHead(302, { location: '/moved' }).end());
  assert.equal((await world.createClient().refreshTrust()).version, 3);
  const target = `${elsewhere.server.base}${trustPath}`;
  pages.set(trustPath, (response) => response.writeHead(302, { location: target }).end());
  await assert.rejects(world.createClient().refreshTrust(), { code: 'fetch_failed' });
  assert.deepEqual(elsewhere.server.requests, []);
});

test('redirects in a circle are refused', async () => {
  await using world = await openWorld();
  world.server.pages.set(trustPath, (response) => response.writeHead(307, { location: trustPath }).end());
  await assert.rejects(world.createClient().refreshTrust(), { code: 'fetch_failed' });
  assert.ok(world.server.requests.length <= 5);
});

test('a redirect that points nowhere is refused', async () => {
  await using world = await openWorld();
  for (const location of ['http://', 'javascript:alert(1)', 'data:,{}']) {
    world.server.pages.set(trustPath, (response) => response.writeHead(302, { location }).end());
    await assert.rejects(world.createClient().refreshTrust(), { code: 'fetch_failed' });
  }
});
