/** A real WordPress upgrades a plugin from our server by the snippet that the plugin ships, and refuses what nobody signed. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildZip } from '../../packages/server/test/releases/inspection/zip-builder.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, createSigningKey, importList, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { install, startServer } from '../programs/server.ts';
import { installWordPress, missingWordPress } from '../programs/wordpress.ts';
import { startMiddle } from './middle.ts';

const snippet = join(import.meta.dirname, '../../docs/wordpress/signpost-updater.php');

function makeFiles(version: string, updater: string): Record<string, string> {
  const header = `<?php\n/*\nPlugin Name: Acme Plugin\nVersion: ${version}\nUpdate URI: http://127.0.0.1/acme-plugin\n*/\n`;
  return {
    'acme-plugin/acme-plugin.php': `${header}require __DIR__ . '/signpost-updater.php';\n`,
    'acme-plugin/signpost-updater.php': updater,
  };
}

function makeZip(files: Readonly<Record<string, string>>): Buffer {
  return buildZip(Object.entries(files).map(([name, content]) => ({ name, content })));
}

async function publish(operator: Operator, version: string, updater: string): Promise<void> {
  const bytes = makeZip(makeFiles(version, updater));
  await uploadRelease(operator, { project: 'acme-plugin', version, name: `acme-plugin-${version}.zip`, bytes });
  await activateRelease(operator, 'acme-plugin', version);
}

/** Looks for updates, installs what there is, switches the plugin on again, and says what became of it. */
const upgrade = `
wp_clean_plugins_cache();
delete_site_transient('update_plugins');
wp_update_plugins();
$offered = get_site_transient('update_plugins')->response['acme-plugin/acme-plugin.php'] ?? null;
$skin = new Automatic_Upgrader_Skin();
$result = $offered ? (new Plugin_Upgrader($skin))->upgrade('acme-plugin/acme-plugin.php') : null;
activate_plugin('acme-plugin/acme-plugin.php');
wp_clean_plugins_cache();
$answer = [
    'offered' => $offered->new_version ?? null,
    'upgraded' => $result === true,
    'refused' => is_wp_error($skin->result) ? $skin->result->get_error_message() : implode(' ', array_filter($skin->get_upgrade_messages(), fn($m) => strpos($m, 'refused') !== false)),
    'version' => get_plugins()['acme-plugin/acme-plugin.php']['Version'],
];`;

/** The download alone, and the largest file that it left while it ran. */
const measured = `
$largest = 0;
add_action('http_api_debug', function ($response, $context, $class, $arguments) use (&$largest) {
    if (!empty($arguments['filename'])) { clearstatcache(); $largest = max($largest, filesize($arguments['filename'])); }
}, 10, 4);
$file = apply_filters('upgrader_pre_download', false, 'x', null, ['plugin' => 'acme-plugin/acme-plugin.php']);
$answer = ['refused' => is_wp_error($file) ? $file->get_error_message() : '', 'largest' => $largest];`;

/** A database that takes no change of what the snippet keeps. */
const forgetful = `add_filter('pre_update_option', fn($new, $name, $old) => stripos($name, 'Updater') === false ? $new : $old, 10, 3);
`;

interface Upgrade {
  readonly offered: string | null;
  readonly upgraded: boolean;
  readonly refused: string;
  readonly version: string;
}

test('WordPress upgrades a plugin from our server, and refuses what nobody signed', {
  skip: missingWordPress(),
  timeout: 290_000,
}, async (t) => {
  const [wordpress, installation] = await Promise.all([installWordPress(), install()]);
  const server = await startServer(installation);
  const middle = await startMiddle(server.base);
  t.after(async () => {
    middle.stop();
    await server.stop();
    await Promise.all([installation.remove(), wordpress.remove()]);
  });
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  const root = await OfflineRoot.create();
  const key = await pinRoot(operator, root);
  await operator.call('POST', '/api/projects', { slug: 'acme-plugin', name: 'Acme Plugin', kind: 'wordpress_plugin' });
  const updater = (await readFile(snippet, 'utf8'))
    .replace('https://releases.example.com', middle.base)
    .replaceAll('my-plugin', 'acme-plugin')
    .replace(/const ROOTS = .*;/, `const ROOTS = ['${root.pubkeyB64}'];`);
  for (const [path, content] of Object.entries(makeFiles('1.0.0', updater))) {
    await mkdir(join(wordpress.plugins, 'acme-plugin'), { recursive: true });
    await writeFile(join(wordpress.plugins, path), content);
  }
  await wordpress.evaluate("$answer = activate_plugin('acme-plugin/acme-plugin.php') === null;");
  const look = async () => (await wordpress.evaluate(upgrade)) as Upgrade;

  assert.deepEqual(await look(), { offered: null, upgraded: false, refused: '', version: '1.0.0' });

  await publish(operator, '1.1.0', updater);
  assert.deepEqual(await look(), { offered: '1.1.0', upgraded: true, refused: '', version: '1.1.0' });

  await publish(operator, '1.2.0', updater);
  const manifest = '/api/projects/acme-plugin/manifest';
  const old = await (await fetch(`${server.base}${manifest}`)).text();

  middle.tampering.set('/acme-plugin/', () => makeZip(makeFiles('6.6.6', '<?php // evil')));
  const swapped = await look();
  assert.deepEqual([swapped.offered, swapped.upgraded, swapped.version], ['1.2.0', false, '1.1.0']);
  assert.match(swapped.refused, /the file is not the one that was signed/);

  middle.tampering.set('/acme-plugin/', () => Buffer.alloc(64 * 2 ** 20));
  const endless = (await wordpress.evaluate(measured)) as { refused: string; largest: number };
  assert.match(endless.refused, /the file is not the one that was signed/);
  assert.ok(endless.largest < 2 ** 20, `${endless.largest} bytes came to the disk`);

  middle.tampering.set(manifest, (body) => Buffer.from(body.toString().replaceAll('1.2.0', '6.6.6')));
  const forged = await look();
  assert.deepEqual([forged.offered, forged.version], [null, '1.1.0'], 'what nobody signed is not even offered');

  middle.tampering.clear();
  await publish(operator, '1.3.0', updater);
  const unkept = (await wordpress.evaluate(`${forgetful}${upgrade}`)) as Upgrade;
  assert.deepEqual([unkept.offered, unkept.version], [null, '1.1.0'], 'nothing while what was seen cannot be kept');
  assert.deepEqual((await look()).version, '1.3.0');
  middle.tampering.set(manifest, () => Buffer.from(old));
  assert.equal((await look()).offered, null, 'an older release does not follow a newer one');

  middle.tampering.clear();
  const list = '/api/signing/trust';
  await publish(operator, '1.4.0', updater);
  const before = await (await fetch(`${server.base}${list}`)).text();
  const unseen = await (await fetch(`${server.base}${manifest}`)).text();
  const next = await createSigningKey(operator);
  await importList(operator, (await root.signNextList({ valid: [next], revoked: [key] })).envelope);
  middle.tampering.set(manifest, () => Buffer.from(old));
  assert.equal((await look()).offered, null, 'nothing that a revoked key signed');
  middle.tampering.set(manifest, () => Buffer.from(unseen));
  middle.tampering.set(list, () => Buffer.from(before));
  assert.equal(
    (await look()).offered,
    null,
    'a revocation that was seen is not forgotten because nothing was installed',
  );

  const other = JSON.stringify(`${middle.base}/acme-second/1.0.0`);
  const asked = `$answer = apply_filters('upgrader_pre_download', false, ${other}, null, ['plugin' => 'acme-second/acme-second.php']);`;
  assert.equal(await wordpress.evaluate(asked), false, 'another plugin of the same server is left to its own updater');
  const log = await readFile(join(wordpress.plugins, '../../debug.log'), 'utf8');
  const reasons = [
    'no key that we trust signed it',
    'it is older than what was seen',
    'what was seen could not be kept',
  ];
  for (const reason of reasons) {
    assert.ok(log.includes(`The update was refused: ${reason}.`), `${reason} stands in ${log}`);
  }
});
