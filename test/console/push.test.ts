/** The pages of push, in Chromium: channels, frames verified in the browser, and webhooks with a receiver that answers. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('push', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let admin: Visitor;
  let receiver: Server;
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  before(async () => {
    receiver = createServer((request, response) => {
      if (request.headers['webhook-id'] !== undefined) tell();
      response.end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ SIGNPOST_WEBHOOK_ADDRESSES: 'any' })]);
    admin = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    receiver?.close();
  });

  test('a channel is declared, what is published on it appears verified, and it is removed', async () => {
    const { page } = admin;
    await admin.go('push');
    await page.click('main header >> text=Declare a channel');
    await page.fill('[name=channel]', 'house');
    await admin.review('push-channel-add');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('td code:text("app.house")');
    await page.click('[aria-label="Publish on app.house"]');
    await page.fill('[name=frame-type]', 'app.house-lit');
    await page.fill('[name=frame-data]', '["no object"]');
    await page.waitForSelector('text=This is no JSON object.');
    await admin.review('push-publish');
    await page.fill('[name=frame-data]', '{"room": "<b>hall</b>"}');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=Published on app.house');
    await admin.go('push');
    await page.waitForSelector('text=every frame verified here');
    await page.waitForSelector('text=room: <b>hall</b>');
    await admin.review('push');
    await page.click('[aria-label="Remove channel app.house"]');
    await page.fill('dialog[open] input', 'app.house');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('td code:text("app.house")', { state: 'detached' });
    admin.assertQuiet();
  });

  test('of more channels than a page can hear the own ones of the server are heard, and the others named', async () => {
    const { page } = admin;
    const names = Array.from({ length: 17 }, (_, index) => `app.room-${String(index).padStart(2, '0')}`);
    for (const name of names) await server.admin.call('POST', '/api/push/channels', { name, visibility: 'private' });
    await admin.go('push');
    await page.waitForSelector('.status:has-text("every frame verified here")');
    await page.waitForSelector('[aria-labelledby=live] .badge:has-text("releases")');
    await page.click('summary:has-text("not heard here")');
    await page.waitForSelector('details :text("app.room-16")');
    await admin.review('push-unheard');
    for (const name of names) await server.admin.call('DELETE', `/api/push/channels/${name}`);
    admin.assertQuiet();
  });

  test('a viewer sees channels, and no webhooks', async () => {
    const viewer = await openPerson(browser, server, 'viewer');
    await viewer.go('push');
    assert.equal(await viewer.page.locator('text=Declare a channel').count(), 0);
    await viewer.go('push/webhooks');
    await viewer.page.waitForSelector('h1:text("This page is not for your role")');
    viewer.assertQuiet();
    await viewer.close();
  });

  test('a webhook is added, tested, its delivery replayed, its secret rotated, and it is removed', async () => {
    const { page } = admin;
    await admin.go('push/webhooks');
    await admin.review('webhooks-empty');
    await page.click('main header >> text=Add a webhook');
    await page.fill('[name=url]', `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`);
    await page.fill('[name=description]', 'the <i>house</i>');
    await admin.review('webhook-add');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=whsec_');
    await admin.review('webhooks');
    await page.click('td a');
    await page.waitForSelector('h2:text("Nothing was posted yet")');
    await admin.review('webhook-new');
    await page.click('text=Send a test');
    await page.waitForSelector('tbody tr');
    await told;
    await page.waitForSelector('tbody .status:has-text("delivered")');
    await page.click('text=Replay >> nth=0');
    await page.waitForSelector('text=It is sent again');
    await page.click('text=Rotate the secret');
    await page.getByLabel('Both sign for').selectOption('0');
    await page.fill('dialog[open] input', '127.0.0.1');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=whsec_');
    await admin.review('webhook');
    await page.click('text=Replay since a time');
    await page.check('text=What was taken, too');
    await admin.review('webhook-replay');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=/[Mm]essages? (is|are) sent again/');
    await page.click('main button:text-is("Change")');
    await admin.review('webhook-change');
    await page.fill('dialog[open] [name=types]', 'release.activated');
    await page.fill('dialog[open] [name=project]', 'compass');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('dd:text-is("release.activated")');
    await page.waitForSelector('dd:text-is("compass")');
    await page.click('main button:text-is("Disable")');
    await page.waitForSelector('text=Somebody switched it off');
    await page.click('main button:text-is("Enable")');
    await page.waitForSelector('text=Somebody switched it off', { state: 'detached' });
    await page.click('main button:text-is("Remove")');
    await page.fill('dialog[open] input', '127.0.0.1');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('h2:text("No webhook")');
    admin.assertQuiet();
  });
});
