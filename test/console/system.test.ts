/** The pages of the system, in Chromium: health and vault, the audit log, backups and a restore. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { signIn } from '../programs/operator.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, openStranger, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('the system', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let admin: Visitor;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer()]);
    admin = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function prove(): Promise<void> {
    const { page } = admin;
    await page.fill('dialog[open] [autocomplete=current-password]', server.people.admin.password);
    await page.click('dialog[open]:has([autocomplete=current-password]) [type=submit]');
  }

  test('a manager is told that this is not for them', async () => {
    const manager = await openPerson(browser, server, 'manager');
    await manager.go('system/audit');
    await manager.page.waitForSelector('h1:text("This page is not for your role")');
    manager.assertQuiet();
    await manager.close();
  });

  test('the figures of the server are told in words, and how Prometheus reads them', async () => {
    const { page } = admin;
    await admin.go('system');
    const figures = page.locator('section[aria-labelledby=figures]');
    assert.match((await figures.textContent()) ?? '', /[1-9]\d* answered, 0 of them failed/);
    await figures.locator(`pre:has-text("targets: ['${new URL(server.base).host}']")`).waitFor();
    admin.assertQuiet();
  });

  test('the audit log shows the newest first, pages both ways, filters, and its chain is checked', async () => {
    const { page } = admin;
    const first = 'tbody tr:first-child td:first-child';
    await admin.go('system/audit');
    const newest = Number(await page.textContent(first));
    await page.click('text=Check the chain');
    await page.waitForSelector(`text=The chain holds, up to entry ${newest}`);
    await admin.review('audit');
    await page.click('button:text-is("Next")');
    await page.waitForSelector(`${first}:text-is("${newest - 25}")`);
    await page.click('button:text-is("Previous")');
    await page.waitForSelector(`${first}:text-is("${newest}")`);
    await page.selectOption('label:text-is("Only") ~ select', 'person.created');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3);
    const who = page.getByLabel('Who', { exact: true });
    await who.fill('nobody@example.org');
    await who.press('Enter');
    await page.waitForSelector('text=Nothing fits the search.');
    await admin.review('audit-who');
    await who.fill(server.people.admin.email);
    await who.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
    await page.reload();
    await admin.settle();
    assert.equal(await who.inputValue(), server.people.admin.email);
    await who.fill('');
    await who.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3);
    await who.fill(server.people.admin.email);
    await who.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
    await page.selectOption('label:text-is("Outcome") ~ select', 'refused');
    await page.waitForSelector('tbody', { state: 'detached' });
    await admin.go('system/audit?before=3');
    await page.waitForSelector('code:text("server.initialised")');
    await page.click('text=Go to the newest');
    await page.waitForSelector(`${first}:text-is("${newest}")`);
    admin.assertQuiet();
  });

  test('settings are shown with what they mean, secrets and services without what they are', async () => {
    const { page } = admin;
    await admin.go('system/settings');
    await admin.review('settings');
    await page.selectOption('main select', 'set');
    await page.waitForSelector('tr:has-text("SIGNPOST_SCAN") code:text-is("off")');
    assert.equal(await page.locator('tr:has-text("SIGNPOST_NPMRC")').count(), 0);
    await page.fill('main [type=search]', 'unscanned');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    admin.assertQuiet();
  });

  test('a database of vulnerabilities is imported and removed', async () => {
    const { page } = admin;
    await admin.go('system');
    await page.click('button:text-is("Import a database")');
    await page.fill('[name=ecosystem]', 'npm');
    const record = {
      ...{ id: 'GHSA-1', modified: '2026-01-01T00:00:00Z', summary: 'A hole' },
      affected: [{ package: { ecosystem: 'npm', name: 'left' }, versions: ['1.0.0'] }],
    };
    const buffer = Buffer.from(`${JSON.stringify(record)}\n`);
    await page.setInputFiles('dialog[open] [type=file]', { name: 'npm.json', mimeType: 'application/json', buffer });
    await admin.review('vulnerabilities-import');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=1 entry');
    await page.click('[aria-label="Remove the database of npm"]');
    await page.fill('dialog[open] input', 'npm');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=None is imported');
    admin.assertQuiet();
  });

  test('a backup is made, downloaded, and restored', async () => {
    const { page } = admin;
    await admin.go('system/backups');
    await page.waitForSelector('pre:text-is("signpost backup key --out signpost-backup-key.txt")');
    await admin.review('backups-empty');
    await page.click('main header >> text=Make a backup');
    await page.fill('[name=passphrase]', 'a passphrase for the backup');
    await admin.review('backup-make');
    await page.click('dialog[open] [type=submit]');
    await prove();
    await page.waitForSelector('tbody td');
    await admin.review('backups');
    const coming = page.waitForEvent('download');
    await page.click('tbody button:text-is("Download")');
    await prove();
    const name = (await coming).suggestedFilename();
    assert.match(name, /\.age$/);
    for (const kind of ['verify', 'drill'])
      await page.waitForSelector(`pre:text-is("signpost backup ${kind} ${name}")`);
    await server.admin.call('POST', '/api/projects', { slug: 'made-later', name: { en: 'Later' } });
    await page.click('tbody button:text-is("Restore")');
    await page.fill('[name=opener]', 'a passphrase for the backup');
    await page.fill('[name=confirm]', 'default');
    await page.check('text=The backup may be of another vault');
    await admin.review('restore');
    await page.click('dialog[open] [type=submit]');
    await prove();
    await page.locator('[name=email]').or(page.locator('text=The server is restored')).first().waitFor();
    const { projects } = await (await signIn(server.base, ...ownerOf(server))).call('GET', '/api/projects');
    assert.deepEqual(projects.map(({ slug }: { slug: string }) => slug).sort(), ['compass', 'untouched']);
    admin.assertQuiet();
  });

  test('health shows findings, the master password is changed, and the vault is locked and unlocked', async () => {
    const { page } = admin;
    await page.goto(`${server.base}/console/system`);
    await page.waitForSelector('[name=email]');
    await page.fill('[name=email]', server.people.admin.email);
    await page.fill('[name=password]', server.people.admin.password);
    await page.click('button[type=submit]');
    await admin.settle();
    await admin.review('health');
    await page.click('text=Change the master password');
    await page.fill('[name=master]', 'a master password');
    await page.fill('[name=master-new]', 'another master password');
    await page.fill('[name=master-again]', 'another master password');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=The master password was changed');
    await page.click('main >> text=Lock the vault');
    await page.fill('dialog[open] input', 'default');
    await admin.review('vault-lock');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('h1:text("The vault is locked")');
    await page.fill('[type=password]', 'another master password');
    await page.click('button[type=submit]');
    await page.waitForSelector('h1:text("Health"), [name=email]');
    admin.assertQuiet();
  });

  test('where nobody knows the master password, the vault is started over, and what was lost is named', async () => {
    await (await signIn(server.base, ...ownerOf(server))).call('POST', '/api/vault/lock');
    const stranger = await openStranger(browser, server);
    const { page } = stranger;
    await page.goto(`${server.base}/console/`);
    await page.fill('[name=email]', server.people.admin.email);
    await page.fill('[name=password]', server.people.admin.password);
    await page.click('button[type=submit]');
    await page.waitForSelector('h1:text("The vault is locked")');
    await page.click('button:text-is("Master password lost")');
    await page.click('button:text-is("I have found it")');
    await page.click('button:text-is("Master password lost")');
    await page.waitForSelector('text=Every signing key of this server');
    await stranger.review('vault-reset');
    await page.fill('[name=reset-email]', server.people.admin.email);
    await page.fill('[name=reset-password]', 'not the password of anybody');
    await page.fill('[name=reset-new]', 'a master password that is new');
    await page.fill('[name=reset-again]', 'a master password that is new');
    assert.equal(await page.isDisabled('button:text-is("Lose all of it and start over")'), true);
    await page.fill('[name=reset-confirm]', 'reset');
    await page.click('button:text-is("Lose all of it and start over")');
    await page.waitForSelector('form [role=alert]');
    await page.fill('[name=reset-password]', server.people.admin.password);
    await page.click('button:text-is("Lose all of it and start over")');
    await page.waitForSelector('h2:text("To be made or entered again")');
    await stranger.review('vault-reset-done');
    await page.click('button:text-is("Sign in")');
    await page.waitForSelector('[name=email]');
    stranger.assertQuiet();
    await stranger.close();
  });
});

function ownerOf({ people }: SeededServer): readonly [string, string] {
  return [people.admin.email, people.admin.password];
}
