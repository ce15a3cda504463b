/** The public pages in Chromium: in both themes and widths, with hostile texts, and files checked by the browser against real and forged documents. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createKeyPair, deriveKeyId, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { Browser, Route } from 'playwright-core';
import { assertHarmless, xssCorpus } from '../../packages/server/test/xss-corpus.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { activateRelease, createProject, importList, uploadRelease } from '../programs/publisher.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openStranger, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;
const fileOf = (version: string) => encodeText(`compass ${version}\n`.repeat(4000));

suite('the public pages', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  const open = async (path: string) => {
    await visitor.page.goto(`${server.base}${path}`);
    await visitor.page.waitForSelector('h1');
  };
  /** Drops a file and gives the words of what came of it. */
  const drop = async (bytes: Uint8Array, name = 'compass-1.2.0.bin') => {
    const { page } = visitor;
    await page.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
    await page.waitForSelector('#outcome .outcome');
    return {
      text: (await page.textContent('#outcome')) ?? '',
      kind: await page.getAttribute('#outcome .outcome', 'class'),
    };
  };
  /** Answers requests for `path` with what `change` makes of the server's answer, until the function is called that it gives. */
  const forge = async (path: string, change: (text: string) => Promise<string> | string) => {
    const answer = async (route: Route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: await change(await response.text()) });
    };
    await visitor.page.route(`${server.base}${path}`, answer);
    return () => visitor.page.unroute(`${server.base}${path}`, answer);
  };
  const manifestPath = '/api/projects/compass/manifest';
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer({ SIGNPOST_PROJECT_LIST: 'on' })]);
    visitor = await openStranger(browser, server);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('are at hand in both themes, at 360 pixels, and in two languages, without a script', async () => {
    for (const [path, name, heading] of [
      ['/info', 'list', 'What Default publishes'],
      ['/compass/info', 'info', 'Compass'],
      ['/compass/info/changelog', 'changelog', 'Compass'],
      ['/compass/info/commands', 'commands', 'Compass'],
      ['/untouched/info', 'empty', 'untouched'],
    ] as const) {
      await open(path);
      assert.equal(await visitor.page.textContent('h1'), heading);
      assert.equal(await visitor.page.locator('script').count(), 0);
      await visitor.review(`public-${name}`);
    }
    await open('/compass/info');
    await visitor.page.click('text=Deutsch');
    await visitor.page.waitForSelector('h1:text-is("Kompass")');
    await visitor.review('public-info-german');
    await visitor.page.click('text=Änderungen');
    await visitor.page.waitForSelector('text=zurückgezogen');
    visitor.assertQuiet();
  });

  test('prove a file under the root that the visitor was told, from the address or typed', async () => {
    const digest = await deriveKeyId(parseBase64(server.root.pubkeyB64));
    await open(`/compass/info/verify#root=${digest}`);
    assert.equal(await visitor.page.inputValue('#root'), digest);
    const { text, kind } = await drop(fileOf('1.2.0'), 'renamed.bin');
    assert.equal(kind, 'stack outcome yes', text);
    for (const words of [
      'This is compass-1.2.0.bin of release 1.2.0',
      `is signed by the root that a link brought here (${digest.slice(0, 16)}…)`,
      'has exactly the bytes that the manifest names',
      'this browser has seen none before',
      'a link brought them',
      'It came from this server: whoever controls the server could show you anything.',
    ])
      assert.ok(text.includes(words), `${words}: ${text}`);
    await visitor.review('public-verify-proven');
    assert.ok((await visitor.page.getAttribute('.languages a', 'href'))?.endsWith(`?lang=de#root=${digest}`));
    const again = await drop(fileOf('1.2.0'));
    assert.match(again.text, /signed by the root that a link brought here on/);
    assert.match(again.text, /not older than what this browser saw before/);
    await visitor.page.fill('#root', server.root.pubkeyB64);
    assert.equal((await drop(fileOf('1.2.0'))).kind, 'stack outcome yes');
    const dragged = await visitor.page.evaluateHandle(
      (bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], 'dragged.bin'));
        return transfer;
      },
      [...fileOf('1.2.0')],
    );
    await visitor.page.dispatchEvent('h1', 'drop', { dataTransfer: dragged });
    await visitor.page.waitForSelector('#outcome .yes >> text=dragged.bin');
    visitor.assertQuiet();
  });

  test('hold on to the roots of an earlier visit, and say whose word they are', async () => {
    await open('/compass/info/verify');
    assert.match((await drop(fileOf('1.2.0'))).text, /the root that you named here on/);
    const stranger = await openStranger(browser, server, 'de-DE');
    await stranger.page.goto(`${server.base}/compass/info/verify`);
    await stranger.page.setInputFiles('#file', { name: 'a', mimeType: 'a/b', buffer: Buffer.from(fileOf('1.2.0')) });
    await stranger.page.waitForSelector('.outcome.maybe');
    const text = (await stranger.page.textContent('#outcome')) ?? '';
    assert.match(text, /unter Wurzeln, die dieser Server selbst genannt hat/);
    assert.match(text, /Dass dies die Wurzeln der Hersteller sind/);
    await stranger.review('public-verify-unpinned');
    stranger.assertQuiet();
    await stranger.close();
  });

  test('refuse a root that the server does not have, and what is none', async () => {
    await open('/compass/info/verify');
    await visitor.page.fill('#root', '0'.repeat(64));
    assert.match((await drop(fileOf('1.2.0'))).text, /shows no root with the digest that stands above/);
    await visitor.page.fill('#root', 'nonsense');
    assert.match((await drop(fileOf('1.2.0'))).text, /neither the digest of a root nor its key/);
    const other = await OfflineRoot.create();
    await visitor.page.fill('#root', other.pubkeyB64);
    const refused = await drop(fileOf('1.2.0'));
    assert.match(refused.text, /A signature is wrong or missing/);
    await visitor.page.fill('#root', `${other.pubkeyB64}\n${server.root.pubkeyB64}`);
    await visitor.page.fill('#threshold', '3');
    assert.match((await drop(fileOf('1.2.0'))).text, /the number is out of reach/);
    await visitor.page.fill('#threshold', '1');
    assert.match(
      (await drop(fileOf('1.2.0'))).text,
      /from the 2 roots that you named \(.*\); at least 1 of those had to sign/,
    );
    await visitor.page.fill('#threshold', '2');
    await visitor.page.fill('#root', server.root.pubkeyB64);
    assert.equal((await drop(fileOf('1.2.0'))).kind, 'stack outcome yes');
    visitor.assertQuiet();
  });

  test('keep the roots held so far when a link brings others, and mend a damaged memory without blaming the server', async () => {
    const other = await OfflineRoot.create();
    await visitor.page.goto('about:blank');
    await open(
      `/compass/info/verify#root=${encodeURIComponent(other.pubkeyB64)}&root=${server.root.pubkeyB64}&threshold=1`,
    );
    const brought = await drop(fileOf('1.2.0'));
    assert.equal(brought.kind, 'stack outcome maybe');
    assert.match(brought.text, /This browser stays with the root that you named here on/);
    await visitor.review('public-verify-link');
    await visitor.page.goto('about:blank');
    await open('/compass/info/verify');
    assert.match((await drop(fileOf('1.2.0'))).text, /signed by the root that you named here on/);
    await visitor.page.evaluate(() => {
      for (const key of Object.keys(localStorage)) if (key.includes('state')) localStorage.setItem(key, 'damaged');
    });
    const damaged = await drop(fileOf('1.2.0'));
    assert.equal(damaged.kind, 'stack outcome maybe');
    assert.match(damaged.text, /says nothing of the server/);
    await visitor.review('public-verify-forgetful');
    await visitor.page.click('text=Forget it, and check again');
    await visitor.page.waitForSelector('#outcome .yes');
    visitor.assertQuiet();
  });

  test('tell a flipped byte, an unknown file, an older release, and one that was taken back', async () => {
    await open('/compass/info/verify');
    const flipped = fileOf('1.2.0');
    flipped[20_000] = (flipped[20_000] ?? 0) ^ 1;
    const changed = await drop(flipped);
    assert.equal(changed.kind, 'stack outcome no');
    assert.match(changed.text, /a file of this name with other bytes/);
    await visitor.review('public-verify-changed');
    const unknown = await drop(encodeText('something else'), 'else.bin');
    assert.equal(unknown.kind, 'stack outcome maybe');
    assert.match(unknown.text, /names no file with these bytes/);
    const older = await drop(fileOf('1.0.0'), 'compass-1.0.0.bin');
    assert.equal(older.kind, 'stack outcome maybe');
    assert.match(older.text, /compass-1\.0\.0\.bin of release 1\.0\.0, which a newer release has followed/);
    const back = await drop(fileOf('1.1.0'), 'compass-1.1.0.bin');
    assert.equal(back.kind, 'stack outcome no');
    assert.match(back.text, /which was taken back/);
    assert.match((await drop(new Uint8Array(), 'nothing')).text, /names no file with these bytes/);
    visitor.assertQuiet();
  });

  test('read a file that is larger than what a page would hold at once, and can be told another one meanwhile', async () => {
    await open('/compass/info/verify');
    const large = Buffer.alloc(6 * 1_048_576, 'x');
    await visitor.page.setInputFiles('#file', { name: 'large.bin', mimeType: 'a/b', buffer: large });
    await visitor.page.waitForSelector('#outcome progress, #outcome .outcome');
    const { text } = await drop(fileOf('1.2.0'));
    assert.match(text, /of release 1\.2\.0/);
    visitor.assertQuiet();
  });

  test('believe no manifest that is forged, of another project, or has expired, and no list that is', async () => {
    await open('/compass/info/verify');
    const thief = (await createKeyPair()).signer;
    const later = Date.now() + 4 * 365 * 86_400_000;
    const cases: readonly (readonly [
      path: string,
      change: (text: string) => string | Promise<string>,
      words: RegExp,
    ])[] = [
      [manifestPath, (text) => text.replace(/"sha256":"[0-9a-f]{4}/g, '"sha256":"0000'), /A signature is wrong/],
      [manifestPath, (text) => signAgain(text, thief), /not on the trust list/],
      [manifestPath, () => '{"manifest":1}', /A document is not as it must be/],
      [
        '/api/signing/trust',
        (text) => text.replace('"custody":"server"', '"custody":"maintainer"'),
        /A signature is wrong/,
      ],
    ];
    for (const [path, change, words] of cases) {
      const undo = await forge(path, change);
      const { text, kind } = await drop(fileOf('1.2.0'));
      assert.match(text, words);
      assert.equal(kind, 'stack outcome no', String(words));
      await undo();
    }
    await visitor.page.clock.setFixedTime(later);
    const expired = await drop(fileOf('1.2.0'));
    assert.match(expired.text, /The trust list has expired: somebody may be withholding a newer one/);
    await visitor.review('public-verify-refused');
    await visitor.page.clock.setFixedTime(Date.now() + 400 * 86_400_000);
    assert.match((await drop(fileOf('1.2.0'))).text, /The manifest has expired/);
    await visitor.page.clock.setFixedTime(Date.now());
    assert.equal((await drop(fileOf('1.2.0'))).kind, 'stack outcome yes');
  });

  test('show hostile texts as text: no script, no element, no request', async () => {
    const hostile = xssCorpus.join('\n\n');
    await createProject(server.admin, 'hostile');
    const [name, description] = [xssCorpus.slice(0, 4).join(' '), xssCorpus.slice(4, 30).join(' ')];
    await server.admin.call('PATCH', '/api/projects/hostile', { name: { en: name }, description: { en: description } });
    await uploadRelease(server.admin, { project: 'hostile', version: '1.0.0', name: 'a.bin', bytes: encodeText('a') });
    await server.admin.call('PATCH', '/api/projects/hostile/releases/1.0.0', { changelog: { en: hostile } });
    await activateRelease(server.admin, 'hostile', '1.0.0');
    for (const path of ['/info', '/hostile/info', '/hostile/info/changelog', '/hostile/info/verify']) {
      await open(path);
      const html = await visitor.page.content();
      const scripts = await visitor.page.locator('script').count();
      assert.equal(scripts, path.endsWith('/verify') ? 1 : 0, path);
      assertHarmless(html.replace(/<script type="module"[^>]*><\/script>/, '').replace('<!DOCTYPE html>', ''));
    }
    visitor.assertQuiet();
  });

  test('notice that an older manifest than before is shown, and that a key was revoked', async () => {
    await open('/compass/info/verify');
    const old = await (await fetch(`${server.base}${manifestPath}`)).text();
    await activateRelease(server.admin, 'compass', '2.0.0');
    assert.equal((await drop(fileOf('2.0.0'))).kind, 'stack outcome yes');
    const undo = await forge(manifestPath, () => old);
    assert.match((await drop(fileOf('1.2.0'))).text, /older than what this browser has seen/);
    await undo();
    const { valid_keys: valid, push_keys: push } = await server.admin.call('GET', '/api/trust');
    const [key] = valid;
    const before = await (await fetch(`${server.base}${manifestPath}`)).text();
    const spare = await server.admin.call('POST', '/api/signing-keys', { scope: '*', label: 'spare' });
    await importList(server.admin, (await server.root.signNextList({ valid: [spare], revoked: [key], push })).envelope);
    await visitor.page.route(`${server.base}${manifestPath}`, (route) =>
      route.fulfill({ status: 200, contentType: 'application/json', body: before }),
    );
    assert.match((await drop(fileOf('2.0.0'))).text, /The key that signed is revoked/);
    visitor.assertQuiet();
  });
});

/** The manifest under the key of somebody else, who says so. */
async function signAgain(text: string, signer: Signer): Promise<string> {
  const { manifest } = JSON.parse(text);
  return signEnvelope('manifest', { ...manifest, key_id: signer.keyId }, [signer]);
}
