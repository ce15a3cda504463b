/** The server's own words, in Chromium: they are English, and are marked as such on a page in another language (WCAG 3.1.2). */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';
import { seedWatch } from './watch-seed.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('the words of the server on a German page', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ SIGNPOST_OUTGOING: 'off' })]);
    visitor = await openPerson(browser, server, 'admin', 'de-DE');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  /** Throws unless each of `texts` is on the page, and marked as English wherever it stands. */
  const assertEnglish = async (page: Page, texts: readonly string[]) => {
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    for (const text of texts) {
      const found = page.locator('main').getByText(text, { exact: true });
      await found.first().waitFor();
      const languages = await found.evaluateAll((all) => all.map((one) => one.closest('[lang]')?.getAttribute('lang')));
      assert.deepEqual([...new Set(languages)], ['en'], text);
    }
  };

  test('findings of the doctor, and what settings mean', async () => {
    const { page } = visitor;
    const { findings } = await server.admin.call('GET', '/api/doctor');
    assert.ok(findings.length > 0);
    const said = findings.flatMap(({ message, hint }: { message: string; hint: string }) => [message, hint]);
    await visitor.go('system');
    await assertEnglish(page, said);
    const { settings } = await server.admin.call('GET', '/api/settings');
    await visitor.go('system/settings');
    const plain = settings.map(({ meaning }: { meaning: string }) => meaning).filter((text: string) => !/`/.test(text));
    await assertEnglish(page, plain.slice(0, 5));
    visitor.assertQuiet();
  });

  test('findings of the watch, wherever they are listed', async () => {
    const { page } = visitor;
    const source = await seedWatch(server, 'ghcr.io/org/app');
    const { findings } = await server.admin.call('GET', `/api/watch/findings?source=${source}`);
    const { id, title, sentence } = findings[0];
    await visitor.go('watch');
    await assertEnglish(page, [title, sentence]);
    await visitor.go(`watch/findings/${id}`);
    await assertEnglish(page, [sentence]);
    for (const path of ['watch/cases', `watch/sources/${source}`]) {
      await visitor.go(path);
      await assertEnglish(page, [title]);
    }
    visitor.assertQuiet();
  });

  test('refusals, and not the words of the page around them', async () => {
    const { page } = visitor;
    await visitor.go('releases/nowhere');
    const said = page.locator('[role=alert] .said [lang=en]');
    await said.waitFor();
    assert.equal(await said.textContent(), 'no such project');
    assert.equal(
      await page.locator('[role=alert] button').evaluate((one) => one.closest('[lang]')?.getAttribute('lang')),
      'de',
    );
    visitor.assertQuiet();
  });
});
