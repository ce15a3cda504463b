/** What needs a person, on the overview in Chromium: for each role what it can do, and as it is now. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { activateRelease } from '../programs/publisher.ts';
import { createRepository, type Repository, type RepositoryServer, startSvnserve } from '../programs/subversion.ts';
import { slug } from '../wordpress/plugin.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson } from './visitor.ts';
import { endCertificate, handInNotes, prepareDeploy, proposeGuarded } from './waiting-seed.ts';
import { seedWatch } from './watch-seed.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('what needs a person', { skip: missing }, () => {
  let browser: Browser;
  let repository: Repository;
  let svn: RepositoryServer;
  let server: SeededServer;
  before(async () => {
    repository = await createRepository(slug);
    svn = await startSvnserve(repository, slug);
    const settings = { SIGNPOST_WORDPRESS_HOSTS: svn.host, SIGNPOST_OUTGOING: 'off' };
    [browser, server] = await Promise.all([openBrowser(), startSeededServer(settings)]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await svn?.stop();
    await repository?.remove();
  });

  test('is asked again by the minute and when something happens, while the page stays open', async () => {
    const visitor = await openPerson(browser, server, 'manager');
    const { page } = visitor;
    await page.clock.install();
    await visitor.go('');
    await page.waitForSelector('text=Nothing needs you');
    await page.waitForSelector('text=every frame verified here');
    await endCertificate(server, 5);
    await activateRelease(server.admin, 'compass', '2.0.0');
    await page.waitForSelector('text=The certificate for door.internal ends');
    await endCertificate(server, 60);
    await page.clock.fastForward(61_000);
    await page.waitForSelector('text=Nothing needs you');
    visitor.assertQuiet();
    await visitor.close();
  });

  test('is told to those who can decide it, the gravest first, each as a link to where it is decided', async () => {
    await seedWatch(server, 'registry.example/team/app');
    await endCertificate(server, 5);
    await proposeGuarded(server);
    await handInNotes(server);
    await prepareDeploy(server, svn);
    const visitor = await openPerson(browser, server, 'manager');
    const { page } = visitor;
    await visitor.go('');
    const links = page.locator('section[aria-labelledby=needed] li a');
    const seen = await links.allTextContents();
    assert.deepEqual(seen.slice(0, 3), [
      'oci:registry.example/team/app shows what nobody has decided',
      'The certificate for door.internal ends, and nothing renews it',
      'oci:registry.example/team/app shows what nobody has decided',
    ]);
    assert.deepEqual([...seen.slice(3)].sort(), [
      'The deploy of acme-forms 1.0.0 waits to be confirmed',
      'guarded 1.0.0 waits for the signatures of its maintainers',
      'notes 1.0.0 was handed in to addons and waits to be looked at',
    ]);
    await visitor.review('overview-needed');
    for (const [text, heading] of [
      ['registry.example', 'Signed by another owner'],
      ['The certificate for', 'door.internal'],
      ['waits to be confirmed', '1.0.0'],
      ['signatures of its maintainers', '1.0.0'],
      ['was handed in', '1.0.0'],
    ]) {
      await visitor.go('');
      await page
        .locator('section[aria-labelledby=needed] li a', { hasText: text ?? '' })
        .first()
        .click();
      await page.waitForSelector(`h1:has-text("${heading}")`);
    }
    visitor.assertQuiet();
    await visitor.close();
  });

  test('is shown to nobody who only looks on, and to administrators with what the doctor found', async () => {
    const viewer = await openPerson(browser, server, 'viewer', 'de-DE');
    await viewer.go('');
    await viewer.page.waitForSelector('text=Sie sehen zu');
    viewer.assertQuiet();
    await viewer.close();
    const admin = await openPerson(browser, server, 'admin');
    await admin.go('');
    const entry = admin.page.locator('section[aria-labelledby=needed] li', { hasText: 'not scanned for malware' });
    assert.match((await entry.locator('a').getAttribute('href')) ?? '', /\/console\/system$/);
    admin.assertQuiet();
    await admin.close();
  });
});
