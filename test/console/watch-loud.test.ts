/** The first page of the watch, in Chromium, where much more has happened than one page holds. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { addFindings } from './more-findings.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson } from './visitor.ts';
import { seedWatch } from './watch-seed.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('the watch of an organisation with many findings', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ SIGNPOST_OUTGOING: 'off' })]);
    await seedWatch(server, 'registry.example/team/app');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('tells of blindness that somebody has acknowledged, however many findings came after it', async () => {
    const visitor = await openPerson(browser, server, 'viewer');
    await visitor.go('watch/sources');
    await visitor.page.waitForSelector('text=No lasting silence');
    await addFindings(server, [
      { kind: 'observation.blind', state: 'acknowledged', count: 1 },
      { kind: 'identity.new_owner', state: 'open', count: 201 },
    ]);
    await visitor.go('watch/sources');
    const blindness = visitor.page.locator('section[aria-labelledby=blindness]');
    assert.equal(await blindness.locator('a').count(), 1);
    await visitor.review('watch-blind');
    visitor.assertQuiet();
    await visitor.close();
  });
});
