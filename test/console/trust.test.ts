/** The pages of trust, in Chromium: keys from their making to their revocation, and lists that are verified before they are sent. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { parsePinnedLog } from '@signpost/protocol/client/check-log';
import type { Browser } from 'playwright-core';
import { type ListedKey, OfflineRoot } from '../programs/offline-root.ts';
import { holdRequests } from './lag.ts';
import { type SeededServer, startEmptyServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

/** When the keys of the second list end. */
const end = new Date(Date.now() + 40 * 86_400_000).toISOString();
const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('trust', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer()]);
    visitor = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('the list in force shows roots, threshold, keys with their use, and when it ends', async () => {
    await visitor.go('trust');
    await visitor.page.waitForSelector('h2:text-is("List 1")');
    await visitor.page.waitForSelector(`code:text("${server.root.pubkeyB64}")`);
    await visitor.page.waitForSelector('text=what happens, sent to listeners');
    await visitor.review('trust');
    visitor.assertQuiet();
  });

  test('a key is made, listed by the offline root, and put to use after the browser has verified the list', async () => {
    const { page } = visitor;
    await visitor.go('trust/keys');
    await visitor.review('trust-keys');
    await page.click('text=New signing key');
    await page.fill('[name=label]', "the server's <key> of 2027");
    await page.click('text=Make the key');
    await page.waitForSelector('h1:text("the server\'s <key> of 2027")');
    await page.waitForSelector('text=signpost root add-key');
    await visitor.review('trust-key-new');
    await visitor.go('trust/import');
    await page.click('summary:text("What else the root does")');
    await page.waitForSelector('pre:has-text("signpost root set-project PROJECT --dir ~/signpost-root --approvals 2")');
    await visitor.review('trust-offline-more');
    await page.waitForSelector('text=List the new key');
    const forged = await (await OfflineRoot.create()).signNextList({ valid: await listKeys() });
    await hand(forged.envelope);
    await page.waitForSelector('text=Too few of the roots in force have signed this list');
    assert.equal(await page.locator('text=Bring into force').count(), 0);
    await visitor.review('trust-import-refused');
    await hand('{"no":"list"}');
    await page.waitForSelector('text=This is no trust list.');
    const valid = (await listKeys()).map((key) => ({ ...key, not_after: end }));
    await hand((await server.root.signNextList({ valid, push: await listPushKeys() })).envelope);
    await page.waitForSelector('text=verified in this browser');
    await visitor.review('trust-import');
    await page.click('text=Bring into force');
    await page.waitForSelector('h2:text-is("List 2")');
    await page.waitForSelector('tr:has-text("no end of its own")');
    assert.equal(await page.locator(`tr:has(time[datetime="${end}"])`).count(), valid.length);
    await visitor.go('trust/keys');
    assert.equal(await page.locator(`tr:has(time[datetime="${end}"])`).count(), valid.length);
    await page.click('a:text("the server\'s <key>")');
    await page.click('button:text("Put to use")');
    await page.waitForSelector('.badge:text("in use")');
    await page.waitForSelector(`dd time[datetime="${end}"]`);
    visitor.assertQuiet();
  });

  test('a revocation says what follows before it is done, and what the offline root has to do after it', async () => {
    const { page } = visitor;
    await visitor.review('trust-key');
    const tellProjects = await holdRequests(page, (url) => url.pathname === '/api/projects');
    await page.click('button:text("Revoke")');
    await page.fill('dialog [name=phrase]', "the server's <key> of 2027");
    await page.fill('dialog [autocomplete=current-password]', server.people.admin.password);
    assert.equal(await page.isEnabled('dialog >> button:text("Revoke")'), false, 'not before it said what follows');
    tellProjects();
    await page.waitForSelector('dialog >> text=It may have signed for 1 project: compass');
    await visitor.review('trust-key-revoke');
    await page.click('dialog >> button:text("Revoke")');
    await page.waitForSelector('text=signpost root revoke-key');
    const [revoked, ...valid] = await listKeys();
    assert.ok(revoked);
    await visitor.go('trust/import');
    await hand((await server.root.signNextList({ valid, push: await listPushKeys(), revoked: [revoked] })).envelope);
    await page.click('text=Bring into force');
    await page.waitForSelector('dialog >> text=clients refuse all that it ever signed');
    await visitor.review('trust-import-confirm');
    await page.fill('dialog input', '3');
    await page.click('dialog >> button:text("Bring into force")');
    await page.waitForSelector('h2:text-is("List 3")');
    const { revoked_keys } = await server.admin.call('GET', '/api/trust');
    await page.waitForSelector(`section:has(h2:text("Revoked keys")) time[datetime="${revoked_keys[0].revoked_at}"]`);
    visitor.assertQuiet();
  });

  test('lists so far differ in words, each verified in the browser', async () => {
    await visitor.go('trust/history');
    await visitor.page.waitForSelector('text=is revoked: “rotated by a test”');
    assert.equal(await visitor.page.locator('text=verified here: signed by 1 root').count(), 3);
    await visitor.review('trust-history');
    visitor.assertQuiet();
  });

  test('viewers see everything and can change nothing; German speaks German', async () => {
    const viewer = await openPerson(browser, server, 'viewer', 'de-DE');
    await viewer.go('trust/keys');
    assert.equal(await viewer.page.locator('text=Neuer Signierschlüssel').count(), 0);
    await viewer.page.click('tbody a >> nth=0');
    await viewer.page.waitForSelector('text=Was als Nächstes kommt');
    assert.equal(await viewer.page.locator('button:text("Widerrufen")').count(), 0);
    await viewer.go('trust/import');
    await viewer.page.waitForSelector('text=Diese Seite ist nicht für Ihre Rolle');
    viewer.assertQuiet();
    await viewer.close();
  });

  test('the log shows what was put in force, is named by the offline root, and each entry is verified in the browser', async () => {
    const { page } = visitor;
    await visitor.go('trust/log');
    await page.waitForSelector('text=does not name it');
    await page.waitForSelector('text=signpost root set-log');
    await visitor.review('trust-log');
    const { log } = await server.admin.call('GET', '/api/signing/pubkey');
    const [, ...valid] = await listKeys();
    const terms = { valid, push: await listPushKeys(), log: await parsePinnedLog(log.verifier_key) };
    await visitor.go('trust/import');
    await hand((await server.root.signNextList(terms)).envelope);
    await page.waitForSelector('text=Every release must be proven to be in the transparency log');
    await page.click('text=Bring into force');
    await page.waitForSelector('h2:text-is("List 4")');
    await visitor.go('trust/log');
    await page.waitForSelector('text=clients ask for proofs');
    await page.selectOption('select', 'manifest');
    await page.waitForSelector('td:text-is("trust list")', { state: 'detached' });
    await page.waitForSelector('td:text("compass")');
    await visitor.review('trust-log-named');
    await page.click('td a');
    await page.waitForSelector('text=This browser has seen no checkpoint before');
    await visitor.review('trust-log-entry');
    await page.reload();
    await page.waitForSelector('text=that this browser saw last');
    await page.evaluate('localStorage.clear()');
    await page.reload();
    await page.waitForSelector('text=This browser has seen no checkpoint before');
    await visitor.go('trust/log/999999');
    await page.waitForSelector('text=no such entry in the log');
    await visitor.go('releases/compass/1.2.0');
    await page.click('dd a:text("entry ")');
    await page.waitForSelector('h2:text("compass 1.2.0")');
    visitor.assertQuiet();
  });

  async function hand(text: string): Promise<void> {
    const buffer = Buffer.from(text);
    await visitor.page.setInputFiles('input[type=file]', { name: 'trust.json', mimeType: 'application/json', buffer });
    await visitor.settle();
  }

  async function listPushKeys(): Promise<readonly ListedKey[]> {
    const { active, waiting } = await server.admin.call('GET', '/api/push/identity');
    return [active ?? waiting];
  }

  async function listKeys(): Promise<readonly ListedKey[]> {
    return (await server.admin.call('GET', '/api/signing-keys')).keys;
  }
});

test('an empty server explains the root, and takes its public key once', { skip: missing }, async () => {
  const [browser, server] = await Promise.all([openBrowser(), startEmptyServer()]);
  try {
    const visitor = await openPerson(browser, server, 'admin');
    await visitor.go('trust');
    await visitor.review('trust-empty');
    await visitor.page.click('text=Begin with the root');
    await visitor.page.waitForSelector('text=signpost root init');
    await visitor.review('trust-pin');
    await visitor.page.fill('[name=roots]', server.root.pubkeyB64);
    await visitor.page.click('text=Name these roots');
    await visitor.page.waitForSelector('text=Drop trust.json here');
    visitor.assertQuiet();
  } finally {
    await browser.close();
    await server.stop();
  }
});
