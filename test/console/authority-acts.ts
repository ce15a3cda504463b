/** What is done with authorities in the console, for real: renewed, rolled over, signed elsewhere, taken over, checked. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeTimestampRequest } from '@signpost/protocol/cms/timestamp-request';
import type { Browser } from 'playwright-core';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { createForeignAuthorities } from '../../packages/server/test/pki/authorities/foreign.ts';
import { askCommand, splitWords } from '../programs/command.ts';
import { holdRequests } from './lag.ts';
import type { SeededServer } from './seed.ts';
import { openPerson, type Visitor } from './visitor.ts';

/** What they are done with. */
interface AuthorityScene {
  readonly browser: Browser;
  readonly server: SeededServer;
  /** An administrator. */
  readonly visitor: Visitor;
  /** Stands for the machine that holds an offline root. */
  readonly folder: string;
}

const rootPassphrase = 'a passphrase for the root';

/** Adds the tests to the suite that has opened the scene. */
export function testAuthorities(scene: () => AuthorityScene): void {
  test('authorities are renewed, followed by a new key, and handed over and back', async () => {
    const { visitor } = scene();
    const { page } = visitor;
    await visitor.go('certificates/authorities/house-servers');
    await page.click('#content button:text-is("Renew")');
    await page.fill('[name=passphrase]', 'not the passphrase');
    await page.click('dialog[open] >> button:text-is("Renew")');
    await page.waitForSelector('dialog[open] [role=alert]');
    assert.equal(await page.inputValue('[name=passphrase]'), '', 'it is not kept for another attempt');
    await page.fill('[name=passphrase]', rootPassphrase);
    await page.click('dialog[open] >> button:text-is("Renew")');
    await page.waitForFunction(() => document.querySelectorAll('[aria-labelledby=own] tbody tr').length === 2);
    await page.click('#content button:text-is("New key")');
    await visitor.review('authority-rekey');
    await page.fill('[name=passphrase]', rootPassphrase);
    await page.click('dialog[open] >> button:text-is("New key")');
    await page.waitForSelector('h1:text("house-servers-g2")');
    await visitor.go('certificates/authorities/house-servers');
    await page.waitForSelector('dd >> a:text("house-servers-g2")');
    await page.click('button:text("Name a successor")');
    await page.selectOption('dialog[open] select', { label: 'none: it issues itself' });
    await visitor.review('authority-succession');
    await page.fill('dialog[open] input', 'house-servers');
    await page.click('dialog[open] >> button:text("Name a successor")');
    await page.waitForSelector('dd >> a:text("house-servers-g2")', { state: 'detached' });
    visitor.assertQuiet();
  });

  test('a root is rolled over: the old one signs the new one, which signs what is below', async () => {
    const { visitor } = scene();
    const { page } = visitor;
    await visitor.go('certificates/authorities/house-root');
    await page.click('#content button:text-is("New key")');
    await page.waitForSelector('text=house-root goes on issuing');
    await page.fill('[name=passphrase]', rootPassphrase);
    await page.fill('[name=new-passphrase]', 'a passphrase for the new root');
    await page.click('dialog[open] >> button:text-is("New key")');
    await page.waitForSelector('h1:text("house-root-g2")');
    await page.waitForFunction(() => document.querySelectorAll('[aria-labelledby=own] tbody tr').length === 2);
    await visitor.go('certificates/authorities/house-servers');
    await page.click('button:text-is("Cross-sign")');
    await page.selectOption('dialog[open] select', 'house-root-g2');
    await page.waitForSelector('text=Whoever trusts house-root-g2 trusts house-servers');
    await visitor.review('authority-cross-sign');
    await page.fill('[name=passphrase]', 'a passphrase for the new root');
    await page.click('dialog[open] >> button:text-is("Cross-sign")');
    await page.waitForSelector('td:text("house-root-g2")');
    await visitor.review('authority-servers');
    visitor.assertQuiet();
  });

  test('a root that is never online signs by files, with the commands that the pages show', async () => {
    const { visitor, server, folder } = scene();
    const { page } = visitor;
    await visitor.go('certificates/authorities/import?way=root');
    await visitor.review('authority-offline-root');
    await page.fill('[name=cn]', 'Far Root');
    await page.fill('[name=name]', 'far-root');
    await typeElsewhere(
      folder,
      (await page.locator('figure:has-text("On the other machine") pre').textContent()) ?? '',
    );
    await page.setInputFiles('[type=file]', join(folder, 'signpost-ca-root/root.pem'));
    await page.waitForSelector('h1:text("far-root")');
    await visitor.go('certificates/authorities');
    await page.click('button:text("New authority")');
    await page.selectOption('dialog[open] select >> nth=0', 'far-root');
    await page.waitForSelector('text=the new authority waits with a request');
    await page.fill('[name=name]', 'far-issuing');
    await page.fill('dialog[open] [name=cn]', 'Far Issuing');
    const tellAddresses = await holdRequests(page, '**/api/authorities/far-root');
    await page.click('text=Make it');
    await page.waitForSelector('h2:text("Have this request signed")');
    const elsewhere = page.locator('figure:has-text("On the other machine") pre');
    assert.equal(await elsewhere.count(), 0, 'no command as long as its addresses are not known');
    tellAddresses();
    await elsewhere.waitFor();
    await visitor.review('authority-pending');
    const [request] = await Promise.all([page.waitForEvent('download'), page.click('text=Save the request')]);
    await request.saveAs(join(folder, request.suggestedFilename()));
    const answer = await typeElsewhere(folder, (await elsewhere.textContent()) ?? '');
    assert.ok(answer, 'the command has signed');
    await page.setInputFiles('[type=file]', join(folder, 'far-issuing.pem'));
    await page.waitForSelector('.badge:text("in service")');
    const { certificates } = await server.admin.call('GET', '/api/authorities/far-issuing');
    assert.match(
      execFileSync('openssl', ['x509', '-noout', '-text'], { input: certificates[0].pem, encoding: 'utf8' }),
      /http:\/\/pki.internal\/pki\/far-root\/crl/,
    );
    await visitor.go('certificates/authorities/far-root');
    await typeElsewhere(folder, (await elsewhere.textContent()) ?? '');
    await page.setInputFiles('[type=file]', join(folder, 'root.crl'));
    await page.waitForSelector('td:text("Complete list")');
    await visitor.review('authority-offline');
    await page.selectOption('label:text("Revoke with it") + select', { index: 1 });
    await typeElsewhere(folder, (await elsewhere.textContent()) ?? '');
    await page.setInputFiles('[type=file]', join(folder, 'root.crl'));
    await page.waitForSelector('label:text("Revoke with it")', { state: 'detached' });
    await page.waitForSelector('[aria-labelledby=revocation] tr:has-text("Complete list"):has(td:text-is("2"))');
    await visitor.go('certificates/authorities/far-issuing');
    await page.waitForSelector('.badge:text("revoked")');
    visitor.assertQuiet();
  });

  test('an authority of somebody else is taken over with its key, and refused without its password', async () => {
    const { visitor } = scene();
    const { page } = visitor;
    const { pkcs12, rootKey, root } = await createForeignAuthorities();
    await visitor.go('certificates/authorities/import');
    const pem = { name: 'root.pem', mimeType: '', buffer: Buffer.from(rootKey + root) };
    await page.setInputFiles('[type=file]', pem);
    await page.waitForSelector('li:text("CN=Foreign Root")');
    await page.selectOption('label:text-is("Kind") ~ select', 'root');
    await visitor.review('authority-import');
    await page.setInputFiles('[type=file]', { name: 'sub.p12', mimeType: '', buffer: Buffer.from(pkcs12) });
    await page.waitForSelector('text=A PKCS#12');
    await page.selectOption('label:text-is("Kind") ~ select', 'intermediate');
    await page.fill('[name=name]', 'foreign-sub');
    await page.fill('[name=password]', 'another password');
    await page.click('button:text("Take it over")');
    await page.waitForSelector('[role=alert]');
    await page.fill('[name=password]', 'file password');
    await page.click('button:text("Take it over")');
    await page.waitForSelector('h1:text("foreign-sub")');
    await page.waitForSelector('dd >> a:text("foreign-sub-issuer")');
    await page.click('button:text("Retire")');
    await page.waitForSelector('text=It issues nothing any more.');
    await page.fill('dialog[open] input', 'foreign-sub');
    await page.click('dialog[open] >> button:text("Retire")');
    await page.waitForSelector('.badge:text("retired")');
    visitor.assertQuiet();
  });

  test('an authority makes timestamps, which are verified in the browser, until it is switched off', async () => {
    const { visitor, server } = scene();
    const { page } = visitor;
    await visitor.go('certificates/authorities/house-servers');
    await page.waitForSelector('text=makes no timestamps');
    await page.click('button:text("Make timestamps")');
    await page.fill('[name=policy]', 'not a number');
    await page.click('dialog[open] >> button:text("Make timestamps")');
    await page.waitForSelector('dialog[open] [role=alert]');
    await page.fill('[name=policy]', '1.3.6.1.4.1.99999.1');
    await page.fill('[name=accuracy]', '500');
    await page.click('dialog[open] >> button:text("Make timestamps")');
    await page.waitForSelector('dd:text("500 ms")');
    const file = { name: 'app.zip', mimeType: '', buffer: Buffer.alloc(100_000, 7) };
    await page.setInputFiles('label:has-text("Try it") [type=file]', file);
    await page.waitForSelector('text=Verified: app.zip existed at this time');
    await visitor.review('authority-timestamps');
    const download = page.waitForEvent('download');
    await page.click('button:text("Save the timestamp")');
    const kept = Buffer.concat(await (await (await download).createReadStream()).toArray());
    await visitor.go('certificates/authorities/house-servers');
    const check = (name: string, buffer: Buffer, stamp: Buffer) =>
      page.setInputFiles('label:has-text("Drop the file and its timestamp") [type=file]', [
        { name: `${name}.tsr`, mimeType: '', buffer: stamp },
        { name, mimeType: '', buffer },
      ]);
    await check('app.zip', file.buffer, kept);
    await page.waitForSelector('text=Verified: app.zip existed at this time');
    await page.waitForSelector('pre:text("signpost timestamp verify app.zip app.zip.tsr --ca root.pem")');
    await visitor.review('authority-timestamp-kept');
    await check("it's.zip", Buffer.alloc(100_000, 8), kept);
    await page.waitForSelector('[role=alert]:has-text("Not verified")');
    await page.locator('pre', { hasText: "'it'\\''s.zip' 'it'\\''s.zip.tsr'" }).waitFor();
    await visitor.review('authority-timestamp-refused');
    await check('other.zip', file.buffer, await stampBySha512(server, file.buffer));
    await page.waitForSelector('text=Verified: other.zip existed at this time');
    await page.setInputFiles('label:has-text("Drop the file and its timestamp") [type=file]', [file]);
    await page.waitForSelector('[role=alert]:has-text("Drop two files together")');
    await page.click('button:text("Make none any more")');
    await page.fill('dialog[open] input', 'house-servers');
    await page.click('dialog[open] >> button:text("Make none any more")');
    await page.waitForSelector('text=makes no timestamps');
    visitor.assertQuiet();
  });

  test('the database is held against the certificates, and what they prove is repaired by administrators', async () => {
    const { visitor, browser, server } = scene();
    const { page } = visitor;
    await visitor.go('certificates/check');
    await page.click('button:text("Check now")');
    await page.waitForSelector('text=nothing wrong');
    const database = await openDatabase({ dataDir: server.dataDir, databaseUrl: undefined }, { create: false });
    await database.query
      .updateTable('certificate')
      .set({ subject: 'CN=changed' })
      .where('search', 'like', '%door.internal%')
      .execute();
    await database.close();
    const manager = await openPerson(browser, server, 'manager');
    await manager.go('certificates/check');
    await manager.page.click('button:text("Check now")');
    await manager.page.waitForSelector('text=can be repaired');
    assert.equal(await manager.page.locator('button:text("Repair")').count(), 0);
    await manager.close();
    await page.click('button:text("Check now")');
    await page.waitForSelector('text=The database says something else than the certificate');
    await visitor.review('certificates-check');
    await page.click('button:text("Repair")');
    await page.fill('dialog[open] input', 'repair');
    await page.click('dialog[open] >> button:text("Repair")');
    await page.waitForSelector('.status >> text=repaired');
    visitor.assertQuiet();
  });
}

/** Runs what a page says to type on the machine that holds a root, in a folder that stands for it. */
function typeElsewhere(folder: string, command: string): Promise<unknown> {
  const file = join(folder, 'passphrase');
  writeFileSync(file, 'a long passphrase for the root\n', { mode: 0o600 });
  const words = splitWords(command.replaceAll('\\\n', ' ')).map((word) =>
    /^~|\.(?:csr|pem|crl)$/.test(word) ? join(folder, word.replace(/^~/, '')) : word,
  );
  return askCommand([...words, '--passphrase-file', file, ...(words[2] === 'init' ? [] : ['--yes'])]);
}

/** A timestamp as other tools ask for it. */
async function stampBySha512({ base }: SeededServer, bytes: Buffer): Promise<Buffer> {
  const digest = new Uint8Array(createHash('sha512').update(bytes).digest());
  const wish = { imprint: { hash: 'SHA-512', digest }, nonce: undefined, policy: undefined } as const;
  const answer = await fetch(`${base}/pki/house-servers/tsa`, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: encodeTimestampRequest({ ...wish, certificatesWanted: true }),
  });
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}
