/** Lists in which two rows say the same, in Chromium: a page that tells them apart by what they say would draw none of it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { describeTrustedRoot } from '../../packages/protocol/test/sigstore/instance.ts';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { uploadRelease } from '../programs/publisher.ts';
import { mintProvenance } from './provenance.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';
import { seedTwoVersions } from './watch-seed.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('rows that say the same', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  before(async () => {
    const settings = { SIGNPOST_OUTGOING: 'off', SIGNPOST_WEBHOOK_ADDRESSES: 'any' };
    [browser, server] = await Promise.all([openBrowser(), startSeededServer(settings)]);
    visitor = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('what an SBOM says twice is shown twice, on each of its pages', async () => {
    const { page } = visitor;
    await uploadTwice(server);
    const twice = [...writeComponents('npm', ['left', 'left']), ...writeComponents('pypi', ['left'])];
    await attachComponents(server, '1.0.0', writeComponents('npm', ['base']));
    await attachComponents(server, '1.1.0', twice);
    const record = {
      ...{ id: 'GHSA-twice', modified: '2026-01-01T00:00:00Z', summary: 'a hole' },
      affected: [{ package: { ecosystem: 'npm', name: 'left' }, versions: ['1.0.0'] }],
    };
    await server.admin.call('PUT', '/api/vulnerabilities/npm', new TextEncoder().encode(JSON.stringify(record)));
    await visitor.go('evidence/projects/untouched/1.1.0/sbom');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3);
    await visitor.go('evidence/projects/untouched/1.1.0/sbom?view=vulnerabilities');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
    await visitor.go('evidence/projects/untouched/1.1.0/sbom?view=difference&from=1.0.0');
    await page.waitForSelector('h3:text("Added (2)")');
    assert.equal(await page.locator('main li:has(strong:text-is("left"))').count(), 2);
    await visitor.go('evidence/components?purl=pkg%3Anpm%2Fleft');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
    visitor.assertQuiet();
  });

  test('a build whose source its provenance does not name is drawn without it', async () => {
    const trusted_root = JSON.stringify(describeTrustedRoot());
    await server.admin.call('POST', '/api/evidence/trust-roots', { name: 'internal', trusted_root });
    const { bundle, sha256 } = await mintProvenance(server, '1.1.0', {
      project: 'untouched',
      buildDefinition: { buildType: 'https://forge.example/own-build/v3', externalParameters: { job: 'release' } },
    });
    const path = `/api/projects/untouched/releases/1.1.0/evidence?artifact=${sha256}&name=own.sigstore.json`;
    await server.admin.call('POST', path, bundle);
    await visitor.go('evidence/projects/untouched/1.1.0');
    await visitor.page.click('button:text("Look into it")');
    await visitor.page.waitForSelector('ol :text("https://forge.example/runner")');
    visitor.assertQuiet();
  });

  test('of two files with the same bytes each can be chosen for what is attached', async () => {
    await visitor.go('evidence/projects/untouched/1.1.0');
    await visitor.page.waitForSelector('label:text-is("About") ~ select');
    const names = await visitor.page.locator('label:text-is("About") ~ select option').allTextContents();
    assert.deepEqual(names.slice(1).sort(), ['linux.bin', 'windows.bin']);
    visitor.assertQuiet();
  });

  test('a finding on an artifact that has two versions is opened', async () => {
    const source = await seedTwoVersions(server, 'ghcr.io/org/twice');
    const { findings } = await server.admin.call('GET', `/api/watch/findings?source=${source}`);
    const { id } = findings.find(({ kind }: { kind: string }) => kind === 'identity.new_owner');
    await visitor.go(`watch/findings/${id}`);
    await visitor.page.waitForSelector('[aria-labelledby=artifacts] :text-is("1.0.4-final")');
    await visitor.page.waitForSelector('[aria-labelledby=artifacts] :text-is("1.0.4")');
    visitor.assertQuiet();
  });

  test('of two webhooks to one host that were switched off for one reason both are told', async () => {
    for (const path of ['a', 'b'])
      await server.admin.call('POST', '/api/webhooks', { url: `https://127.0.0.1:9/${path}` });
    await switchWebhooksOff(server);
    await visitor.go('system');
    await visitor.page.waitForFunction(() => {
      const found = [...document.querySelectorAll('[aria-labelledby=doctor] li strong')];
      return found.filter(({ textContent }) => textContent?.includes('127.0.0.1')).length === 2;
    });
    visitor.assertQuiet();
  });
});

/** Two releases of a project that has none, the second with two files that are the same. */
async function uploadTwice({ admin }: SeededServer): Promise<void> {
  const upload = (version: string, platform: string) =>
    uploadRelease(admin, {
      ...{ project: 'untouched', version, name: `${platform}.bin`, platform },
      bytes: new TextEncoder().encode(`untouched ${version}`),
    });
  await upload('1.0.0', 'linux');
  await upload('1.1.0', 'linux');
  await upload('1.1.0', 'windows');
}

function writeComponents(ecosystem: string, names: readonly string[]): readonly object[] {
  return names.map((name, index) => ({
    ...{ type: 'library', 'bom-ref': `${ecosystem}-${index}`, name, version: '1.0.0' },
    purl: `pkg:${ecosystem}/${name}@1.0.0`,
  }));
}

async function attachComponents({ admin }: SeededServer, version: string, components: readonly object[]) {
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components };
  const { artifacts } = await admin.call('GET', `/api/projects/untouched/releases/${version}`);
  const path = `/api/projects/untouched/releases/${version}/sbom?artifact=${artifacts[0].sha256}`;
  await admin.call('PUT', path, new TextEncoder().encode(JSON.stringify(document)));
}

/** As their receivers make the server do, who say that they are gone. */
async function switchWebhooksOff({ dataDir }: SeededServer): Promise<void> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    await database.query.updateTable('webhook_endpoint').set({ state: 'disabled', disabled_because: 'gone' }).execute();
  } finally {
    await database.close();
  }
}
