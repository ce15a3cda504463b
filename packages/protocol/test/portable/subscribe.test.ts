/** The example page listens in Chromium, and the client in a bare context with these globals alone. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import type { SubscribeOptions, Subscription } from '@signpost/protocol/client/subscribe/subscription';
import type { Page } from 'playwright-core';
import { heartbeatMs, PushServer } from '../client/subscribe/push-server.ts';
import { MemoryStore } from '../client/world.ts';
import { rootA } from '../documents.ts';
import { findMissingBrowser, withSite } from './browser.ts';
import { findMissingProxy, withBufferingProxy } from './buffering-proxy.ts';
import { bundleForWeb, withBuiltPackage } from './bundle.ts';

const entry = fileURLToPath(new URL('subscribe-entry.ts', import.meta.url));
const script = await withBuiltPackage((folder) => bundleForWeb(entry, folder));
const page = await readFile(new URL('../../../../docs/examples/push.html', import.meta.url), 'utf8');

test('a listener needs no more than these globals', async () => {
  await using server = await PushServer.start();
  const { crypto, fetch, atob, btoa, TextEncoder, TextDecoder, URL, AbortSignal, AbortController } = globalThis;
  const { setTimeout, clearTimeout, performance } = globalThis;
  const web = { crypto, fetch, atob, btoa, TextEncoder, TextDecoder, URL, AbortSignal, AbortController };
  const context = createContext({ ...web, setTimeout, clearTimeout, performance });
  runInContext(script, context);
  const subscribe = runInContext('signpost.subscribe', context) as (options: SubscribeOptions) => Subscription;
  const options = { base: server.base, roots: [rootA.pubkeyB64], store: new MemoryStore(), fetch, now: Date.now };
  const heard: number[] = [];
  let isPublished = false;
  await new Promise<void>((resolve, reject) => {
    const subscription = subscribe({
      ...options,
      channels: ['releases'],
      heartbeatMs,
      onState: (_channel, state) => {
        // Once, however often a busy machine lets it believe that the stream has stopped.
        if (state !== 'live' || isPublished) return;
        isPublished = true;
        void server.publish(3);
      },
      onGap: ({ reason }) => reject(new Error(reason)),
      onFrame: ({ payload }) => {
        if (heard.push(payload.sequence) === 3) subscription.close().then(resolve, reject);
      },
    });
  });
  assert.deepEqual(heard, [1, 2, 3]);
});

test('the example page shows frames in Chromium, and goes on where it was after a reload', {
  skip: findMissingBrowser(),
}, async () => {
  await using server = await PushServer.start();
  server.pages.set('/push.html', { type: 'text/html', body: page });
  const module = `${script}\nexport const { subscribe } = signpost;`;
  server.pages.set('/subscribe.js', { type: 'text/javascript', body: module });
  await withSite(`${server.base}/push.html`, async (tab) => {
    await listen(tab, server);
    await server.publish(2);
    assert.deepEqual(await readSequences(tab, 2), ['2', '1']);
    await tab.click('#stop');
    await tab.waitForSelector('#state:text("not listening")');
    await server.publish(2);
    await tab.reload();
    await listen(tab, server);
    assert.deepEqual(await readSequences(tab, 2), ['4', '3']);
  });
});

test('behind a proxy that buffers, Chromium gives up the stream and hears everything by polls', {
  skip: findMissingBrowser() || findMissingProxy(),
}, async () => {
  const beatMs = 400;
  await using server = await PushServer.start('releases', beatMs);
  server.pages.set('/', { type: 'text/html', body: '<!doctype html><script src="/signpost.js"></script>' });
  server.pages.set('/signpost.js', { type: 'text/javascript', body: script });
  await withBufferingProxy(server.base, (proxy) =>
    withSite(`${proxy}/`, async (tab) => {
      const given = { base: proxy, root: rootA.pubkeyB64, heartbeatMs: beatMs };
      await tab.evaluate(startListening, given);
      await tab.waitForFunction(() => (globalThis as unknown as Heard).heard.includes('live'));
      await server.publish(3);
      await tab.waitForFunction(() => (globalThis as unknown as Heard).heard.includes('3'));
      const heard = await tab.evaluate(() => (globalThis as unknown as Heard).heard);
      assert.deepEqual(
        heard.filter((word) => /^[0-9]/.test(word)),
        ['1', '2', '3'],
      );
      // More than once, where a busy machine lets it believe that nothing comes any more.
      assert.deepEqual(new Set(heard.filter((word) => word.startsWith('open'))), new Set(['open long-poll']));
    }),
  );
});

interface Heard {
  heard: string[];
  readonly signpost: { subscribe(options: SubscribeOptions): Subscription };
}

/** Runs in the page: what is heard is kept in a global. */
function startListening({ base, root, heartbeatMs }: { base: string; root: string; heartbeatMs: number }): void {
  const page = globalThis as unknown as Heard;
  const heard: string[] = [];
  page.heard = heard;
  page.signpost.subscribe({
    ...{ base, roots: [root], heartbeatMs, channels: ['releases'], now: Date.now },
    store: { read: async () => undefined, write: async () => undefined },
    fetch: (url, init) => fetch(url, init),
    onFrame: ({ payload }) => void heard.push(String(payload.sequence)),
    onGap: ({ reason }) => void heard.push(reason),
    onState: (_channel, state) => void heard.push(state),
    onConnection: ({ kind, transport }) => void heard.push(`${kind} ${transport}`),
  });
}

async function listen(tab: Page, server: PushServer): Promise<void> {
  await tab.fill('[name=base]', server.base);
  await tab.fill('[name=root]', rootA.pubkeyB64);
  await tab.fill('[name=channels]', server.channel);
  await tab.click('button:text("Listen")');
  await tab.waitForSelector('#state:text("releases live")');
}

/** The sequences that the page shows, newest first, once there are `count`. */
async function readSequences(tab: Page, count: number): Promise<readonly (string | null)[]> {
  await tab.waitForSelector(`#frames tr:nth-child(${count})`);
  return tab.locator('#frames tr td:nth-child(2)').allTextContents();
}
