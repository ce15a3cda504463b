/** The pages of certificates and authorities, in Chromium: issued, renewed, held, revoked and taken away as files, for real. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { testAuthorities } from './authority-acts.ts';
import { addEndingCertificates } from './ending-certificates.ts';
import { holdRequests } from './lag.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('certificates', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signpost-offline-'));
    const settings = { SIGNPOST_PKI_URL: 'http://pki.internal' };
    [browser, server] = await Promise.all([openBrowser(), startSeededServer(settings)]);
    visitor = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('are found by search and filters, which stand in the address', async () => {
    const { page } = visitor;
    await visitor.go('certificates');
    await page.waitForSelector('a:text("door.internal")');
    await visitor.review('certificates');
    await page.keyboard.press('/');
    await page.keyboard.type('no such name');
    await page.waitForURL('**/console/certificates?search=no+such+name');
    await page.waitForSelector('text=Nothing fits the search.');
    await visitor.go('certificates?state=valid&profile=server');
    await page.waitForSelector('a:text("door.internal")');
    visitor.assertQuiet();
  });

  test('are issued by form under rules that are shown, and explained in words', async () => {
    const { page } = visitor;
    await visitor.go('certificates/issue');
    await page.waitForSelector('h2:text("Rules of the profile server")');
    await visitor.review('certificates-issue');
    await page.selectOption('label:text("Key") + p + select', 'form');
    await page.fill('[name=names]', 'not a host!');
    await page.click('button:text("Issue")');
    await page.waitForSelector('[role=alert]');
    await page.fill('[name=names]', 'cellar.internal\n10.0.0.7');
    await page.click('summary:text("More: subject")');
    await page.fill('[name=subject]', 'no part');
    await page.check('text=Servers must show a stapled OCSP answer');
    await page.click('button:text("Issue")');
    await page.waitForSelector('text=expected lines such as O=Example, got "no part"');
    await page.fill('[name=subject]', '');
    await page.click('button:text("Issue")');
    await page.waitForSelector('h1:text("cellar.internal")');
    await page.waitForSelector('text=vouches that the key in this certificate belongs to cellar.internal');
    await page.waitForSelector('code:text("ip:10.0.0.7")');
    const pem = await page.request.get(`${page.url().replace('/console/', '/api/')}/download?format=pem`);
    const words = ['x509', '-noout', '-text'];
    assert.match(execFileSync('openssl', words, { input: await pem.text(), encoding: 'utf8' }), /status_request/);
    await visitor.review('certificate');
    visitor.assertQuiet();
  });

  test('leave as PKCS#12, its password shown once after step-up, and the private key after another', async () => {
    const { page } = visitor;
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('text=Key and certificate (PKCS#12)')]);
    assert.equal(file.suggestedFilename(), 'cellar.internal.p12');
    await page.click('button:text("Password of the PKCS#12")');
    await prove('wrong');
    await page.waitForSelector('dialog [role=alert]');
    await prove(server.people.admin.password);
    await page.waitForSelector('h2:text("The password, shown once")');
    assert.ok(((await page.locator('dialog[open] code').textContent()) ?? '').length >= 12);
    await page.click('dialog[open] >> button[aria-label=Close]');
    await page.click('button:text("Private key (PEM)")');
    await visitor.review('certificate-private-key');
    const [key] = await Promise.all([page.waitForEvent('download'), prove(server.people.admin.password)]);
    assert.match(readFileSync(await key.path(), 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    visitor.assertQuiet();
  });

  test('are held, released, renewed, and revoked with what follows spelled out', async () => {
    const { page } = visitor;
    await page.click('button:text("Put on hold")');
    await page.waitForSelector('.badge:text("on hold")');
    await page.click('#content button:text("Release")');
    await page.waitForSelector('.badge:text("valid")');
    const first = page.url();
    await page.click('button:text("Renew")');
    await visitor.review('certificate-renew');
    await page.click('dialog[open] >> button:text("Renew")');
    await page.waitForURL((url) => url.href !== first);
    await page.waitForSelector('h1:text-is("cellar.internal")');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
    await page.click('button:text("Revoke")');
    await page.waitForSelector('text=Nothing has taken its place yet');
    await page.selectOption('dialog[open] select', 'keyCompromise');
    await page.waitForSelector('text=Its key is never certified again.');
    await visitor.review('certificate-revoke');
    await revokeAs('cellar.internal');
    await page.waitForSelector('strong:text("Revoked on")');
    await visitor.review('certificate-revoked');
    visitor.assertQuiet();
  });

  test('managers get certificates for keys that stay where they are, and renew them with another one', async () => {
    const manager = await openPerson(browser, server, 'manager');
    const { page } = manager;
    await manager.go('certificates/issue');
    await page.fill('[name=request]', askFor('gate.internal'));
    await page.click('button:text("Issue")');
    await page.waitForSelector('h1:text("gate.internal")');
    await page.waitForSelector('text=kept by whoever asked for the certificate');
    assert.equal(await page.locator('text=Key and certificate (PKCS#12)').count(), 0);
    const first = page.url();
    await page.click('button:text("Renew")');
    await page.selectOption('dialog[open] select >> nth=0', 'request');
    await page.fill('dialog[open] [name=request]', askFor('gate.internal'));
    await page.selectOption('dialog[open] select >> nth=1', 'yes');
    await page.click('dialog[open] >> button:text("Renew")');
    await page.waitForSelector('text=The old certificate is revoked with it');
    await page.fill('dialog[open] input[autocomplete=current-password]', server.people.manager.password);
    await page.click('dialog.danger[open] button[type=submit]');
    await page.waitForURL((url) => url.href !== first);
    await page.waitForSelector('.badge:text("valid")');
    await page.goto(first);
    await page.waitForSelector('a:text("the newer one")');
    await page.waitForSelector('.badge:text("revoked")');
    await manager.go('certificates/authorities/house-servers');
    assert.equal(
      await page.locator('button:text-is("Renew"), button:text-is("Revoke"), button:text("Publish")').count(),
      0,
    );
    await manager.go('certificates/authorities/import');
    await page.waitForSelector('text=This page is not for your role');
    manager.assertQuiet();
    await manager.close();
  });

  test('that end soon stand in a calendar', async () => {
    await visitor.go('certificates/expiring');
    await visitor.page.waitForSelector('a:text("door.internal")');
    await visitor.review('certificates-expiring');
    visitor.assertQuiet();
  });

  test('authorities stand in a tree, are made there, and say what goes when they are revoked', async () => {
    const { page } = visitor;
    await visitor.go('certificates/authorities');
    await page.waitForSelector('li li >> a:text("house-servers")');
    await visitor.review('authorities');
    const { profiles } = await server.admin.call('GET', '/api/certificate-profiles');
    const { profile } = profiles.find((one: { name: string }) => one.name === 'intermediate');
    const people = { ...profile, path_length: { default: 0, maximum: 0 }, hash: { 'ecdsa-p256': 'SHA-384' } };
    await server.admin.call('POST', '/api/certificate-profiles', { name: 'people-ca', profile: people });
    await page.reload();
    await page.click('button:text("New authority")');
    await page.selectOption('dialog[open] select >> nth=0', 'house-root');
    await page.selectOption('label:text("Profile") + select', 'people-ca');
    await page.fill('[name=name]', 'house-people');
    await page.fill('dialog[open] [name=cn]', 'House <People>');
    await page.fill('[name=passphrase]', 'a passphrase for the root');
    await page.click('dialog[open] summary');
    await page.fill('[name=subject]', 'O=The House\nOU=People\nC=DE');
    await visitor.review('authority-new');
    await page.click('text=Make it');
    await page.waitForSelector('h1:text("house-people")');
    await page.waitForSelector('header >> text=OU=People');
    const made = await server.admin.call('GET', '/api/authorities/house-people');
    assert.equal(made.certificates[0].profile, 'people-ca');
    await visitor.go('certificates/rules?profile=people-ca');
    await page.waitForSelector('dd:text("SHA-384 by an issuer with ecdsa-p256")');
    await page.waitForSelector('dd:text("0 unless asked otherwise, at most 0")');
    await visitor.go('certificates/authorities/house-root');
    await page.waitForSelector('text=answers by OCSP');
    await visitor.review('authority');
    await page.click('button:text("Revoke")');
    await page.waitForSelector('text=The authority house-people is revoked with it.');
    await visitor.review('authority-revoke');
    const tellConsequences = await holdRequests(page, '**/house-people/consequences');
    await page.goto(`${server.base}/console/certificates/authorities/house-people`);
    await page.click('button:text("Revoke")');
    await page.fill('dialog[open] [name=since]', '2026-01-02T03:04');
    await proveRevocation('house-people');
    const revoke = page.locator('dialog[open] >> button:text("Revoke")');
    assert.equal(await revoke.isEnabled(), false, 'not before what goes with it was listed');
    tellConsequences();
    await revoke.click();
    await page.waitForSelector('.badge:text("revoked")');
    const { certificates } = await server.admin.call('GET', '/api/authorities/house-people');
    const { invalid_from } = await server.admin.call('GET', `/api/certificates/${certificates[0].id}`);
    assert.match(invalid_from, /^2026-01-0[123]T/);
    visitor.assertQuiet();
  });

  testAuthorities(() => ({ browser, server, visitor, folder }));

  test('names and profiles are rules that administrators change', async () => {
    const { page } = visitor;
    await visitor.go('certificates/rules');
    await page.waitForSelector('text=Nobody has decided yet');
    await page.click('text=Change the names');
    await page.fill('[name=allowed]', 'dns:com');
    await page.click('button:text("Save")');
    await page.waitForSelector('[role=alert]');
    await page.fill('[name=allowed]', 'dns:internal\ndns:example.com');
    await page.click('button:text("Save")');
    await page.waitForSelector('dd:text("dns:internal, dns:example.com")');
    await page.click('button:text("New profile")');
    await page.selectOption('dialog[open] select', 'server');
    await page.fill('[name=name]', 'printer');
    await page.click('text=Make it');
    await page.click('a:text("printer")');
    await page.waitForSelector('h2:text("Rules of the profile printer")');
    await visitor.review('certificates-rules');
    await page.click('button:text("Remove the profile")');
    await page.fill('dialog[open] input', 'printer');
    await page.click('dialog[open] >> button:text("Remove the profile")');
    await page.waitForSelector('a:text("printer")', { state: 'detached' });
    visitor.assertQuiet();
  });

  test('a directory for programs is opened, its keys are shown once, and it is closed', async () => {
    const { page } = visitor;
    await visitor.go('certificates/acme');
    await visitor.review('acme-empty');
    await page.click('button:text("New directory") >> nth=0');
    await page.fill('[name=name]', 'web');
    await page.fill('dialog[open] [name=names]', '.internal');
    await page.click('text=Make it');
    await page.waitForSelector('h1:text("web")');
    await page.waitForSelector(`text=--server ${server.base}/acme/web/directory`);
    await page.click('button:text("New key")');
    await page.fill('[name=label]', 'the <web> team');
    await page.click('text=Make it');
    await page.waitForSelector('dialog[open] >> text=--eab-hmac-key');
    await page.click('dialog[open] >> button[aria-label=Close]');
    await page.waitForSelector('td:text("the <web> team")');
    await visitor.review('acme');
    await page.click('tr:has-text("the <web> team") >> button:text("Revoke")');
    await page.fill('dialog[open] input', 'the <web> team');
    await visitor.review('acme-key-revoke');
    await page.click('dialog[open] button:text-is("Revoke")');
    await page.waitForSelector('tr:has-text("the <web> team") >> text=revoked');
    await page.click('button:text("Change the rules")');
    await page.click('dialog[open] summary');
    await page.fill('[name=profiles]', 'web=server');
    await page.uncheck('dialog[open] label:has-text("tls-alpn-01") input');
    await page.fill('[name=http-port]', '8080');
    await visitor.review('acme-rules');
    await page.click('dialog[open] >> button:text("Save")');
    await page.waitForSelector('dd:text("web (server)")');
    await page.waitForSelector('dd:text("http-01, dns-01")');
    await page.click('button:text("Close it")');
    await page.waitForSelector('.badge:text("closed")');
    await visitor.go('certificates/acme');
    await visitor.review('acme-list');
    visitor.assertQuiet();
  });

  test('viewers look, managers issue, and neither is offered keys', async () => {
    const { certificates } = await server.admin.call('GET', '/api/certificates?search=door.internal');
    const viewer = await openPerson(browser, server, 'viewer', 'de-DE');
    await viewer.go('certificates');
    assert.equal(await viewer.page.locator('text=Zertifikat ausstellen').count(), 0);
    await viewer.go(`certificates/${certificates[0].id}`);
    await viewer.page.waitForSelector('text=bürgt dafür');
    assert.equal(await viewer.page.locator('button:text("Widerrufen")').count(), 0);
    await viewer.go('certificates/issue');
    await viewer.page.waitForSelector('text=Diese Seite ist nicht für Ihre Rolle');
    viewer.assertQuiet();
    await viewer.close();
  });

  test('what ends first stands first in the calendar, however many were issued after it', async () => {
    const soonest = await addEndingCertificates(server, 2001);
    const { page } = visitor;
    await visitor.go('certificates/expiring');
    await page.waitForSelector('text=There are more:');
    assert.ok((await page.getAttribute('section[aria-labelledby^=month] tbody a', 'href'))?.endsWith(soonest));
    visitor.assertQuiet();
  });

  /** A request for a host, whose key nobody keeps. */
  function askFor(host: string): string {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'host.key')];
    const words = ['req', '-new', ...key, '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
    return execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  }

  /** Types the name and, since revoking asks again who it is, the password; neither is enough by itself. */
  async function revokeAs(phrase: string): Promise<void> {
    await proveRevocation(phrase);
    await visitor.page.click('dialog[open] >> button:text("Revoke")');
  }

  async function proveRevocation(phrase: string): Promise<void> {
    const { page } = visitor;
    await page.fill('dialog[open] input[autocomplete=current-password]', server.people.admin.password);
    assert.ok(await page.isDisabled('dialog[open] button[type=submit]'));
    await page.fill('dialog[open] [name=phrase]', phrase);
  }

  async function prove(password: string): Promise<void> {
    await visitor.page.fill('dialog[open] input[autocomplete=current-password]', password);
    await visitor.page.click('dialog[open] button[type=submit]');
  }
});
