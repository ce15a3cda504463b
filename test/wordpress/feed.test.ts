/** Sites that update a plugin without a line of ours: by WordPress' own filter and Ed25519 check, and by plugin-update-checker's rules. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { shareBody } from '../../packages/server/src/http/prepared.ts';
import {
  activateSigningKey,
  createSigningKey,
  revokeSigningKey,
} from '../../packages/server/src/trust/signing-keys.ts';
import { importTrustList, readTrustInForce } from '../../packages/server/src/trust/trust-lists.ts';
import { createFeedAnswers } from '../../packages/server/src/wordpress/updates/answers.ts';
import { describePlugin } from '../../packages/server/src/wordpress/updates/feed.ts';
import { signWaitingPackages } from '../../packages/server/src/wordpress/updates/signature.ts';
import { trustKey } from '../../packages/server/test/releases/scene.ts';
import { installWordPress, missingWordPress, type WordPress } from '../programs/wordpress.ts';
import { startMiddle } from './middle.ts';
import { buildPlugin, slug } from './plugin.ts';
import { expectStatus, openPluginScene, type PluginScene } from './scene.ts';

const closers: (() => unknown)[] = [];
let plugin: PluginScene;
const header = { 'Update URI': `http://127.0.0.1/${slug}` };
const nowhere = { url: `svn://127.0.0.1:9/${slug}`, host: 'svn://127.0.0.1:9' };

before(async () => {
  plugin = await openPluginScene({ after: (close) => void closers.push(close as () => unknown) }, nowhere);
});
after(async () => {
  for (const close of closers.reverse()) await close();
});

/** Makes a key for the packages, and a list that names it beside those that it named before. */
async function openPackageKey(version: number, scopes: readonly string[] = [`wordpress:${slug}`]): Promise<string> {
  const { resources, home } = plugin.scene;
  const { key_id: keyId, pubkey_b64: pubkeyB64 } = await createSigningKey(resources, home.caller, {
    scope: `wordpress:${slug}`,
    label: 'packages',
  });
  const trust = await readTrustInForce(resources.database.query, home.caller.organisationId);
  const key = { ...trustKey({ keyId, pubkeyB64 }), scope: scopes as ReturnType<typeof trustKey>['scope'] };
  const list = await home.signList({ version, keys: [...(trust?.validKeys ?? []), key] });
  await importTrustList(resources, home.caller, list);
  await activateSigningKey(resources, home.caller, keyId);
  return pubkeyB64;
}

const packagePath = (version: string) => `/${slug}/${version}/${slug}-${version}.zip`;
const show = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  plugin.scene.ask('GET', path, { headers });

/** As WordPress does it, by another library. */
function isSigned(bytes: Buffer, signature: string, pubkeyB64: string): boolean {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(pubkeyB64, 'base64').toString('base64url') },
    format: 'jwk',
  });
  return verify(null, createHash('sha384').update(bytes).digest(), key, Buffer.from(signature, 'base64'));
}

test('the feeds have the fields that sites read, and answer 304 to who has them', async () => {
  await plugin.release({ version: '1.0.0', header: { Author: 'Acme <b>Inc</b>' } });
  const path = `/api/projects/${slug}/wordpress/info.json?installed_version=0.9&php=8.2&locale=de_DE`;
  const info = expectStatus(await show(path), 200);
  const base = plugin.scene.url;
  assert.deepEqual(
    { ...info.json, sections: Object.keys(info.json.sections as object) },
    {
      ...{ name: 'Acme Forms', slug, version: '1.0.0', homepage: `${base}/${slug}/info` },
      ...{ download_url: `${base}${packagePath('1.0.0')}`, author: 'Acme <b>Inc</b>', requires: '6.0', tested: '6.4' },
      ...{ requires_php: '7.4', upgrade_notice: '', last_updated: info.json.last_updated },
      ...{ sections: ['description', 'changelog'], icons: {}, banners: {}, translations: [] },
      ...{ id: `${base}/${slug}`, filename: `${slug}/${slug}.php` },
    },
  );
  assert.match(String(info.json.last_updated), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.match(JSON.stringify(info.json.sections), /<h4>1.0.0<\/h4>/);
  const again = await show(path, { 'if-none-match': String(info.headers.etag) });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
  const update = expectStatus(await show(`/api/projects/${slug}/wordpress/update.json`), 200).json;
  assert.deepEqual([update.version, update.package, update.slug], ['1.0.0', `${base}${packagePath('1.0.0')}`, slug]);
  assert.equal((await show('/api/projects/nothing/wordpress/info.json')).status, 404);
});

test('a feed is read and rendered once, whatever strangers add to the question', async () => {
  const { database, prepared } = plugin.scene.resources;
  const path = `/api/projects/${slug}/wordpress/info.json`;
  const first = expectStatus(await show(`${path}?installed_version=1`), 200);
  const row = await database.query.selectFrom('wordpress_reading').selectAll().executeTakeFirstOrThrow();
  const others = { reading: row.reading.replace('Acme Forms', 'Read again') };
  await database.query.updateTable('wordpress_reading').set(others).execute();
  const second = expectStatus(await show(`${path}?installed_version=2`), 200);
  await database.query.updateTable('wordpress_reading').set({ reading: row.reading }).execute();
  assert.deepEqual(second.body, first.body, 'nothing was read for another query');
  const { host } = new URL(plugin.scene.url);
  for (const target of [path, `${path}?installed_version=2`]) assert.equal(prepared.find(host, target), undefined);
});

test('the host that a stranger names is in the answer to that stranger alone; a configured address is in all', async () => {
  const { resources, home } = plugin.scene;
  const path = `/api/projects/${slug}/wordpress/info.json`;
  const answered = await show(path);
  assert.equal(answered.headers['cache-control'], 'private, no-store', 'nobody has said how the server is reached');

  const feed = { route: `GET ${path}`, describe: describePlugin };
  const baseUrl = 'https://releases.example.com';
  const answer = createFeedAnswers({ ...resources, baseUrl }, feed);
  const askBy = (host: string) => {
    const { organisationId } = home.caller;
    return answer({ organisationId, slug, host, target: path, base: baseUrl });
  };
  const first = await askBy('releases.example.com');
  for (let n = 0; n < 20; n++) assert.equal(await askBy(`host-${n}.example`), first, 'one buffer for all');
  assert.match(Buffer.from(first.body).toString(), /"download_url":"https:\/\/releases\.example\.com\//);
  assert.equal(shareBody(first).buffer, first.body.buffer, 'which no answer copies');
  assert.deepEqual(new Map(first.headers).get('Cache-Control'), 'public, max-age=300');
});

test('packages are signed by the key that the list names for them alone, and by no other', async () => {
  const { resources } = plugin.scene;
  const unsigned = expectStatus(await show(packagePath('1.0.0')), 200);
  assert.equal(unsigned.headers['x-content-signature'], undefined, 'there is no such key yet');
  assert.equal((await show(`${packagePath('1.0.0')}.sig`)).status, 404);
  const key = await openPackageKey(2);
  await signWaitingPackages(resources);
  await plugin.release({ version: '1.1.0', header });
  for (const version of ['1.0.0', '1.1.0']) {
    const { headers, body } = expectStatus(await show(packagePath(version)), 200);
    const detached = expectStatus(await show(`${packagePath(version)}.sig`), 200);
    assert.equal(detached.body.toString(), `${headers['x-content-signature']}\n`);
    assert.ok(isSigned(body, String(headers['x-content-signature']), key));
  }
  assert.equal((await show('/api/signing/pubkey')).json.pubkey_b64 === key, false, 'it signs no manifest');

  // A list that lets the key sign anything else makes it useless for packages.
  const shared = await openPackageKey(3, [`wordpress:${slug}`, `project:${slug}`]).catch((error: Error) => error);
  assert.ok(shared instanceof Error);
  const rotated = await openPackageKey(4);
  await signWaitingPackages(resources);
  const { headers, body } = await show(packagePath('1.1.0'));
  assert.ok(isSigned(body, String(headers['x-content-signature']), rotated), 'a new key signs again');
});

test('a signature is gone with its release, with its key, and where maintainers must approve', async () => {
  const { home, resources } = plugin.scene;
  await plugin.ask('POST', `/api/projects/${slug}/releases/1.0.0/withdraw`, { reason: 'a test' });
  assert.equal((await show(`${packagePath('1.0.0')}.sig`)).status, 404);
  const trust = await readTrustInForce(resources.database.query, home.caller.organisationId);
  const keys = trust?.validKeys ?? [];
  const signatureUnder = async (version: number, wish: object) => {
    await importTrustList(resources, home.caller, await home.signList({ version, keys, ...wish }));
    return (await show(packagePath('1.1.0'))).headers['x-content-signature'];
  };
  const projects = [{ project: slug, approvals: 1, counterEpoch: 0 }];
  assert.equal(await signatureUnder(5, { projects }), undefined);
  assert.equal(typeof (await signatureUnder(6, {})), 'string');
  const withoutPackages = keys.filter(({ scope }) => scope.includes('*'));
  assert.equal(await signatureUnder(7, { keys: withoutPackages }), undefined);
  assert.equal(typeof (await signatureUnder(8, {})), 'string');
  // The key that has signed manifests signs no package, even where a list gives it nothing else to do.
  const narrowed = withoutPackages.map((key) => ({ ...key, scope: [`wordpress:${slug}`] }));
  await signatureUnder(9, { keys: narrowed });
  await signWaitingPackages(resources);
  assert.equal((await show(packagePath('1.1.0'))).headers['x-content-signature'], undefined);
  assert.equal(typeof (await signatureUnder(10, {})), 'string');
});

test('a signature is gone with the revocation of its key, before any list says so, until another key has signed', async () => {
  const { home, resources } = plugin.scene;
  const { json } = await plugin.ask('GET', '/api/signing-keys');
  const keys = json.keys as { key_id: string; scope: string; state: string }[];
  const inUse = keys.find(({ scope, state }) => scope === `wordpress:${slug}` && state === 'active');
  await revokeSigningKey(resources, home.caller, String(inUse?.key_id));
  assert.equal((await show(packagePath('1.1.0'))).headers['x-content-signature'], undefined);
  assert.equal((await show(`${packagePath('1.1.0')}.sig`)).status, 404);
  const next = await openPackageKey(11);
  await signWaitingPackages(resources);
  const { headers, body } = await show(packagePath('1.1.0'));
  assert.ok(isSigned(body, String(headers['x-content-signature']), next));
});

test("WordPress' own updater takes our package by its signature, and refuses another one", {
  skip: missingWordPress(),
  timeout: 290_000,
}, async (t) => {
  const [wordpress, middle] = await Promise.all([installWordPress(), startMiddle(plugin.scene.url)]);
  t.after(async () => {
    middle.stop();
    await wordpress.remove();
  });
  const { json } = await plugin.ask('GET', '/api/signing-keys');
  const keys = json.keys as { scope: string; state: string; pubkey_b64: string }[];
  const key = keys.find(({ scope, state }) => scope.startsWith('wordpress:') && state === 'active');
  await installPlugin(wordpress, { base: middle.base, key: String(key?.pubkey_b64) });
  const feed = `/api/projects/${slug}/wordpress/update.json`;
  middle.tampering.set(feed, (body) => Buffer.from(body.toString().replaceAll(plugin.scene.url, middle.base)));
  const look = async () => (await wordpress.evaluate(upgrade)) as Record<string, unknown>;

  assert.deepEqual(await look(), { offered: '1.1.0', upgraded: true, refused: '', version: '1.1.0' });

  await plugin.release({ version: '1.2.0', header });
  middle.dropped.add('x-content-signature');
  assert.deepEqual(
    await look(),
    { offered: '1.2.0', upgraded: true, refused: '', version: '1.2.0' },
    'by the file beside it',
  );

  await plugin.release({ version: '1.3.0', header });
  const evil = buildPlugin({ version: '1.3.0', header, files: [{ path: 'evil.php' }] });
  for (const drop of [true, false]) {
    if (!drop) middle.dropped.clear();
    middle.tampering.set(packagePath('1.3.0'), () => evil);
    const swapped = await look();
    assert.deepEqual([swapped.offered, swapped.upgraded, swapped.version], ['1.3.0', false, '1.2.0']);
    assert.match(String(swapped.refused), /authenticity of acme-forms-1.3.0.zip could not be verified/);
  }
});

async function installPlugin({ plugins }: WordPress, { base, key }: { base: string; key: string }): Promise<void> {
  await mkdir(join(plugins, slug), { recursive: true });
  const main = `<?php\n/*\nPlugin Name: Acme Forms\nVersion: 0.9.0\nUpdate URI: http://127.0.0.1/${slug}\n*/\n`;
  await writeFile(join(plugins, slug, `${slug}.php`), main);
  await writeFile(
    join(plugins, '../mu-plugins/updates.php'),
    `<?php
add_filter('update_plugins_127.0.0.1', fn($update, $plugin, $file) => $file === '${slug}/${slug}.php'
  ? json_decode(wp_remote_retrieve_body(wp_remote_get('${base}/api/projects/${slug}/wordpress/update.json')), true) : $update, 10, 3);
add_filter('wp_signature_hosts', fn($hosts) => [...$hosts, '127.0.0.1']);
add_filter('wp_trusted_keys', fn() => ['${key}']);
add_filter('wp_signature_softfail', '__return_false');
`,
  );
}

/** Looks for updates, installs what there is, and says what became of it. */
const upgrade = `
wp_clean_plugins_cache();
delete_site_transient('update_plugins');
wp_update_plugins();
$offered = get_site_transient('update_plugins')->response['${slug}/${slug}.php'] ?? null;
$skin = new Automatic_Upgrader_Skin();
$result = $offered ? (new Plugin_Upgrader($skin))->upgrade('${slug}/${slug}.php') : null;
wp_clean_plugins_cache();
$answer = [
    'offered' => $offered->new_version ?? null,
    'upgraded' => $result === true,
    'refused' => is_wp_error($skin->result) ? $skin->result->get_error_message() : implode(' ', array_filter($skin->get_upgrade_messages(), fn($message) => strpos($message, 'could not be verified') !== false)),
    'version' => get_plugins()['${slug}/${slug}.php']['Version'],
];`;
