/** The console in Chromium, from the sign-in page on: shell, overview, and what happens as verified frames. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { activateRelease } from '../programs/publisher.ts';
import { listForbidden } from './forged.ts';
import { type SeededServer, startEmptyServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, openStranger } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('the shell and the overview', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('a stranger sees the sign-in page and nothing else, and a wrong password says why', async () => {
    const visitor = await openStranger(browser, server);
    const { page } = visitor;
    await page.goto(`${server.base}/console/releases`);
    await page.waitForSelector('[name=email]');
    assert.equal(await page.locator('nav').count(), 0);
    await visitor.review('sign-in');
    await page.fill('[name=email]', server.people.admin.email);
    await page.fill('[name=password]', 'a wrong password');
    await page.click('button[type=submit]');
    await page.waitForSelector('[role=alert]');
    await page.fill('[name=password]', server.people.admin.password);
    await page.click('button[type=submit]');
    await page.waitForSelector('h1:text("Projects")');
    visitor.assertQuiet();
    await visitor.close();
  });

  test('the overview shows lights, what needs a person, and frames that the browser has verified', async () => {
    const visitor = await openPerson(browser, server, 'admin');
    const { page } = visitor;
    await visitor.go('');
    await page.waitForSelector('text=every frame verified here');
    await page.waitForSelector('text=compass 1.2.0 is in service');
    await activateRelease(server.admin, 'compass', '2.0.0');
    await page.waitForSelector('text=compass 2.0.0 is in service');
    await visitor.review('overview');
    visitor.assertQuiet();
    await visitor.close();
  });

  test('palette, shortcuts, theme and language work by keyboard, and choices outlive a reload', async () => {
    const visitor = await openPerson(browser, server, 'viewer');
    const { page } = visitor;
    await visitor.go('');
    await page.keyboard.press('Control+k');
    await page.waitForSelector('dialog[open] [role=combobox]:focus');
    await page.keyboard.type('proj');
    await page.waitForSelector('[role=option]:has-text("Projects")');
    await visitor.review('palette');
    await page.keyboard.press('Escape');
    // No shortcut counts while a dialog is open.
    await page.waitForSelector('dialog[open]', { state: 'detached' });
    await page.keyboard.press('?');
    await page.waitForSelector('h2:text("Keyboard shortcuts")');
    await visitor.review('shortcuts');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
    // One right after the other, however busy the machine is: after a pause the letter would count for nothing.
    await Promise.all([page.keyboard.press('g'), page.keyboard.press('r')]);
    await page.waitForSelector('h1:text("Projects"):focus');
    await page.click('[popovertarget=account]');
    await visitor.review('account');
    await page.click('text=Deutsch');
    await page.click('text=Dunkel');
    await page.waitForSelector('h1:text("Projekte")');
    await page.reload();
    await page.waitForSelector('h1:text("Projekte")');
    assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    visitor.assertQuiet();
    await visitor.close();
  });

  for (const [role, least] of [
    ['viewer', 150],
    ['manager', 60],
  ] as const) {
    test(`whatever the page of a ${role} asks for that is not for them, with their session and its token, is refused`, async () => {
      const forged = listForbidden(role);
      assert.ok(forged.length >= least, `${forged.length} requests`);
      const visitor = await openPerson(browser, server, role);
      await visitor.go('');
      const answers = await visitor.page.evaluate(async (requests) => {
        const { csrf_token: token } = await (await fetch('/api/session')).json();
        const ask = async ({ method, path }: { method: string; path: string }) => {
          const headers = { 'content-type': 'application/json', 'x-signpost-request': '1', 'x-signpost-csrf': token };
          const body = method === 'GET' ? {} : { body: '{}' };
          const { status } = await fetch(path, { method, headers, ...body });
          return `${status} ${method} ${path}`;
        };
        return Promise.all(requests.map(ask));
      }, forged);
      assert.deepEqual(
        answers,
        forged.map(({ method, path }) => `403 ${method} ${path}`),
      );
      visitor.assertQuiet();
      await visitor.close();
    });
  }

  test('signing out ends the session, and an address that names nothing says so', async () => {
    const visitor = await openPerson(browser, server, 'manager');
    const { page } = visitor;
    await visitor.go('no/such/place');
    await page.waitForSelector('h1:text("There is nothing here")');
    await page.click('[popovertarget=account]');
    await page.click('text=Sign out');
    await page.waitForSelector('[name=email]');
    await page.reload();
    await page.waitForSelector('[name=email]');
    visitor.assertQuiet();
    await visitor.close();
  });

  test('on an empty server the overview explains itself', async () => {
    const empty = await startEmptyServer();
    const visitor = await openPerson(browser, empty, 'admin');
    await visitor.go('');
    await visitor.page.waitForSelector('text=no trust list vouches for frames yet');
    await visitor.review('overview-empty');
    visitor.assertQuiet();
    await visitor.close();
    await empty.stop();
  });
});
