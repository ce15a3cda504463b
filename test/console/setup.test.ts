/** The way from an empty server to the first verified release, in Chromium, with the real command on the offline machine. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { askCommand, splitWords } from '../programs/command.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { type Operator, signIn } from '../programs/operator.ts';
import { type AwaitingServer, startAwaitingServer } from './awaiting-server.ts';
import { holdRequests } from './lag.ts';
import { people } from './seed.ts';
import { browserPath, openBrowser, openPerson, openStranger, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

/** What issue 8 allows. */
const mostClicks = 12;

suite('the first run', { skip: missing }, () => {
  let browser: Browser;
  let server: AwaitingServer;
  let admin: Operator;
  let visitor: Visitor;
  let page: Page;
  let machine: OfflineMachine;
  let clicks = 0;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startAwaitingServer()]);
    machine = await openOfflineMachine();
    visitor = await openStranger(browser, server);
    page = visitor.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await machine?.close();
  });

  async function click(name: string): Promise<void> {
    clicks += 1;
    await page
      .getByRole('button', { name })
      .or(page.getByRole('link', { name, exact: true }))
      .last()
      .click();
  }

  /** To choose a file takes one click, and what the system asks then. */
  async function choose(file: Parameters<Page['setInputFiles']>[1]): Promise<void> {
    clicks += 1;
    await page.setInputFiles('[type=file]', file);
  }

  test('the link makes the first admin and the vault, and leads into it', async () => {
    clicks += 1;
    await page.goto(server.link);
    const { email, password } = people.admin;
    for (const [field, text] of [
      ...([
        ['name', 'Alice Adler'],
        ['email', email],
        ['password', password],
        ['again', password],
      ] as const),
      ...([
        ['master', 'a master password'],
        ['master-again', 'a master password'],
      ] as const),
    ]) {
      await page.fill(`[name=${field}]`, text);
    }
    await click('Create the account');
    await page.waitForSelector('li[aria-current=step] >> text=Make the signing key of the server');
    admin = await signIn(server.base, email, password);
    visitor.assertQuiet();
  });

  test('the overview leads to it, too, and the key of the server is made', async () => {
    await visitor.go('');
    await page.waitForSelector('text=You stand at step 2 of 7');
    await visitor.review('overview-first-run');
    await page.getByRole('main').getByRole('link', { name: 'Set up' }).click();
    await page.waitForSelector('li[aria-current=step] >> text=Make the signing key of the server');
    await visitor.review('setup-key');
    const answer = await holdRequests(page, '**/api/status');
    const isAskedAgain = page.waitForRequest('**/api/status');
    await click('Make the signing key');
    await isAskedAgain;
    // As long as the page has not gone on, it must not make another one.
    await page.getByRole('button', { name: 'Make the signing key' }).dispatchEvent('click');
    answer();
    await page.waitForSelector('text=signpost root sign --dir ~/signpost-root --out trust.json');
    assert.equal((await admin.call('GET', '/api/signing-keys')).keys.length, 1);
    await visitor.review('setup-root');
  });

  test('a list that another root signed, or that does not name the key, is refused here', async () => {
    const stranger = await OfflineRoot.create();
    const foreign = await stranger.signNextList({ valid: [] });
    const json = { name: 'trust.json', mimeType: 'application/json', buffer: Buffer.from(foreign.envelope) };
    await page.fill('[name=root]', (await OfflineRoot.create()).pubkeyB64);
    await page.setInputFiles('[type=file]', json);
    await page.waitForSelector('text=signed by another root than the one above');
    await visitor.review('setup-root-refused');
    await page.fill('[name=root]', stranger.pubkeyB64);
    await page.waitForSelector('text=expected the list to name');
    assert.equal(await page.getByRole('button', { name: 'Pin this root' }).isDisabled(), true);
    await page.fill('[name=root]', '');
    assert.deepEqual((await admin.call('GET', '/api/trust')).roots, []);
  });

  test('the commands that the page gives make the list, and it is brought in once it holds', async () => {
    const commands = (await page.locator('figure pre').first().textContent()) ?? '';
    const root = await machine.run(commands);
    await page.fill('[name=root]', root);
    await choose(machine.list);
    await page.waitForSelector('text=Verified here: signed by 1 of 1');
    await page.waitForSelector('pre:has-text("trust list version 1")');
    assert.equal(await page.locator('text=does not name the push key').count(), 0);
    await visitor.review('setup-list');
    await click('Pin this root and bring the list into force');
    await page.waitForSelector('li[aria-current=step] >> text=Make the first project');
    await visitor.review('setup-project');
  });

  test('a project, a file, and one act bring a release into service that this browser verifies', async () => {
    await page.fill('[name=slug]', 'lantern');
    await page.getByLabel('Takes').selectOption('any');
    await click('Create the project');
    await page.waitForSelector('li[aria-current=step] >> text=Upload the first release');
    await visitor.review('setup-upload');
    await choose({ name: 'lantern.bin', mimeType: 'application/octet-stream', buffer: machine.artifact });
    await click('Upload');
    await page.waitForSelector('li[aria-current=step] >> text=Put it into service');
    await page.reload();
    await page.waitForSelector('li[aria-current=step] >> text=lantern.bin');
    await visitor.review('setup-activate');
    await click('Put 1.0.0 into service');
    await page.waitForSelector('text=as the manifest says');
    await visitor.review('setup-done');
    assert.ok(clicks <= mostClicks, `${clicks} clicks`);
    assert.equal(clicks, 9);
    visitor.assertQuiet();
  });

  test('the commands at its end verify the release from anywhere, and a changed file fails them', async () => {
    const verify = (await page.locator('figure pre').last().textContent()) ?? '';
    assert.match(verify, /^signpost verify lantern.bin /);
    const { version } = (await machine.signpost(verify)) as { version?: string };
    assert.equal(version, '1.0.0');
    await machine.change();
    await assert.rejects(machine.signpost(verify), /ended with 1/);
  });

  test('the overview leads there no more, and other roles never see it', async () => {
    await visitor.go('');
    await page.waitForSelector('h1:text("Overview")');
    await page.waitForSelector('text=lantern 1.0.0 is in service');
    assert.equal(await page.locator('text=This server is not set up yet').count(), 0);
    await admin.call('POST', '/api/people', { ...people.viewer, name: 'Viktor Vogt', role: 'viewer' });
    const viewer = await openPerson(browser, { ...server, people }, 'viewer');
    await viewer.go('');
    assert.equal(await viewer.page.getByRole('link', { name: 'Set up' }).count(), 0);
    viewer.assertQuiet();
    visitor.assertQuiet();
  });

  test('it speaks German', async () => {
    const german = await openPerson(browser, { ...server, people }, 'admin', 'de-DE');
    await german.go('setup');
    await german.page.waitForSelector('h1:text("Alles ist eingerichtet")');
    await german.page.waitForSelector('text=wie das Manifest sagt');
    await german.review('setup-done-de');
    german.assertQuiet();
    await german.close();
  });
});

interface OfflineMachine {
  /** Where the signed list is. */
  readonly list: string;
  readonly artifact: Buffer;
  /** Runs the commands of the root as they stand, a line each; gives the public key of the root. */
  run(commands: string): Promise<string>;
  /** Runs one command that verifies the file. */
  signpost(command: string): Promise<unknown>;
  /** Changes the file. */
  change(): Promise<void>;
  close(): Promise<void>;
}

/** A folder in which `signpost` is run as the page says, with what a person types there given by options. */
async function openOfflineMachine(): Promise<OfflineMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-offline-'));
  const passphrase = join(folder, 'passphrase');
  const file = join(folder, 'lantern.bin');
  const artifact = Buffer.from('light\n'.repeat(1000));
  await writeFile(passphrase, 'a long passphrase for the root\n', { mode: 0o600 });
  await writeFile(file, artifact);
  const list = join(folder, 'trust.json');
  const environment = { SIGNPOST_CONFIG_DIR: join(folder, 'config'), XDG_CONFIG_HOME: join(folder, 'config') };
  const typed = (words: readonly string[]) => [
    ...words.map((word) => (word === 'trust.json' ? list : word.replace('~', folder))),
    ...(words[1] === 'add-key' ? [] : ['--passphrase-file', passphrase]),
    ...(words[1] === 'sign' ? ['--yes'] : []),
  ];
  return {
    ...{ list, artifact },
    run: async (commands) => {
      let root = '';
      for (const line of commands.split('\n')) {
        const answer = (await askCommand(typed(splitWords(line)), environment)) as { pubkey_b64?: string };
        if (splitWords(line)[1] === 'init') root = answer.pubkey_b64 ?? '';
      }
      return root;
    },
    signpost: (command) =>
      askCommand(
        splitWords(command).map((word) => (word === 'lantern.bin' ? file : word)),
        environment,
      ),
    change: async () => writeFile(file, `${await readFile(file)}dark\n`),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
