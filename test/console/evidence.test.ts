/** The pages of evidence, in Chromium: trusted roots, policies and their dry runs, documents looked into, overrides, SBOMs. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { describeTrustedRoot, subject } from '../../packages/protocol/test/sigstore/instance.ts';
import { holdRequests } from './lag.ts';
import { mintProvenance } from './provenance.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;
const trustedRoot = JSON.stringify(describeTrustedRoot());

suite('evidence', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  let viewer: Visitor;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ SIGNPOST_OUTGOING: 'off' })]);
    visitor = await openPerson(browser, server, 'admin');
    viewer = await openPerson(browser, server, 'viewer');
    for (const { page } of [visitor, viewer]) page.setDefaultTimeout(20_000);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('nobody is trusted at first, and a file that is no trusted root is refused in words', async () => {
    const { page } = visitor;
    await visitor.go('evidence');
    await page.waitForSelector('h2:text("Nobody is trusted yet")');
    await visitor.review('evidence-empty');
    await visitor.go('evidence/add');
    await page.fill('[name=name]', 'internal');
    await page.getByLabel('Source').selectOption('tuf');
    await page.click('summary:text("where its targets are")');
    await page.waitForSelector('[name=targets-url]');
    await visitor.review('evidence-add-tuf');
    await page.getByLabel('Source').selectOption('file');
    await page.getByLabel('trusted_root.json').fill('{}');
    await page.click('form button[type=submit]');
    await page.waitForSelector('form [role=alert]');
    await visitor.review('evidence-add');
    await page.getByLabel('trusted_root.json').fill(trustedRoot);
    await page.click('form button[type=submit]');
    await page.waitForSelector('h1:text("internal")');
    await page.waitForSelector('text=Who counts by it');
    await visitor.review('evidence-root');
    await viewer.go('evidence');
    await viewer.page.waitForSelector('a:text("internal")');
    await viewer.review('evidence-roots');
    assert.equal(await viewer.page.locator('a:text("Trust a root")').count(), 0);
    visitor.assertQuiet();
    viewer.assertQuiet();
  });

  test('a policy is read while it is typed, tried on past releases, compared, and put in force', async () => {
    const { page } = visitor;
    await visitor.go('evidence/projects');
    await page.waitForSelector('a:text("Compass")');
    await visitor.review('evidence-projects');
    await visitor.go('evidence/projects/compass');
    const editor = page.locator('textarea');
    await editor.fill('policy: 1\nmode: sometimes\n');
    await page.waitForSelector('.error');
    await editor.fill('policy: 1\nmode: observe\nsbom: { complete: true }\n');
    await page.waitForSelector('text=Reads as a policy');
    await page.click('button:text("Try on past releases")');
    await page.waitForSelector('h3:text("How it would have judged")');
    await page.waitForFunction(() => document.querySelectorAll('[aria-busy=true]').length === 0);
    await visitor.review('evidence-policy-edit');
    const answerTrials = await holdRequests(page, '**/policy-trial');
    await page.click('button:text("Try on past releases")');
    await editor.fill('policy: 1\nmode: observe\nsbom: { complete: true }\nscan: {}\n');
    answerTrials();
    await page.waitForSelector('text=Reads as a policy');
    await page.waitForFunction(() => document.querySelectorAll('[aria-busy=true]').length === 0);
    assert.equal(await page.locator('h3:text("How it would have judged")').count(), 0, 'that was another text');
    assert.equal(await page.locator('[role=alert]').count(), 0);
    await editor.fill('policy: 1\nmode: observe\nsbom: { complete: true }\n');
    await page.waitForSelector('text=Reads as a policy');
    await page.click('button:text("Compare, then put in force")');
    await page.waitForSelector('dialog .added');
    await page.click('dialog button:text("Put in force")');
    await page.waitForSelector('.badge:text-is("observes")');
    await page.evaluate(() => scrollTo(0, 0));
    await visitor.review('evidence-policy');
    visitor.assertQuiet();
  });

  test('a release says what the policy found, and a rule is let go only after its version was typed', async () => {
    const { page } = visitor;
    await visitor.go('evidence/projects/compass/2.0.0');
    await page.waitForSelector('h2:text("What the policy says")');
    await page.check('input[value=sbom]');
    await page.getByLabel('Reason').fill('the SBOM tool is broken');
    await page.getByLabel('Until').fill(new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10));
    await page.click('button:text("Let these rules go")');
    await page.waitForSelector('dialog :text("although these rules are not met")');
    await visitor.review('evidence-override');
    await page.fill('dialog input', '2.0.0');
    await page.click('dialog button:text("Let these rules go")');
    await page.waitForSelector('li :text("the SBOM tool is broken")');
    await page.waitForSelector('text=passed, with overrides');
    await page.evaluate(() => scrollTo(0, 0));
    await visitor.review('evidence-release');
    visitor.assertQuiet();
  });

  test('a bundle is verified in the browser, and its provenance drawn', async () => {
    await attachProvenance(server, '2.0.0');
    const { page } = viewer;
    await viewer.go('evidence/projects/compass/2.0.0');
    await page.click('button:text("Look into it")');
    await page.waitForSelector('text=Verified in this browser');
    await page.waitForSelector(`text=Signed by ${subject}`);
    await page.waitForSelector('ol :text("https://forge.example/team/tool")');
    await viewer.review('evidence-bundle');
    viewer.assertQuiet();
  });

  test('managers drop evidence of each kind, read what the server says of it, and take it away', async () => {
    const { bundle } = await mintProvenance(server, '2.0.0');
    const vex = {
      ...{ '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'https://example.org/vex/1', author: 'us', version: 1 },
      timestamp: '2026-01-01T00:00:00Z',
      statements: [
        { vulnerability: { name: 'CVE-2026-1' }, products: [{ '@id': 'pkg:npm/needle@1.0.0' }], status: 'fixed' },
      ],
    };
    const manager = await openPerson(browser, server, 'manager');
    const { page } = manager;
    await manager.go('releases/compass/2.0.0');
    await page.click('a:text("Documents, SBOM and overrides")');
    await page.waitForSelector('h2:text("Attach evidence")');
    assert.equal(await page.locator('button:text("Let these rules go")').count(), 0, 'that is for administrators');
    const file = (name: string, bytes: Uint8Array | string) => ({ name, mimeType: '', buffer: Buffer.from(bytes) });
    await page.setInputFiles('[type=file]', [
      file('second.sigstore.json', bundle),
      file('compass.cdx.json', writeSbom('2.0.0')),
      file('compass.openvex.json', JSON.stringify(vex)),
      file('<b>holiday</b>.json', '{"mediaType":"a picture"}'),
    ]);
    await page.waitForSelector('li:has-text("second.sigstore.json") >> text=attached; the policy says');
    await page.waitForSelector('li:has-text("compass.cdx.json") >> text=attached: 2 components');
    await page.waitForSelector('li:has-text("compass.openvex.json") >> text=attached: its answers count');
    await page.waitForSelector('li:has-text("<b>holiday</b>.json") >> [role=alert]');
    await page.waitForSelector('h3:text("second.sigstore.json")');
    await page.waitForSelector('[aria-labelledby=verdict] >> text=found none', { state: 'detached' });
    await manager.review('evidence-attach');
    await page.click('button[aria-label="Take away second.sigstore.json"]');
    await page.fill('dialog[open] input', 'second.sigstore.json');
    await page.click('dialog[open] button:text("Take away")');
    await page.waitForSelector('h3:text("second.sigstore.json")', { state: 'detached' });
    manager.assertQuiet();
    await manager.close();
  });

  test('a statement of the server is looked into, and told as its word', async () => {
    await viewer.go('evidence/projects/compass/1.2.0');
    await viewer.page.locator('button:text("Look into it")').first().click();
    await viewer.page.waitForSelector('text=Said by this server');
    await viewer.page.waitForSelector('text=It says that');
    await viewer.review('evidence-documents');
    assert.equal(await viewer.page.locator('form').count(), 0);
    viewer.assertQuiet();
  });

  test('an SBOM is browsed, searched, compared and held against what is known', async () => {
    const { page } = viewer;
    await viewer.go('evidence/projects/compass/1.2.0/sbom');
    await page.waitForSelector('h2:text("Nobody said what is in it")');
    await viewer.review('evidence-sbom-empty');
    for (const version of ['1.0.0', '1.2.0']) await attachSbom(server, version);
    await viewer.go('evidence/projects/compass/1.2.0/sbom');
    await page.waitForSelector('tbody :text("<b>left</b>-pad")');
    await viewer.review('evidence-sbom');
    await page.fill('[data-search]', 'needle');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sbom?name=needle');
    await page.waitForSelector('tbody :text("<b>left</b>-pad")', { state: 'detached' });
    await page.click('a:text("Difference")');
    await page.getByLabel('Compared with').fill('1.0.0');
    await page.getByLabel('Compared with').press('Enter');
    await page.waitForSelector('h3:text("Upgraded")');
    await viewer.review('evidence-difference');
    await page.click('a:text("Vulnerabilities")');
    await page.waitForSelector('text=No data was imported for');
    await viewer.review('evidence-vulnerabilities');
    await viewer.go('evidence/components');
    await page.fill('[name=purl]', 'pkg:npm/needle');
    await page.fill('[name=version]', '1.0.0');
    await page.keyboard.press('Enter');
    await page.waitForSelector('td >> a:text("compass 1.0.0")');
    await page.waitForSelector('td >> a:text("compass 1.2.0")', { state: 'detached' });
    await viewer.review('evidence-components');
    viewer.assertQuiet();
  });
});

/** Two components, of which one is newer with each release, and one has a name that a stranger chose. */
function writeSbom(version: string): Uint8Array<ArrayBuffer> {
  const component = (name: string, number: string) => ({
    ...{ type: 'library', 'bom-ref': name, name, version: number },
    purl: `pkg:npm/${encodeURIComponent(name)}@${number}`,
  });
  const document = {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 },
    components: [component('needle', version), component('<b>left</b>-pad', '1.3.0')],
  };
  return new TextEncoder().encode(JSON.stringify(document));
}

async function attachSbom({ admin }: SeededServer, version: string): Promise<void> {
  await admin.call('PUT', `/api/projects/compass/releases/${version}/sbom`, writeSbom(version));
}

/** Provenance by the signer of the tests, about the file of a release. */
async function attachProvenance(server: SeededServer, version: string): Promise<void> {
  const { sha256, bundle } = await mintProvenance(server, version);
  const query = `artifact=${sha256}&name=compass.sigstore.json`;
  await server.admin.call('POST', `/api/projects/compass/releases/${version}/evidence?${query}`, bundle);
}
