/** The pages of the watch, in Chromium: findings and what people say of them, sources, clusters, the policy. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { openSmtpServer, type SmtpServer } from '../../packages/server/test/mail/smtp-server.ts';
import { holdRequests } from './lag.ts';
import { type SeededServer, startEmptyServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';
import { ageMembers, seedWatch } from './watch-seed.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('the watch', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  let viewer: Visitor;
  let source = '';
  let smtp: SmtpServer;
  before(async () => {
    smtp = await openSmtpServer();
    const settings = {
      // At no public address, so that nobody is asked.
      SIGNPOST_OUTGOING: 'off',
      SIGNPOST_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      SIGNPOST_MAIL_FROM: 'signpost@sign.example',
    };
    [browser, server] = await Promise.all([openBrowser(), startEmptyServer(settings)]);
    await server.admin.call('POST', '/api/people', { ...server.people.viewer, name: 'Viktor Vogt', role: 'viewer' });
    visitor = await openPerson(browser, server, 'admin');
    viewer = await openPerson(browser, server, 'viewer');
    for (const { page } of [visitor, viewer]) page.setDefaultTimeout(20_000);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await smtp?.close();
  });

  test('every empty page explains itself and offers the next step', async () => {
    for (const [path, heading] of [
      ['watch', 'Nothing needs a decision'],
      ['watch/cases', 'No artifact needs a decision'],
      ['watch/sources', 'Nothing is watched yet'],
      ['watch/expected', 'Nobody is expected'],
      ['watch/clusters', 'No cluster is followed'],
      ['watch/policy', 'No rules of your own'],
    ] as const) {
      await visitor.go(path);
      await visitor.page.waitForSelector(`h2:text("${heading}")`);
      await visitor.review(`${path.replace('/', '-')}-empty`);
    }
    const { page } = visitor;
    await page.setViewportSize({ width: 360, height: 740 });
    await visitor.go('watch/gates');
    const tab = await page.locator('main nav [aria-current=page]').boundingBox();
    assert.ok(tab && tab.x >= 0 && tab.x + tab.width <= 360, 'the current tab is in sight');
    await page.setViewportSize({ width: 1280, height: 800 });
    visitor.assertQuiet();
  });

  test('a source is added, and what is malformed is refused beside the field', async () => {
    const { page } = visitor;
    await visitor.go('watch/add');
    await page.fill('[name=source]', 'ghcr.io/Org/app');
    source = await seedWatch(server, 'ghcr.io/org/app');
    await page.click('form button[type=submit]');
    await page.waitForSelector('form [role=alert]');
    await visitor.review('watch-add');
    await page.fill('[name=source]', 'npm:@scope/name');
    await page.click('form button[type=submit]');
    await page.waitForSelector('h1:text("npm:@scope/name")');
    visitor.assertQuiet();
  });

  test('sources are listed with the loudest first, and searched on the server', async () => {
    await viewer.go('watch/sources');
    await viewer.page.waitForSelector('h2:text("Loud")');
    await viewer.page.waitForSelector('tbody tr:first-child :text("oci:ghcr.io/org/app")');
    await viewer.review('watch-sources');
    await viewer.page.fill('[data-search]', 'scope');
    await viewer.page.waitForURL('**/watch/sources?search=scope');
    await viewer.page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    const inventory = JSON.parse(await takeAlong(viewer, 'Sources and who signs them'));
    assert.deepEqual(
      inventory.sources.map(({ key }: { key: string }) => key),
      ['npm:@scope/name'],
    );
    const { runs } = JSON.parse(await takeAlong(viewer, 'Open findings'));
    assert.ok(runs[0].results.some(({ ruleId }: { ruleId: string }) => ruleId === 'identity.new_owner'));
    viewer.assertQuiet();
  });

  test('an artifact that shows findings stands there with all of them', async () => {
    await viewer.go('watch/cases');
    await viewer.page.waitForSelector('td a:text("oci:ghcr.io/org/app")');
    await viewer.review('watch-cases');
    await viewer.page.click('td li a >> nth=0');
    await viewer.page.waitForSelector('h2:text("Before")');
    viewer.assertQuiet();
  });

  test('a source shows who signs each line, and the timeline says who came and why', async () => {
    await viewer.go(`watch/sources/${source}`);
    await viewer.page.waitForSelector('h2:text("line 1")');
    await viewer.page.waitForSelector('text=Who was seen to sign');
    await viewer.review('watch-source');
    await viewer.page.click('a:text("Identity timeline")');
    await viewer.page.waitForSelector('text=Learned from what was seen');
    await viewer.review('watch-timeline');
    await viewer.page.click('a:text("Named keys")');
    await viewer.page.waitForSelector('h2:text("No key was named")');
    assert.equal(await viewer.page.locator('form').count(), 0);
    viewer.assertQuiet();
  });

  test('a named key is refused when it is none, and a signer is announced', async () => {
    const { page } = visitor;
    await visitor.go(`watch/sources/${source}?view=keys`);
    await page.getByLabel('Public key').fill('no key');
    await page.getByLabel('Reason').fill('from their documentation');
    await page.click('form button[type=submit]');
    await page.waitForSelector('form [role=alert]');
    await visitor.review('watch-keys');
    await visitor.go(`watch/sources/${source}?view=decide`);
    await page.getByLabel('Issuer').fill('https://issuer.example');
    await page.getByLabel('Subject').fill('release@example.org');
    await page.getByLabel('Until').fill(new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10));
    await page.getByLabel('Reason').fill('they move');
    await page.click('summary:text("Only under these claims")');
    await page.getByLabel('Ran for').selectOption('tag');
    await page.fill('[name=repositoryId]', '4711');
    await visitor.review('watch-decide');
    await page.click('button:text("Announce a new signer")');
    await page.waitForSelector('text=The new signer is announced.');
    const { announcements } = await server.admin.call('GET', '/api/watch/announcements');
    assert.match(
      JSON.stringify(announcements),
      /"repositoryId":"4711","refType":"tag"|"refType":"tag".*"repositoryId":"4711"/,
    );
    await page.setInputFiles('[type=file]', { name: 'vouch.json', mimeType: '', buffer: Buffer.from('{}') });
    await page.waitForSelector('[aria-labelledby=vouch] [role=alert] :text("verified statement")');
    visitor.assertQuiet();
  });

  test('who is expected is listed for everybody, and withdrawn by those who manage', async () => {
    await viewer.go('watch/expected');
    await viewer.page.waitForSelector('td :text("release@example.org")');
    assert.equal(await viewer.page.locator('button:text("Withdraw")').count(), 0);
    await viewer.review('watch-expected');
    const { page } = visitor;
    await visitor.go(`watch/sources/${source}?view=expected`);
    await page.getByLabel('Said by').selectOption('vouch');
    await page.waitForSelector('td :text("release@example.org")', { state: 'detached' });
    await page.getByLabel('Said by').selectOption('');
    await page.click('button:text("Withdraw")');
    await page.fill('dialog[open] input', 'withdraw');
    await page.click('dialog[open] button:text("Withdraw")');
    await page.waitForSelector('h2:text("Nobody is expected")');
    await page.click('button:text("Show what is over")');
    await page.waitForSelector('td :text("withdrawn")');
    visitor.assertQuiet();
  });

  test('a source is made a mirror of another one, and a source of its own again', async () => {
    const { page } = visitor;
    await visitor.go('watch/sources?search=app-quiet');
    await page.click('tbody a');
    await page.waitForSelector('h1:text("oci:ghcr.io/org/app-quiet")');
    await page.click('a:text("Say who signs")');
    await page.fill('[name=mirror-search]', 'org/app');
    await page.getByLabel('Mirror of', { exact: true }).selectOption({ label: 'oci:ghcr.io/org/app' });
    await page.click('button:text("Make it a mirror")');
    await page.waitForSelector('dd a:text("another source")');
    await page.click('button:text("A source of its own again")');
    await page.waitForSelector('dd a:text("another source")', { state: 'detached' });
    visitor.assertQuiet();
  });

  test('a finding shows before and after as text, and a viewer is told who decides', async () => {
    await viewer.go('watch');
    await viewer.page.waitForSelector('tbody tr');
    await viewer.review('watch-findings');
    await openFinding(viewer, 'identity.new_owner');
    await viewer.page.waitForSelector('text=<img src=x');
    await viewer.page.waitForSelector('text=A manager or an administrator decides about this.');
    assert.equal(await viewer.page.locator('img').count(), 0);
    await viewer.review('watch-finding');
    viewer.assertQuiet();
  });

  test('two people are asked for, one proposes, and the page says that another is needed', async () => {
    const { page } = visitor;
    await visitor.go('watch');
    await page.click('button:text("Ask for two")');
    await page.waitForSelector('text=Two people decide');
    await openFinding(visitor, 'identity.new_owner');
    await page.check('input[value=accept]');
    await page.getByLabel('Reason').fill('the project moved');
    await visitor.review('watch-decide-finding');
    await page.click('form button[type=submit]');
    await page.waitForSelector('text=A second person is needed');
    await visitor.review('watch-proposed');
    visitor.assertQuiet();
  });

  test('a rejection spells out what follows and is typed before it is done', async () => {
    const { page } = visitor;
    await openFinding(visitor, 'identity.new_owner');
    await page.check('input[value=reject]');
    await page.getByLabel('Reason').fill('an attack');
    await page.click('form button[type=submit]');
    await page.waitForSelector('dialog :text("turned away for ever")');
    await visitor.review('watch-reject');
    await page.fill('dialog input', 'reject');
    await page.click('dialog button:text("Reject as an attack")');
    await page.waitForSelector('h1 + :text("rejected"), .row :text-is("rejected")');
    visitor.assertQuiet();
  });

  test('the policy is checked while it is typed, compared, and put in force', async () => {
    const { page } = visitor;
    await visitor.go('watch/policy');
    await page.click('button:text("Edit the policy")');
    const rule = { name: 'images', match: { ecosystem: 'oci' }, mode: 'warn' };
    await page.getByLabel('Policy (JSON)').fill(JSON.stringify({ schema: 1, rules: [{ ...rule, mode: 'maybe' }] }));
    await page.waitForSelector('text=The mode of "images" is none of');
    await page.getByLabel('Policy (JSON)').fill(JSON.stringify({ schema: 1, rules: [rule] }, null, 2));
    await page.waitForSelector('text=Reads as a policy of one rule');
    await visitor.review('watch-policy-edit');
    await page.click('button:text("Compare, then put in force")');
    await page.waitForSelector('dialog .added');
    await visitor.review('watch-policy-compare');
    await page.click('dialog button:text("Put in force")');
    await page.waitForSelector('dialog [role=alert]:has-text("expected a member of a week or longer")');
    await ageMembers(server);
    await page.click('dialog button:text("Put in force")');
    await page.waitForSelector('text=It is in force once another administrator puts the same one there.');
    await page.click('button:text("Edit the policy")');
    await page.getByLabel('Policy (JSON)').fill(JSON.stringify({ schema: 1, rules: [{ ...rule, mode: 'enforce' }] }));
    await page.click('button:text("Compare, then put in force")');
    await page.click('dialog button:text("Put in force")');
    await page.waitForSelector('text=The policy is in force.');
    await page.waitForSelector('tbody :text("images")');
    await visitor.review('watch-policy');
    visitor.assertQuiet();
  });

  test('settings of another tool are read with what is not carried over, and opened in the editor', async () => {
    const { page } = visitor;
    await visitor.go('watch/policy');
    await page.getByLabel('Tool', { exact: true }).selectOption('pnpm');
    await page.getByLabel('The file').fill('minimumReleaseAge: 1440\n');
    await page.click('form button:text("Read settings")');
    await page.waitForSelector('form figure, form [role=alert]');
    await page.click('button:text("Write settings")');
    await page.waitForFunction(() => document.querySelectorAll('[aria-busy=true]').length === 0);
    await visitor.review('watch-policy-tools');
    visitor.assertQuiet();
  });

  test('a file that names a key is read with the key beside it, and says who would be declared', async () => {
    const { page } = visitor;
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    await visitor.go('watch/policy');
    await page.getByLabel('The file').fill('cosign verify --key cosign.pub --check-claims=false ghcr.io/org/app');
    await page.click('form button:text("Read settings")');
    await page.waitForSelector('form [role=alert]');
    await page.click('summary:text("Public keys and certificates")');
    await page.setInputFiles('[type=file]', { name: 'key.pub', mimeType: '', buffer: Buffer.from(pem) });
    await page.getByLabel('Path in the settings').fill('cosign.pub');
    await page.click('form button:text("Read settings")');
    await page.waitForSelector('p:has-text("--check-claims") >> code');
    await page.waitForSelector('h4:text("Sources that the file names")');
    await page.waitForSelector('li a:text("oci:ghcr.io/org/app")');
    await page.getByLabel('Which signers').selectOption('policy');
    await page.fill('[name=export-source]', 'not a pattern **/**/');
    await page.click('button:text("Write settings")');
    await page.waitForSelector('form:has([name=export-source]) >> [role=alert]');
    await visitor.review('watch-policy-keys');
    visitor.assertQuiet();
  });

  test('a gate is asked whether something may be used, and says why not', async () => {
    const { page } = viewer;
    await viewer.go('watch/gates');
    await page.fill('[name=ref]', 'ghcr.io/org/nobody:1');
    await page.click('button:text("Ask")');
    await page.waitForSelector('[role=alert], .status:has-text("unknown")');
    await page.fill('[name=ref]', `ghcr.io/org/app@sha256:${'4'.padStart(64, '0')}`);
    await page.click('button:text("Ask")');
    await page.waitForSelector('h2:text("Verdict")');
    await page.waitForSelector(`pre:text("signpost watch check ghcr.io/org/app@sha256:")`);
    await viewer.review('watch-gate');
    const answer = await holdRequests(page, /\/api\/watch\/verdict/);
    await page.fill('[name=ref]', 'ghcr.io/org/nobody:2');
    await page.click('button:text("Ask")');
    await page.waitForSelector('h2:text("Verdict")', { state: 'detached' });
    answer();
    await page.waitForSelector('[role=alert], .status:has-text("unknown")');
    viewer.assertQuiet();
  });

  test('an address is told of findings by mail after it was asked, tried, and told no more', async () => {
    const { page } = visitor;
    await viewer.go('watch/mail');
    await viewer.page.waitForSelector('text=This page is not for your role');
    await visitor.go('watch/mail');
    await page.fill('[name=address]', 'security@example.org');
    await page.click('form button:text("Tell an address")');
    await page.waitForSelector('td :text("not confirmed")');
    await page.waitForSelector('pre:text-is("SIGNPOST_WATCH_HOSTS=http://127.0.0.1:5089")');
    await page.waitForSelector(`pre:text-is("signpost watch selftest --server ${server.base}")`);
    await visitor.review('watch-mail');
    await page.fill('[name=repository]', 'registry.corp:5000/signpost/selftest');
    await page.waitForSelector('pre:has-text("--registry registry.corp:5000/signpost/selftest")');
    assert.equal(await page.locator('pre:has-text("SIGNPOST_WATCH_HOSTS")').count(), 0);
    await page.fill('[name=code]', await readCode(smtp));
    await page.click('form button:text("Confirm an address")');
    await page.waitForSelector('td .badge:text-is("confirmed")');
    await page.click('button:text("Try")');
    await page.waitForSelector('text=A mail is under way.');
    await page.click('button:text("Tell no more")');
    await page.fill('dialog[open] input', 'security@example.org');
    await page.click('dialog[open] button:text("Tell no more")');
    await page.waitForSelector('td :text("security@example.org")', { state: 'detached' });
    visitor.assertQuiet();
  });

  test('a cluster is refused in words, or followed', async () => {
    const { page } = visitor;
    await visitor.go('watch/clusters');
    await page.getByLabel('Name').fill('shop');
    await page.getByLabel('API server').fill('https://cluster.example:6443');
    await page.getByLabel('Certificate authority (PEM)').fill('no certificate');
    await page.getByLabel('Token of the service account', { exact: true }).fill('a-token');
    await page.click('form button[type=submit]');
    await page.waitForSelector('form [role=alert]');
    await page.click('summary:text("From a kubeconfig")');
    await page.setInputFiles('[type=file]', describeCluster({ exec: { command: 'aws' } }));
    await page.waitForSelector('text=the kubeconfig cannot be used: exec is not taken');
    await visitor.review('watch-clusters');
    await page.setInputFiles('[type=file]', describeCluster({ token: 'another-token' }));
    await page.waitForFunction(() => {
      const typed = [...document.querySelectorAll<HTMLInputElement>('form input[type=url]')];
      return typed.some(({ value }) => value === 'https://192.0.2.1:6443');
    });
    await page.waitForSelector('text=exec is not taken', { state: 'detached' });
    await page.click('form button[type=submit]');
    await page.waitForSelector('td a:text("shop")');
    visitor.assertQuiet();
  });
});

/** The code in the mail that asks, when it has come. */
async function readCode(smtp: SmtpServer): Promise<string> {
  for (let round = 0; round < 200; round++) {
    const mail = smtp.taken.map(({ raw }) => raw.replaceAll(/=\r\n/g, '')).join('');
    const code = /confirm ([\w-]{32})/.exec(mail)?.[1];
    if (code !== undefined) return code;
    await setTimeout(100);
  }
  throw new Error('expected a mail with a code, and none came');
}

/** What kubectl writes of one context, whose user is `user`. */
function describeCluster(user: object) {
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=ca'];
  const ca = execFileSync('openssl', [...words, '-keyout', '/dev/null'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const cluster = { server: 'https://192.0.2.1:6443', 'certificate-authority-data': ca.toString('base64') };
  const config = {
    ...{ kind: 'Config', apiVersion: 'v1', 'current-context': 'shop', contexts: [] },
    clusters: [{ name: 'shop', cluster }],
    users: [{ name: 'watch', user }],
  };
  return { name: 'cluster.json', mimeType: '', buffer: Buffer.from(JSON.stringify(config)) };
}

/** What the page saves when a button is pressed. */
async function takeAlong({ page }: Visitor, label: string): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(`button:has-text("${label}")`)]);
  return readFile(await file.path(), 'utf8');
}

async function openFinding(visitor: Visitor, kind: string): Promise<void> {
  await visitor.go('watch');
  await visitor.page.click(`td:has(:text("${kind}")) a`);
  await visitor.page.waitForSelector('h2:text("Before")');
  await visitor.settle();
}
