/** Coming in: the first admin by the link, second factors, passkeys. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { startAwaitingServer } from './awaiting-server.ts';
import { addAuthenticator, codeOf } from './factors.ts';
import { type SeededServer, startEmptyServer } from './seed.ts';
import { browserPath, openBrowser, openStranger } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('signing in', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  before(async () => {
    const port = await chooseFreePort();
    const local = { SIGNPOST_LISTEN: `127.0.0.1:${port}`, SIGNPOST_BASE_URL: `http://localhost:${port}` };
    [browser, server] = await Promise.all([openBrowser(), startEmptyServer(local)]);
    server = { ...server, base: local.SIGNPOST_BASE_URL };
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('whoever has the link makes the first admin and the vault, and is signed in', async () => {
    const fresh = await startAwaitingServer();
    const stranger = await openStranger(browser, fresh);
    await stranger.page.goto(`${fresh.base}/console/`);
    await stranger.page.waitForSelector('h1:text("waits for its first administrator")');
    await stranger.review('first-admin-awaited');
    await stranger.page.goto(fresh.link);
    await stranger.page.reload();
    await stranger.page.fill('[name=name]', 'Ada Anfang');
    await stranger.page.fill('[name=email]', 'ada@example.org');
    await stranger.page.fill('[name=password]', 'the first password');
    await stranger.page.fill('[name=again]', 'another password');
    await stranger.page.fill('[name=master]', 'the password of the vault');
    await stranger.page.fill('[name=master-again]', 'the password of the vault');
    await stranger.page.waitForSelector('text=The two are different.');
    await stranger.review('first-admin');
    await stranger.page.fill('[name=again]', 'the first password');
    await stranger.page.click('button[type=submit]');
    await stranger.page.waitForSelector('nav[aria-label="Main navigation"]');
    assert.ok(!stranger.page.url().includes(fresh.token), 'the token does not stay in the address');
    stranger.assertQuiet();
    await stranger.close();
    await fresh.stop();
  });

  test('a second factor is asked for: a code that does not hold may be typed again, a recovery code stands in for it', async () => {
    const { email, password } = server.people.admin;
    const { secret } = await server.admin.call('POST', '/api/factors/totp', { password });
    const confirmed = await server.admin.call('POST', '/api/factors/totp/confirm', { code: codeOf(secret, -1) });
    const visitor = await openStranger(browser, server);
    const { page } = visitor;
    await givePassword(page, { base: server.base, email, password });
    await page.waitForSelector('h1:text("Second step")');
    await visitor.review('second-factor');
    await giveCode(page, '000000');
    await page.waitForSelector('[role=alert]');
    await giveCode(page, codeOf(secret, 0));
    await page.waitForSelector('#content h1');
    visitor.assertQuiet();
    await visitor.close();

    const other = await openStranger(browser, server);
    await givePassword(other.page, { base: server.base, email, password });
    await other.page.click('text=Use a recovery code');
    await giveCode(other.page, confirmed.recovery_codes[0]);
    await other.page.waitForSelector('#content h1');
    other.assertQuiet();
    await other.close();
  });

  test('a passkey signs in alone', async () => {
    const visitor = await openStranger(browser, server);
    await addAuthenticator(visitor);
    await visitor.page.goto(`${server.base}/console/`);
    await registerPasskey(visitor.page, server);
    await visitor.page.click('text=Use a passkey');
    await visitor.page.waitForSelector('#content h1');
    visitor.assertQuiet();
    await visitor.close();
  });
});

async function givePassword(page: Page, given: { base: string; email: string; password: string }): Promise<void> {
  await page.goto(`${given.base}/console/`);
  await page.fill('[name=email]', given.email);
  await page.fill('[name=password]', given.password);
  await page.click('button[type=submit]');
}

async function giveCode(page: Page, code: string): Promise<void> {
  await page.fill('[name=code]', code);
  await page.click('button[type=submit]');
}

/** For the administrator, whose second factor was given a moment ago in a session of the script. */
async function registerPasskey(page: Page, { admin, people }: SeededServer): Promise<void> {
  const options = await admin.call('POST', '/api/factors/passkeys/options', { password: people.admin.password });
  const credential = await page.evaluate(async (asked) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
    const made = await navigator.credentials.create({ publicKey });
    return { ...(made as PublicKeyCredential).toJSON() };
  }, options);
  await admin.call('POST', '/api/factors/passkeys', { name: 'Chromium', credential });
}
