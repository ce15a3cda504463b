/** The pages of accounts, in Chromium: oneself, people, keys and certificates of programs. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { openSmtpServer, type SmtpServer } from '../../packages/server/test/mail/smtp-server.ts';
import { addAuthenticator, codeOf } from './factors.ts';
import { holdRequests } from './lag.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('accounts', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let admin: Visitor;
  let smtp: SmtpServer;
  before(async () => {
    smtp = await openSmtpServer();
    const port = await chooseFreePort();
    const local = { SIGNPOST_LISTEN: `127.0.0.1:${port}`, SIGNPOST_BASE_URL: `http://localhost:${port}` };
    const mail = { SIGNPOST_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, SIGNPOST_MAIL_FROM: 'signpost@example.org' };
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ ...local, ...mail })]);
    server = { ...server, base: local.SIGNPOST_BASE_URL };
    admin = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await smtp?.close();
  });

  /** The people, with a viewer who has no second factor. */
  const withOtto = () => ({ ...server.people, viewer: { ...server.people.viewer, email: 'otto@example.org' } });

  /** The mails to an address, decoded, once one of them says so. */
  async function mailOf(address: string, wanted: RegExp): Promise<string> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const mails = smtp.taken.filter(({ to }) => to.join().includes(address));
      const found = mails
        .map(({ raw }) => raw.replaceAll(/=\r\n/g, '').replaceAll('=3D', '='))
        .find((raw) => wanted.test(raw));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`expected a mail to ${address} that says ${wanted}`);
  }

  /** Types the password where the page asks again who it is. */
  async function prove({ page }: Visitor): Promise<void> {
    await page.fill('dialog[open] [type=password]', server.people.admin.password);
    await page.click('dialog[open] [type=submit]');
  }

  test('a viewer adds an authenticator app by its picture, keeps the codes, and adds a passkey', async () => {
    const visitor = await openPerson(browser, server, 'viewer');
    const { page } = visitor;
    await visitor.go('accounts');
    assert.deepEqual(await page.locator('nav[aria-label=Accounts] a').allTextContents(), ['You', 'Who may do what']);
    await visitor.review('account');
    await page.click('text=Add an app');
    await prove(visitor);
    await page.waitForSelector('dialog[open] svg[role=img]');
    await visitor.review('account-app');
    const secret = (await page.textContent('dialog[open] code')) ?? '';
    await page.fill('[name=totp]', codeOf(secret, 0));
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('text=I have kept them');
    await visitor.review('account-codes');
    await page.click('text=I have kept them');
    // Reviewing takes the virtual authenticator away, so it comes after the first.
    await addAuthenticator(visitor);
    const addPasskey = async () => {
      await page.click('button:text-is("Add a passkey")');
      await page.fill('[name=passkey]', 'Work laptop');
      await page.click('dialog[open] [type=submit]');
      await prove(visitor);
      await page.waitForSelector('text=Passkey: Work laptop');
    };
    await addPasskey();
    await page.click('[aria-label="Remove passkey Work laptop"]');
    await page.waitForSelector('dialog[open] h2:text("Remove passkey Work laptop")');
    await page.click('dialog[open] button:text-is("Use a passkey")');
    await page.waitForSelector('text=Passkey: Work laptop', { state: 'detached' });
    await addPasskey();
    await visitor.review('account-factors');
    visitor.assertQuiet();
    await visitor.close();
  });

  test('another session is ended, and the password is changed', async () => {
    const visitor = await openPerson(browser, server, 'manager');
    const other = await openPerson(browser, server, 'manager');
    const { page } = visitor;
    await other.go('accounts');
    await visitor.go('accounts');
    await page.click('button:text-is("End it")');
    await page.waitForSelector('button:text-is("End it")', { state: 'detached' });
    await other.page.reload();
    await other.page.waitForSelector('[name=email]');
    await page.fill('[name=new]', 'quite another password');
    await page.fill('[name=again]', 'quite another password');
    await page.click('main [type=submit]');
    await prove(visitor);
    await page.waitForSelector('text=The password was changed');
    await mailOf(server.people.manager.email, /Your password was changed/);
    visitor.assertQuiet();
    await visitor.close();
    await other.close();
  });

  test('a person is added, given another role, made an administrator, and disabled', async () => {
    const { page } = admin;
    const tellPeople = await holdRequests(page, '**/api/people?*');
    await page.goto(`${server.base}/console/accounts/people`);
    await page.waitForSelector('h1:text-is("People")');
    await page.evaluate(async () => (await fetch('/api/organisation')).text());
    assert.equal(await page.locator('h2#rule').count(), 0, 'who has none is not known yet');
    tellPeople();
    await admin.settle();
    await admin.review('people');
    await page.click('text=Add a person');
    await page.fill('[name=name]', '<b>Nora</b> Neu');
    await page.fill('[name=new-email]', 'nora@example.org');
    await page.fill('[name=new-password]', 'a password for nora');
    await admin.review('person-add');
    await page.click('dialog[open] [type=submit]');
    await page.click('a:text("<b>Nora</b> Neu")');
    await page.click('button:text-is("Make a manager")');
    await page.waitForSelector('main .badge:text("manager")');
    await page.click('button:text-is("Make an administrator")');
    await admin.review('person-promote');
    await prove(admin);
    await page.waitForSelector('main .badge:text("administrator")');
    await page.click('button:text-is("Disable")');
    await page.fill('dialog[open] input', 'nora@example.org');
    await admin.review('person-disable');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('main .badge:text("disabled")');
    await admin.review('person');
    admin.assertQuiet();
  });

  test('an API key is made, shown once, and revoked', async () => {
    const { page } = admin;
    await admin.go('accounts/keys');
    await page.click('text=Create a key');
    await page.fill('[name=key-name]', 'nightly build');
    await page.check('[value=upload]');
    await admin.review('key-add');
    await page.click('dialog[open] [type=submit]');
    const key = await page.textContent('main pre');
    const answer = await fetch(`${server.base}/api/projects`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal(answer.status, 200);
    await admin.review('keys');
    await page.click('[aria-label="Revoke key nightly build"]');
    await page.fill('dialog[open] input', 'nightly build');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('[aria-label="Revoke key nightly build"]', { state: 'detached' });
    admin.assertQuiet();
  });

  test('a client certificate is let in, and no longer', async () => {
    const { page } = admin;
    await admin.go('accounts/access');
    await admin.review('access-empty');
    await page.click('text=Let a certificate in');
    await page.fill('[name=access-name]', 'door');
    await page.selectOption('dialog[open] select >> nth=0', 'house-servers');
    await page.fill('[name=match]', 'dns:door.internal');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('td:has-text("dns:door.internal")');
    await admin.review('access');
    await page.click('[aria-label="Remove the access of door"]');
    await page.fill('dialog[open] input', 'door');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('h2:text("No certificate lets anybody in")');
    admin.assertQuiet();
  });

  test('who may do what is told to everybody, and searched', async () => {
    await server.admin.call('POST', '/api/people', {
      ...{ email: 'otto@example.org', name: 'Otto Ohne', password: server.people.admin.password, role: 'viewer' },
    });
    const viewer = await openPerson(browser, { ...server, people: withOtto() }, 'viewer');
    const { page } = viewer;
    await viewer.go('accounts/roles');
    await viewer.review('roles');
    await page.selectOption('main select', 'backups');
    await page.fill('main [type=search]', 'POST /api/backups/{name}/download');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    const row = (await page.textContent('tbody tr')) ?? '';
    assert.match(row, /administrator/);
    assert.match(row, /default organisation only/);
    assert.doesNotMatch(row, /manager|viewer/);
    await viewer.go('accounts/organisations');
    await page.waitForSelector('h1:text("This page is not for your role")');
    viewer.assertQuiet();
    await viewer.close();
  });

  test('an organisation is made, and knows nothing of the one that made it', async () => {
    const { page } = admin;
    await admin.go('accounts/organisations');
    await page.click('button:text-is("Add an organisation")');
    await page.fill('[name=organisation-name]', 'Branch <i>Two</i>');
    await page.fill('[name=organisation-slug]', 'branch-two');
    await admin.review('organisation-add');
    await page.click('dialog[open] [type=submit]');
    await page.waitForSelector('strong:text("Branch <i>Two</i> is made")');
    await admin.review('organisations');
    await page.click('.notice a');
    await page.waitForURL('**/o/branch-two/console/');
    await admin.settle();
    await page.goto(`${server.base}/o/branch-two/console/accounts/organisations`);
    await page.waitForSelector('dd:text-is("branch-two")');
    await admin.settle();
    assert.equal(await page.locator('tbody').count(), 0);
    await page.goto(`${server.base}/o/branch-two/console/system`);
    await admin.settle();
    await page.waitForSelector('a:text-is("Audit log")');
    for (const name of ['Settings', 'Backups', 'Lock the vault', 'Import a database']) {
      assert.equal(await page.locator(`main :text-is("${name}")`).count(), 0, `${name} is of the whole server`);
    }
    await page.goto(`${server.base}/o/branch-two/console/system/settings`);
    await page.waitForSelector('h1:text-is("There is nothing here")');
    admin.assertQuiet();
    await page.goto(`${server.base}/console/`);
  });

  test('where the organisation demands a second factor, nothing but adding one is open', async () => {
    const { page } = admin;
    const { secret } = await server.admin.call('POST', '/api/factors/totp', { password: server.people.admin.password });
    await server.admin.call('POST', '/api/factors/totp/confirm', { code: codeOf(secret, -1) });
    await page.goto(`${server.base}/console/accounts/people`);
    await page.fill('[name=email]', server.people.admin.email);
    await page.fill('[name=password]', server.people.admin.password);
    await page.click('button[type=submit]');
    await page.fill('[name=code]', codeOf(secret, 0));
    await page.click('button[type=submit]');
    await page.click('button:text-is("Demand a second factor")');
    await prove(admin);
    await page.waitForSelector('text=demanded in Default');
    await admin.review('people-demanded');
    admin.assertQuiet();
    const otto = await openPerson(browser, { ...server, people: withOtto() }, 'viewer');
    await otto.go('');
    await otto.page.waitForSelector('text=Your organisation demands a second factor');
    await otto.review('account-must-enrol');
    otto.assertQuiet();
    await otto.close();
  });
});
