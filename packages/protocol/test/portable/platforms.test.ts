/** The published package runs unchanged wherever the Web's interfaces are: a bare context, and a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { openWorld } from '../client/world.ts';
import { fileBytes, now, rootA } from '../documents.ts';
import { findMissingBrowser, withSite } from './browser.ts';
import { bundleForWeb, readVectorFiles, withBuiltPackage } from './bundle.ts';
import type { PortableOutcome } from './entry.ts';

const entry = fileURLToPath(new URL('entry.ts', import.meta.url));

function assertEverythingWorked({ decided, disagreements, installedText, stateWrites }: PortableOutcome): void {
  assert.deepEqual([...disagreements], []);
  assert.ok(decided > 150, `${decided} vectors were decided`);
  assert.equal(installedText, new TextDecoder().decode(fileBytes));
  assert.equal(stateWrites, 2);
}

test('the package needs no more than these globals', async () => {
  await using world = await openWorld();
  const script = await withBuiltPackage((folder) => bundleForWeb(entry, folder));
  const { crypto, fetch, atob, btoa, TextEncoder, TextDecoder, URL, AbortSignal, Blob } = globalThis;
  const web = { crypto, fetch, atob, btoa, TextEncoder, TextDecoder, URL, AbortSignal, Blob };
  const context = createContext({ ...web });
  runInContext(script, context);
  const site = JSON.stringify({ base: world.server.base, root: rootA.pubkeyB64, now });
  const files = JSON.stringify(await readVectorFiles());
  assertEverythingWorked((await runInContext(`signpost.runEverything(${files}, ${site})`, context)) as PortableOutcome);
});

test('the package runs in Chromium', { skip: findMissingBrowser() }, async () => {
  await using world = await openWorld();
  const script = await withBuiltPackage((folder) => bundleForWeb(entry, folder));
  world.server.pages.set('/', (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><script src="/signpost.js"></script>'),
  );
  world.server.pages.set('/signpost.js', (response) =>
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(script),
  );
  await withSite(world.server.base, async (page) => {
    const given = { files: await readVectorFiles(), site: { base: world.server.base, root: rootA.pubkeyB64, now } };
    const outcome = await page.evaluate(
      (input) => (globalThis as unknown as BrowserGlobal).signpost.runEverything(input.files, input.site),
      given,
    );
    assertEverythingWorked(outcome);
  });
});

interface BrowserGlobal {
  readonly signpost: { runEverything(files: unknown, site: unknown): Promise<PortableOutcome> };
}
