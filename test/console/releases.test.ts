/** The pages of projects and releases, in Chromium. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { encodeApproval } from '@signpost/protocol/updates/approval';
import { digestHex } from '@signpost/protocol/updates/envelope';
import type { Browser } from 'playwright-core';
import { createProject, importList, uploadRelease } from '../programs/publisher.ts';
import { holdRequests } from './lag.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('projects and releases', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let viewer: Visitor;
  let manager: Visitor;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer()]);
    [viewer, manager] = await Promise.all([
      openPerson(browser, server, 'viewer'),
      openPerson(browser, server, 'manager'),
    ]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('projects are listed, and the search stands in the address', async () => {
    await viewer.go('releases');
    await viewer.page.waitForSelector('a:text("Compass")');
    assert.equal(await viewer.page.getByText('New project').count(), 0);
    await viewer.page.keyboard.press('/');
    await viewer.page.keyboard.type('untou');
    await viewer.page.waitForURL('**/console/releases?search=untou');
    await viewer.page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    await viewer.page.waitForSelector('[data-search]:focus');
    viewer.assertQuiet();
  });

  test('what was typed into a search is not searched for on the page that the person went to', async () => {
    const hurried = await openPerson(browser, server, 'viewer');
    const { page } = hurried;
    await page.clock.install();
    await hurried.go('releases');
    await page.clock.pauseAt(Date.now() + 3_600_000);
    await page.fill('[data-search]', 'untou');
    await page.click('nav >> text=Certificates');
    await page.waitForSelector('h1:text-is("Certificates")');
    await page.clock.runFor(10_000);
    assert.equal(await page.evaluate(() => location.search), '');
    hurried.assertQuiet();
    await hurried.close();
  });

  test('who has left the page is not taken to what was made or brought back there', async () => {
    const busy = await openPerson(browser, server, 'manager');
    const { page } = busy;
    const leave = async () => {
      await page.click('nav >> text=Certificates');
      await page.waitForSelector('h1:text-is("Certificates")');
    };
    const stands = () => assert.equal(new URL(page.url()).pathname, '/console/certificates');
    await busy.go('releases');
    await page.click('text=New project');
    await page.fill('[name=name]', 'Slow');
    const made = await holdRequests(page, (url) => url.pathname === '/api/projects');
    await page.click('text=Create the project');
    await page.keyboard.press('Escape');
    await leave();
    made();
    await page.waitForSelector('text=slow is there');
    stands();
    await createProject(server.admin, 'late');
    const bytes = encodeText('late');
    await uploadRelease(server.admin, { project: 'late', version: '1.0.0', name: 'late.bin', bytes });
    await busy.go('releases/late/1.0.0');
    const hidden = await holdRequests(page, '**/api/projects/late/releases/1.0.0');
    await page.getByRole('button', { name: 'Hide' }).click();
    await leave();
    hidden();
    await page.waitForSelector('text=1.0.0 is hidden');
    stands();
    const restored = await holdRequests(page, '**/api/projects/late/releases/1.0.0/restore');
    const answer = page.waitForResponse('**/restore');
    await page.click('button:text-is("Undo")');
    await page.click('nav >> text=Modules');
    await page.waitForSelector('h1:text-is("Module collections")');
    restored();
    await (await answer).finished();
    // Whatever the answer leads to is done when a later one has come.
    await page.evaluate(() => fetch('/api/health').then((later) => later.text()));
    assert.equal(new URL(page.url()).pathname, '/console/modules');
    busy.assertQuiet();
    await busy.close();
  });

  test('a project is made, described in two languages, hidden, and brought back', async () => {
    const { page } = manager;
    await manager.go('releases');
    await page.click('text=New project');
    await page.fill('[name=name]', 'Kleine Lüfter 2');
    assert.equal(await page.inputValue('[name=slug]'), 'kleine-lufter-2');
    await page.fill('[name=slug]', 'fans');
    await manager.review('project-new');
    await page.click('text=Create the project');
    await page.waitForSelector('h2:text("No release yet")');
    await manager.review('project-empty');
    await page.click('nav >> text=Settings');
    await page.getByLabel('Another language').first().fill('de');
    await page.getByLabel('Add: Name').click();
    await page.getByLabel('Name (German)').fill('Lüfter');
    await page.getByLabel('Days that a manifest holds').fill('14');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForSelector('text=Saved');
    await manager.review('project-settings');
    const { name, manifest_days } = await server.admin.call('GET', '/api/projects/fans');
    assert.deepEqual([name, manifest_days], [{ en: 'Kleine Lüfter 2', de: 'Lüfter' }, 14]);
    await page.getByRole('button', { name: 'Hide the project' }).click();
    await page.getByLabel('Type fans to confirm').fill('fans');
    await page.getByRole('dialog').getByRole('button', { name: 'Hide the project' }).click();
    await page.getByRole('button', { name: 'Restore fans' }).click();
    await page.waitForSelector('text=fans is back');
    await manager.review('projects');
    manager.assertQuiet();
  });

  test('a project shows its releases with their states', async () => {
    await viewer.go('releases/compass');
    for (const state of ['draft', 'in service', 'superseded', 'withdrawn']) {
      await viewer.page.waitForSelector(`tbody :text-is("${state}")`);
    }
    assert.equal(await viewer.page.getByText('Upload a release').count(), 0);
    await viewer.review('project');
    viewer.assertQuiet();
  });

  test('a file is uploaded in pieces, stopped, and goes on where it was when it is chosen again', async () => {
    const { page } = manager;
    const file = { name: 'compass-3.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(6_000_000, 'x') };
    await manager.go('releases/compass?view=upload');
    await manager.review('upload');
    const held = page.waitForRequest((request) => request.url().endsWith('offset=4194304'));
    await page.route('**/uploads/*?offset=4194304', () => undefined);
    await page.setInputFiles('[type=file]', file);
    await page.fill('[name=version]', '3.0.0');
    await page.getByRole('button', { name: 'Upload' }).click();
    await held;
    await page.waitForSelector('li[aria-current=step]:has-text("Sending")');
    await manager.review('upload-sending');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.waitForSelector('text=was not sent to its end');
    await page.unroute('**/uploads/*?offset=4194304');
    const offsets: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PUT') offsets.push(new URL(request.url()).searchParams.get('offset') ?? '');
    });
    await page.setInputFiles('[type=file]', file);
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.waitForSelector('text=compass-3.bin is part of 3.0.0');
    assert.deepEqual(offsets, ['4194304']);
    await manager.review('upload-accepted');
    manager.assertQuiet();
  });

  test('what the server refuses says by which rule, and at which stage', async () => {
    const { page } = manager;
    await manager.go('releases/fans?view=upload');
    await page.setInputFiles('[type=file]', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no') });
    await page.fill('[name=version]', '1.0.0');
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.waitForSelector('[role=alert] >> text=notes.txt was refused');
    await manager.review('upload-refused');
    manager.assertQuiet();
  });

  test('a draft gets its changelog in two languages, and goes into service after its differences were shown', async () => {
    const { page } = manager;
    await manager.go('releases/compass/3.0.0');
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Changelog (English)').fill('Finds north.\n\n<b>Now</b> & then.');
    await page.getByLabel('Another language').fill('de');
    await page.getByLabel('Add: Changelog').click();
    await page.getByLabel('Changelog (German)').fill('Findet Norden.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForSelector('text=<b>Now</b> & then.');
    await manager.review('release-draft');
    await page.getByRole('button', { name: 'Activate' }).click();
    await page.waitForSelector('text=Version 1.2.0 is in service on the channel stable');
    await page.waitForSelector('dialog >> text=changed');
    await manager.review('release-activate');
    await page.getByRole('button', { name: 'Put 3.0.0 into service' }).click();
    await page.waitForSelector('h1 + :text("in service")');
    assert.equal((await server.admin.call('GET', '/api/projects/compass/latest')).version, '3.0.0');
    await manager.review('release');
    manager.assertQuiet();
  });

  test('a release is withdrawn for a reason, becomes a draft again, and is hidden and brought back', async () => {
    const { page } = manager;
    await manager.go('releases/compass/3.0.0');
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByLabel('Type 3.0.0 to confirm').fill('3.0.0');
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
    await page.waitForSelector('text=Say why.');
    await page.getByLabel('Reason').fill('points south');
    await manager.review('release-withdraw');
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
    await page.waitForSelector('text=points south');
    await page.getByRole('button', { name: 'Make it a draft again' }).click();
    await page.waitForSelector('h1 + :text("draft")');
    await page.getByRole('button', { name: 'Hide' }).click();
    await page.waitForSelector('h1:text-is("Compass")');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForSelector('h1:text-is("compass 3.0.0")');
    await page.getByRole('button', { name: 'Hide' }).click();
    await page.getByRole('button', { name: 'Restore 3.0.0' }).click();
    await page.waitForSelector('text=3.0.0 is back');
    manager.assertQuiet();
  });

  test('where maintainers must sign, the page shows what, and takes signatures that were made elsewhere', async () => {
    const maintainers = await Promise.all([createKeyPair(), createKeyPair()]);
    const [first, second] = maintainers.map(({ signer }) => signer);
    assert.ok(first && second);
    await demandApprovals(server, [first, second]);
    const { page } = manager;
    const path = '/api/projects/guarded/releases/1.0.0/proposal';
    const bring = (name: string, bytes: Uint8Array | string) =>
      page.setInputFiles('[type=file]', { name, mimeType: 'application/json', buffer: Buffer.from(bytes) });
    const readWaiting = async () => String((await server.admin.call('GET', path)).document);
    await manager.go('releases/guarded/1.0.0');
    assert.equal(await page.getByRole('button', { name: 'Activate' }).count(), 0);
    await page.getByRole('button', { name: 'Make what is to be signed' }).click();
    await page.waitForSelector('pre:has-text("release 1.0.0 of project guarded")');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download the bytes' }).click();
    const saved = await download;
    assert.equal(saved.suggestedFilename(), 'guarded-1.0.0.manifest.json');
    const given = await readWaiting();
    assert.equal(Buffer.concat(await (await saved.createReadStream()).toArray()).toString(), given);
    await page.waitForSelector(
      'pre:has-text("signpost release sign guarded-1.0.0.manifest.json --project guarded --release 1.0.0")',
    );

    await bring('approval.json', await signFile(second, given));
    await page.waitForSelector('text=over exactly these bytes');
    await page.getByRole('button', { name: 'Make it anew' }).click();
    await page.getByLabel('Type 1.0.0 to confirm').fill('1.0.0');
    await manager.review('release-propose-again');
    await page.getByRole('dialog').getByRole('button', { name: 'Make it anew' }).click();
    await page.waitForSelector('text=over exactly these bytes', { state: 'detached' });
    await bring('approval.json', await signFile(second, given));
    await page.waitForSelector('[role=alert]:has-text("This signature does not count")');
    await manager.review('release-signature-refused');

    const waiting = await readWaiting();
    await bring('approval.json', await signFile(first, waiting));
    await page.waitForSelector('text=over exactly these bytes');
    await manager.review('release-signature');
    await page.getByRole('button', { name: 'Hand in the signature' }).click();
    await page.waitForSelector('text=1 / 2');
    await bring('approval.json', await signFile(first, waiting));
    await page.waitForSelector('text=It has been handed in already');
    await manager.review('release-approvals');
    const german = await openPerson(browser, server, 'viewer', 'de-DE');
    await german.go('releases/guarded/1.0.0');
    await german.page.waitForSelector('h3:text("Wo der Schlüssel nie online ist")');
    assert.equal(await german.page.locator('[type=file]').count(), 0);
    await german.review('release-approvals-de');
    german.assertQuiet();
    await german.close();

    await bring('bare.sig', await second.sign(encodeText(waiting)));
    await page.getByRole('button', { name: 'Hand in the signature' }).click();
    await page.waitForSelector('h1 + :text("in service")');
    manager.assertQuiet();
  });

  test('a build is let in to upload without a stored key, and no longer; a manager only sees which', async () => {
    const admin = await openPerson(browser, server, 'admin');
    const { page } = admin;
    await admin.go('releases/untouched?view=builds');
    await admin.review('builds-empty');
    await page.click('button:text-is("Let a build in")');
    await page.fill('[name=repository]', 'acme/compass');
    await page.fill('[name=repository-id]', '4711');
    await page.fill('[name=environment]', '<b>release</b>');
    await admin.review('build-add');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('td:has-text("environment <b>release</b>")');
    await admin.review('builds');
    const { publishers } = await server.admin.call('GET', '/api/projects/untouched/publishers');
    assert.deepEqual(publishers[0].ref, { pattern: 'refs/tags/v*' });
    assert.equal(publishers[0].may_activate, false);
    await manager.go('releases/untouched?view=builds');
    await manager.page.waitForSelector('td:has-text("acme/compass")');
    assert.equal(await manager.page.locator('main tbody button').count(), 0);
    await page.click('main tbody button');
    await page.fill('dialog[open] input', 'acme/compass');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('h2:text("No build may upload by itself")');
    admin.assertQuiet();
    await admin.close();
  });

  test('downloads are drawn and told in figures, and addresses stand ready to be copied', async () => {
    await viewer.go('releases/untouched?view=downloads');
    await viewer.page.waitForSelector('h2:text("No download in this time")');
    await (await fetch(`${server.base}/compass/1.2.0`)).arrayBuffer();
    await untilCounted(server);
    await viewer.go('releases/compass?view=downloads');
    await viewer.page.waitForSelector('figure >> text=1 download');
    await viewer.page.waitForSelector('td:text("1.2.0")');
    await viewer.review('project-downloads');
    await viewer.page.click('nav >> text=Addresses');
    await viewer.page.waitForSelector('text=signpost download compass --root');
    await viewer.review('project-addresses');
    viewer.assertQuiet();
  });

  test('the area speaks German', async () => {
    const visitor = await openPerson(browser, server, 'manager', 'de-DE');
    await visitor.go('releases/compass/2.0.0');
    await visitor.page.getByRole('button', { name: 'Freigeben' }).click();
    await visitor.page.waitForSelector('text=noch nichts im Einsatz');
    await visitor.review('release-activate-de');
    visitor.assertQuiet();
    await visitor.close();
  });

  test('a project that is not there is told as the server tells it', async () => {
    await viewer.go('releases/nowhere');
    await viewer.page.waitForSelector('[role=alert]');
    viewer.assertQuiet();
  });
});

/** What `signpost release sign` writes. */
async function signFile({ keyId, sign }: Signer, manifest: string): Promise<string> {
  const bytes = encodeText(manifest);
  return encodeApproval({ manifestSha256: await digestHex(bytes), keyId, signature: await sign(bytes) });
}

/** A project whose releases two maintainers must sign, with a draft. */
async function demandApprovals({ admin, root }: SeededServer, signers: readonly Signer[]): Promise<void> {
  await createProject(admin, 'guarded');
  const bytes = encodeText('guarded\n');
  await uploadRelease(admin, { project: 'guarded', version: '1.0.0', name: 'guarded.bin', bytes });
  const { keys } = await admin.call('GET', '/api/signing-keys');
  const { active, waiting } = await admin.call('GET', '/api/push/identity');
  const maintainers = signers.map(({ keyId, pubkeyB64 }) => ({
    ...{ key_id: keyId, pubkey_b64: pubkeyB64 },
    custody: 'maintainer' as const,
  }));
  const terms = { valid: [...keys, ...maintainers], push: [active ?? waiting], approvals: { guarded: 2 } };
  await importList(admin, (await root.signNextList(terms)).envelope);
}

/** Downloads are counted every other second. */
async function untilCounted({ admin }: SeededServer): Promise<void> {
  for (;;) {
    const { days } = await admin.call('GET', '/api/projects/compass/statistics');
    if (days.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
