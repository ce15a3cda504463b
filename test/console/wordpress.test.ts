/** The pages of WordPress plugins, in Chromium, with a repository that a real Subversion server holds. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { activateRelease, uploadRelease } from '../programs/publisher.ts';
import {
  committer,
  createRepository,
  type Repository,
  type RepositoryServer,
  startSvnserve,
} from '../programs/subversion.ts';
import { buildPlugin, slug } from '../wordpress/plugin.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('WordPress plugins', { skip: missing }, () => {
  let browser: Browser;
  let repository: Repository;
  let svn: RepositoryServer;
  let server: SeededServer;
  let manager: Visitor;
  before(async () => {
    repository = await createRepository(slug);
    svn = await startSvnserve(repository, slug);
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ SIGNPOST_WORDPRESS_HOSTS: svn.host })]);
    manager = await openPerson(browser, server, 'manager');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await svn?.stop();
    await repository?.remove();
  });
  const release = async (version: string, wish: Omit<Parameters<typeof buildPlugin>[0], 'version'> = {}) => {
    const bytes = new Uint8Array(buildPlugin({ ...wish, version }));
    await uploadRelease(server.admin, { project: slug, version, name: `${slug}-${version}.zip`, bytes });
    await activateRelease(server.admin, slug, version);
  };

  test('without plugins the list says what one is; a manager makes one, and it waits for its first release', async () => {
    await manager.go('wordpress');
    await manager.page.waitForSelector('h2:text("No plugin yet")');
    await manager.review('wordpress-none');
    await manager.page.click('button:text("Add a plugin")');
    await manager.page.fill('label:text("Short name") ~ input', slug);
    await manager.page.fill('label:text("Name"):not(:text("Short")) ~ input', 'Acme <b>Forms</b>');
    await manager.page.click('dialog button[type=submit]');
    await manager.page.waitForSelector('h1:text("Acme <b>Forms</b>")');
    await manager.page.waitForSelector('h2:text("No release yet")');
    await manager.review('wordpress-plugin-empty');
    await manager.go('wordpress');
    await manager.page.waitForSelector(`a:text("Acme <b>Forms</b>")`);
    await manager.review('wordpress-plugins');
    manager.assertQuiet();
  });

  test('user and password are entered, and the gates set', async () => {
    await manager.go(`wordpress/${slug}/settings`);
    await manager.page.waitForSelector('text=nothing entered');
    await manager.page.fill('label:text-is("User") ~ input', committer.username);
    await manager.page.fill('label:text("Password of the repository") ~ input', committer.password);
    await manager.page.fill('label:text-is("Repository") ~ input', svn.url);
    await manager.page.click('button:text("Seal in the vault")');
    await manager.page.waitForSelector('.status:has-text("ready")');
    await manager.page.selectOption('label:text-is("Security") ~ select', 'soft');
    await manager.page.waitForSelector('text=This lets more pass');
    await manager.page.click('button:text("Save the gates")');
    await manager.page.waitForSelector('text=Saved');
    await manager.review('wordpress-settings');
    const { gates } = await server.admin.call('GET', `/api/projects/${slug}/wordpress/preflight`);
    assert.equal(gates.security, 'soft');
    assert.equal(await manager.page.inputValue('label:text("Password of the repository") ~ input'), '');
    manager.assertQuiet();
  });

  test('what the plugin says of itself stands beside the release, with what tools found in it', async () => {
    const files = [
      { path: 'inc/run.php', content: "<?php\neval( $_GET['code'] );\n" },
      { path: 'old.php', content: '<?php\nfunction acme_old() { return 1; }\n' },
      { path: 'img/logo.png', content: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]) },
    ];
    await release('1.0.0', { files });
    await manager.go(`wordpress/${slug}`);
    await manager.page.waitForSelector('text=Somebody must answer for what was found', { timeout: 120_000 });
    await manager.page.waitForSelector('summary:has-text("inc/run.php")');
    await manager.review('wordpress-plugin');
    manager.assertQuiet();
  });

  test('a deploy is prepared, looked at, answered for, confirmed by its digest, and committed', async () => {
    const { page } = manager;
    await page.click('button:text("Prepare the deploy of 1.0.0")');
    await page.waitForSelector('h2:text("Commit exactly this")', { timeout: 60_000 });
    await manager.settle();
    await page.waitForSelector('summary:has-text("img/logo.png")');
    await page.waitForSelector('pre.added:has-text("acme_version")');
    assert.equal(await page.isDisabled('button:text("Commit …")'), true);
    await manager.review('wordpress-deploy');
    await page.check('label:has-text("I have read the findings") input');
    await page.click('button:text("Commit …")');
    await page.waitForSelector('dialog[open]');
    await manager.review('wordpress-deploy-confirm');
    await page.fill('dialog input', '1.0.0');
    await page.click('dialog button:text("Commit to the repository")');
    await page.waitForSelector('text=Committed as revision', { timeout: 60_000 });
    assert.match(await repository.svn('list', `${repository.local}/tags`), /1\.0\.0/);
    manager.assertQuiet();
  });

  test('what may be committed follows the pre-flight on the page, and with every gate off nothing is asked of it', async () => {
    const { page } = manager;
    const path = `/api/projects/${slug}/wordpress`;
    const setGates = (gates: object) => server.admin.call('PUT', `${path}/preflight`, { gates });
    const open = async (version: string) => {
      const { id } = await server.admin.call('POST', `${path}/deploys`, { version });
      await manager.go(`wordpress/${slug}/deploys/${id}`);
      await page.waitForSelector('h2:text("Commit exactly this")', { timeout: 60_000 });
      return () => server.admin.call('POST', `${path}/deploys/${id}/cancel`);
    };
    const confirm = '[aria-labelledby=confirm]';
    await setGates({ security: 'off', php: 'hard' });
    await release('1.0.1', { files: [{ path: 'inc/wrong.php', content: '<?php function ( {' }] });
    const giveUp = await open('1.0.1');
    await page.waitForSelector(`${confirm} :text("Must not be deployed")`, { timeout: 60_000 });
    await setGates({ security: 'off', php: 'soft' });
    await page.click('button:text-is("Run again")');
    await page.waitForSelector(`${confirm} :text("Somebody must answer")`, { timeout: 60_000 });
    await giveUp();
    await setGates({ security: 'off', php: 'off' });
    await release('1.0.2');
    const giveUpToo = await open('1.0.2');
    await page.waitForSelector(`${confirm} :text("Every gate of this plugin is off")`);
    assert.equal(await page.isDisabled('button:text("Commit …")'), false);
    await manager.review('wordpress-deploy-gates-off');
    await giveUpToo();
    await setGates({ security: 'soft' });
    manager.assertQuiet();
  });

  test('the next one shows what is changed, added and deleted, is looked at by a viewer, and given up', async () => {
    await release('1.1.0', {
      header: { Version: '1.1.0' },
      files: [{ path: 'img/logo.png', content: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 9]) }],
    });
    const { id } = await server.admin.call('POST', `/api/projects/${slug}/wordpress/deploys`, { version: '1.1.0' });
    const viewer = await openPerson(browser, server, 'viewer');
    await viewer.go(`wordpress/${slug}/deploys/${id}`);
    await viewer.page.waitForSelector('text=Managers and administrators confirm deploys.', { timeout: 60_000 });
    for (const action of ['deleted', 'changed']) await viewer.page.waitForSelector(`.badge:text-is("${action}")`);
    await viewer.page.waitForSelector('pre.removed:has-text("1.0.0")');
    assert.equal(await viewer.page.locator('button:text("Give it up")').count(), 0);
    await viewer.review('wordpress-deploy-viewer');
    viewer.assertQuiet();
    await manager.go(`wordpress/${slug}/deploys/${id}`);
    await manager.page.click('button:text("Give it up")');
    await manager.page.waitForSelector('.badge:text-is("given up")');
    await manager.go(`wordpress/${slug}`);
    await manager.page.waitForSelector('tbody .badge:text-is("given up")');
    await manager.review('wordpress-plugin-deployed');
    manager.assertQuiet();
  });

  test('pictures are staged, shown beside what the repository has, and committed as one batch', async () => {
    const { page } = manager;
    await manager.go(`wordpress/${slug}/assets`);
    await page.waitForSelector('h2:text("No picture yet")');
    await manager.review('wordpress-assets-none');
    const drawing = (name: string, colour: string) => ({
      name,
      mimeType: 'image/svg+xml',
      buffer: Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"><path fill="${colour}" d="M8 8h96v96H8z"/></svg>`,
      ),
    });
    await page.setInputFiles('input[type=file]', drawing('logo.svg', '#a31f18'));
    await page.waitForSelector('[role=alert]:has-text("asset-name")');
    for (const colour of ['#a31f18', '#0b5c53']) {
      await page.setInputFiles('input[type=file]', drawing('icon.svg', colour));
      await page.waitForSelector('.badge:text-is("staged")');
      await manager.settle();
      if (colour === '#0b5c53') {
        await manager.review('wordpress-assets');
        await page.click('button:text("Show without a deploy")');
        await page.fill('dialog[open] input', slug);
        await page.click('dialog button:text("Show without a deploy")');
        await page.waitForSelector('text=Everybody is shown these pictures now');
        const picture = await fetch(`${server.base}/api/projects/${slug}/wordpress/assets/icon.svg`);
        assert.match(await picture.text(), /0b5c53/, 'strangers see it before it is deployed');
      }
      await page.click('button:text("Compare with the repository")');
      await page.waitForSelector('button:text("Commit …")', { timeout: 60_000 });
      if (colour === '#0b5c53') await page.waitForSelector('img[alt="icon.svg as the repository has it"]');
      await manager.review(colour === '#0b5c53' ? 'wordpress-assets-deploy' : 'wordpress-assets-first');
      await page.click('button:text("Commit …")');
      await page.fill('dialog[open] input', slug);
      await page.click('dialog button:text("Commit to the repository")');
      await page.waitForSelector('text=Committed as revision', { timeout: 60_000 });
      await manager.go(`wordpress/${slug}/assets`);
    }
    await page.waitForSelector('.badge:has-text("in revision")');
    assert.match(await repository.svn('cat', `${repository.local}/assets/icon.svg`), /0b5c53/);
    manager.assertQuiet();
  });

  test('a release that is not what it says is told why it goes nowhere, in German too', async () => {
    await release('1.2.0', { header: { Version: '1.1.9' } });
    const german = await openPerson(browser, server, 'manager', 'de-DE');
    await german.go(`wordpress/${slug}`);
    await german.page.waitForSelector('text=Dieses Release kann nicht ausgeliefert werden');
    await german.review('wordpress-plugin-wrong');
    german.assertQuiet();
  });

  test('after a reset of the vault every page of the plugin says that the password has to be entered again', async () => {
    const proof = { ...server.people.admin, new_master_password: 'another master password', confirm: 'reset' };
    await server.admin.call('POST', '/api/vault/reset', proof);
    const again = await openPerson(browser, server, 'manager');
    await again.go(`wordpress/${slug}`);
    await again.page.waitForSelector('text=The password of the repository is locked');
    await again.review('wordpress-locked');
    await again.page.click('a:text("Enter it again")');
    await again.page.waitForSelector('.status:has-text("locked: enter again")');
    await again.review('wordpress-settings-locked');
    again.assertQuiet();
  });
});
