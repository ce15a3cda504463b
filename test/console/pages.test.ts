/** Lists that the server gives page by page, in Chromium: the way on, and the way back. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { upsertRunning } from '../../packages/server/src/watch/clusters/running/store.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('pages of a list', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ SIGNPOST_OUTGOING: 'off' })]);
    visitor = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  const turn = async (name: 'Next' | 'Previous', first: string) => {
    await visitor.page.click(`button:text-is("${name}")`);
    await visitor.page.waitForSelector(`tbody tr:first-child :text-is("${first}")`);
  };

  test('back leads to the page before, and for who came by an address to the first one', async () => {
    const { page } = visitor;
    await attachComponents(server, 130);
    await visitor.go('evidence/projects/compass/1.0.0/sbom');
    await page.waitForSelector('tbody tr:first-child :text-is("c000")');
    await turn('Next', 'c050');
    await turn('Next', 'c100');
    assert.equal(await page.isDisabled('button:text-is("Next")'), true);
    await turn('Previous', 'c050');
    await turn('Next', 'c100');
    await turn('Previous', 'c050');
    await turn('Previous', 'c000');
    assert.equal(await page.isDisabled('button:text-is("Previous")'), true);
    await turn('Next', 'c050');
    await turn('Next', 'c100');
    await page.reload();
    await visitor.settle();
    await turn('Previous', 'c050');
    await turn('Next', 'c100');
    const stranger = await openPerson(browser, server, 'viewer');
    await stranger.page.goto(page.url());
    await stranger.page.waitForSelector('tbody tr:first-child :text-is("c100")');
    await stranger.page.click('button:text-is("Previous")');
    await stranger.page.waitForSelector('tbody tr:first-child :text-is("c000")');
    stranger.assertQuiet();
    await stranger.close();
    visitor.assertQuiet();
  });

  test('what runs in a cluster has no further page where there is nothing more', async () => {
    const { page } = visitor;
    const { id } = await server.admin.call('POST', '/api/watch/clusters', { name: 'shop', in_cluster: true });
    await run(server, id, 3);
    await visitor.go(`watch/clusters/${id}`);
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3);
    assert.equal(await page.locator('button:text-is("Next")').count(), 0);
    await run(server, id, 103);
    await visitor.go(`watch/clusters/${id}`);
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 100);
    await page.click('button:text-is("Next")');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3);
    assert.equal(await page.isDisabled('button:text-is("Next")'), true);
    await page.click('button:text-is("Previous")');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 100);
    visitor.assertQuiet();
  });
});

/** An SBOM of components whose names are in order. */
async function attachComponents({ admin }: SeededServer, count: number): Promise<void> {
  const components = Array.from({ length: count }, (_, index) => {
    const name = `c${String(index).padStart(3, '0')}`;
    return { type: 'library', 'bom-ref': name, name, version: '1.0.0', purl: `pkg:npm/${name}@1.0.0` };
  });
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  await admin.call('PUT', '/api/projects/compass/releases/1.0.0/sbom', bytes);
}

/** As its API server makes the watch note what runs. */
async function run({ dataDir }: SeededServer, clusterId: string, count: number): Promise<void> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  const now = Date.now();
  const rows = Array.from({ length: count }, (_, index) => ({
    ...{
      id: crypto.randomUUID(),
      cluster_id: clusterId,
      namespace: 'shop',
      workload: `Pod/${index}`,
      container: 'app',
    },
    ...{ reference: 'ghcr.io/org/app:1', digest: '', state: 'untold' as const, source_id: null, asked_at: null },
    ...{ first_seen_at: now, last_seen_at: now, ended_at: null },
  }));
  try {
    await database.transaction((tx) => upsertRunning(tx, rows));
  } finally {
    await database.close();
  }
}
