/** The pages of module collections, in Chromium, with an author who hands in over HTTP. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { buildZip } from '../../packages/server/test/releases/inspection/zip-builder.ts';
import { createOperator, type Operator } from '../programs/operator.ts';
import { activateRelease, uploadRelease } from '../programs/publisher.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('modules', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let manager: Visitor;
  let ada: Operator;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer()]);
    manager = await openPerson(browser, server, 'manager');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  const archive = (text: string) => new Uint8Array(buildZip([{ name: 'module.js', content: text }]));
  const handIn = async (module: string, version: string) => {
    const bytes = archive(`${module} ${version}`);
    const facts = { name: `<i>${module}</i>`, category: 'Tools', requires_permissions: ['files.read'] };
    const changelog = { en: `First <b>${module}</b>`, de: 'Das Erste\n- mit zwei Zeilen' };
    const wish = { module, version, name: `${module}.zip`, size_bytes: bytes.length, facts, changelog };
    const { id } = await ada.call('POST', '/api/modules/addons/submit', wish);
    const path = `/api/modules/addons/submissions/${id}`;
    await ada.call('PUT', `${path}/upload?offset=0`, bytes);
    for (;;) {
      const { state } = await ada.call('GET', path);
      if (state === 'submitted') return String(id);
      assert.equal(state, 'receiving');
    }
  };

  test('without collections the list says what one is; a manager makes one and a module in it', async () => {
    const { page } = manager;
    await manager.go('modules');
    await page.waitForSelector('h2:text("No collection yet")');
    await manager.review('modules-none');
    await page.click('button:text("Add a collection")');
    await page.fill('dialog label:text("Short name") ~ input', 'addons');
    await page.fill('dialog label:text-is("Name") ~ input', 'Add-ons');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('h2:text("No module yet")');
    await manager.review('modules-collection-empty');
    await page.click('button:text("Add a module")');
    await page.fill('dialog label:text("Short name") ~ input', 'maps');
    await page.fill('dialog label:text-is("Name") ~ input', 'Maps');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('h1:text("Maps")');
    manager.assertQuiet();
  });

  test('a collection says of itself what its managers write, and is hidden only while it is empty', async () => {
    const { page } = manager;
    await manager.go('modules/addons/settings');
    await page.fill('label:text-is("Description") ~ textarea', 'What <b>else</b> there is.');
    await page.fill('label:text("Further language") ~ input', 'de');
    await page.click('button:text-is("Add")');
    await page.fill('fieldset[aria-label="Texts in de"] label:text-is("Name") ~ input', 'Erweiterungen');
    await page.fill('[name=catalogue-days]', '7');
    await page.click('main form [type=submit]');
    await page.waitForSelector('text=Saved; the catalogue follows');
    await page.waitForSelector('text=Only an empty one is hidden: a module is in it.');
    await manager.review('modules-settings');
    const { name, catalogue_days } = await server.admin.call('GET', '/api/collections/addons');
    assert.deepEqual([name.de, catalogue_days], ['Erweiterungen', 7]);
    await server.admin.call('POST', '/api/collections', { slug: 'unused' });
    await manager.go('modules/unused/settings');
    await page.click('button:text-is("Hide the collection")');
    await page.fill('dialog[open] input', 'unused');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=The collection unused is hidden');
    manager.assertQuiet();
  });

  test('texts are kept in several languages, and what the checks of icons refuse is told', async () => {
    const { page } = manager;
    await manager.go('modules/addons/modules/maps');
    await page.fill('label:text("Further language") ~ input', 'de');
    await page.click('button:text-is("Add")');
    const german = page.locator('fieldset[aria-label="Texts in de"]');
    await german.locator('label:text-is("Name") ~ input').fill('Karten');
    await german.locator('label:text("Description") ~ textarea').fill('<script>alert(1)</script>');
    await page.fill('label:text("Permissions") ~ textarea', 'files.read\nnet.ask');
    await page.fill('label:text("Page about it") ~ input', 'https://maps.example/');
    await page.selectOption('label:text("Whose it is") ~ select', 'verified');
    await page.selectOption('label:text-is("Takes") ~ select', 'zip');
    await page.fill('[name=manifest-days]', '20');
    await page.click('button:text-is("Save")');
    await page.waitForSelector('text=Saved; the catalogue follows');
    const maps = await server.admin.call('GET', '/api/collections/addons/modules/maps');
    assert.deepEqual(maps.name, { en: 'Maps', de: 'Karten' });
    assert.deepEqual([maps.requires_permissions, maps.trust_level], [['files.read', 'net.ask'], 'verified']);
    assert.deepEqual([maps.accepted_types, maps.manifest_days], [['zip'], 20]);
    const drawing = (inner: string) => ({
      name: 'icon.svg',
      mimeType: 'image/svg+xml',
      buffer: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${inner}</svg>`),
    });
    await page.setInputFiles('input[type=file]', drawing('<script>alert(1)</script>'));
    await page.waitForSelector('[role=alert]:has-text("svg-script")');
    await manager.review('modules-module-refused');
    const description = page.locator('fieldset[aria-label="Texts in en"] label:text("Description") ~ textarea');
    await description.fill('Typed, and not saved yet');
    await page.setInputFiles('input[type=file]', drawing('<path fill="#0b5c53" d="M8 8h48v48H8z"/>'));
    await page.waitForSelector('img[alt="The icon as it is shown"]');
    assert.equal(await description.inputValue(), 'Typed, and not saved yet');
    await manager.review('modules-module');
    await page.click('button:text-is("Remove it")');
    await page.fill('dialog[open] input', 'maps');
    await manager.review('modules-icon-remove');
    await page.click('dialog[open] button:text-is("Remove it")');
    await page.waitForSelector('text=no icon');
    manager.assertQuiet();
  });

  test('what is in service stands in the catalogue, and the collection shows its version and end', async () => {
    await uploadRelease(server.admin, { project: 'maps', version: '1.0.0', name: 'maps.zip', bytes: archive('maps') });
    await activateRelease(server.admin, 'maps', '1.0.0');
    await manager.go('modules/addons');
    await manager.page.waitForSelector('tbody tr:has-text("1.0.0")');
    await manager.page.waitForSelector('.status:has-text("in force")');
    await manager.page.waitForSelector('pre:has-text("signpost catalogue check ")');
    await manager.review('modules-collection');
    await manager.go('modules');
    await manager.review('modules-collections');
    manager.assertQuiet();
  });

  test('an author is made, whose key is shown once', async () => {
    const { page } = manager;
    await manager.go('modules/addons/authors');
    await page.waitForSelector('h2:text("No author yet")');
    await manager.review('modules-authors-none');
    await page.click('button:text("Add an author")');
    await page.fill('dialog label:text("Name of the author") ~ input', 'Ada <b>Lovelace</b>');
    await page.click('button:text("Make the key")');
    const key = (await page.textContent('dialog pre')) ?? '';
    await manager.review('modules-author-key');
    ada = createOperator(server.base, { authorization: `Bearer ${key}` });
    await page.click('button:text("I have it")');
    await page.waitForSelector('h2:text("Ada <b>Lovelace</b>")');
    assert.equal((await page.content()).includes(key), false);
    await manager.review('modules-authors');
    manager.assertQuiet();
  });

  test('what is handed in waits in the inbox, and is approved into service or refused with a reason', async () => {
    const { page } = manager;
    await manager.go('modules/addons/submissions');
    await page.waitForSelector('h2:text("Nothing was handed in yet")');
    await manager.review('modules-submissions-none');
    const [first, second] = [await handIn('notes', '1.0.0'), await handIn('tides', '1.0.0')];
    await manager.go('modules/addons/submissions');
    await page.waitForSelector('a:text("tides 1.0.0")');
    await manager.review('modules-submissions');
    await manager.go(`modules/addons/submissions/${first}`);
    await page.waitForSelector('text=<i>notes</i>');
    await page.waitForSelector('p[lang=en]:text-is("First <b>notes</b>")');
    await page.waitForSelector('p[lang=de]:text("mit zwei Zeilen")');
    await manager.review('modules-submission');
    await page.check('label:has-text("Put it in service at once") input');
    await page.click('button:text-is("Approve")');
    await page.waitForSelector('.badge:text-is("approved")');
    const { offered_version } = await server.admin.call('GET', '/api/collections/addons/modules/notes');
    assert.equal(offered_version, '1.0.0');
    await manager.go(`modules/addons/submissions/${second}`);
    await page.fill('label:text("Reason") ~ textarea', 'It does not start.');
    await page.click('button:text-is("Refuse")');
    await page.waitForSelector('text=It does not start.');
    await page.waitForSelector('.badge:text-is("refused")');
    assert.equal((await ada.call('GET', `/api/modules/addons/submissions/${second}`)).note, 'It does not start.');
    manager.assertQuiet();
  });

  test('a module is given to the vendor, and a key revoked', async () => {
    const { page } = manager;
    await manager.go('modules/addons/modules/notes');
    await page.waitForSelector('text=It is Ada <b>Lovelace</b>’s.');
    await page.selectOption('label:text("Give it to") ~ select', { label: 'the vendor' });
    await page.click('button:text-is("Give")');
    await page.fill('dialog[open] input', 'notes');
    await page.click('dialog[open] button:text-is("Give")');
    await page.waitForSelector('text=It is yours, the vendor’s.');
    await manager.go('modules/addons/authors');
    await page.click('tbody button:text("Revoke")');
    const hint = (await page.textContent('tbody code')) ?? '';
    await page.fill('dialog[open] input', hint);
    await manager.review('modules-revoke');
    await page.click('dialog[open] button:text-is("Revoke")');
    await page.waitForSelector('text=No key: they cannot hand in anything.');
    await assert.rejects(ada.call('GET', '/api/modules/addons/submissions'));
    manager.assertQuiet();
  });

  test('a viewer reads and is offered nothing to change, in German too', async () => {
    const viewer = await openPerson(browser, server, 'viewer', 'de-DE');
    for (const path of ['modules/addons', 'modules/addons/modules/maps', 'modules/addons/authors']) {
      await viewer.go(path);
      const offered = viewer.page.locator('#content :is(form, .board:is(button), input[type=file])');
      assert.equal(await offered.count(), 0, path);
    }
    await viewer.go('modules/addons/modules/maps');
    await viewer.page.waitForSelector('h1:text("Karten")');
    await viewer.review('modules-module-viewer');
    viewer.assertQuiet();
  });
});
