/** `signpost wordpress …` against a real server: credentials, what a plugin says, and refusals that say what to do. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeZip } from '../../src/demo/zip.ts';
import { createRoot, installServerKey, startServer } from '../support/server.ts';

const header = '<?php\n/*\nPlugin Name: Acme\nVersion: 1.0.0\n*/\n';
const readme = '=== Acme ===\nStable tag: 1.0.0\nTags: a, b\n\nShort.\n';

test('credentials are set and cleared, a release is shown, and a deploy says why it came to nothing', async (t) => {
  // Nobody listens at this port: a deploy is asked for, and fails.
  const server = await startServer(t, { prepare: () => ({ SIGNPOST_WORDPRESS_HOSTS: 'svn://127.0.0.1:9' }) });
  const { cwd, json, signpost } = server;
  await json('project', 'create', 'acme-forms', '--kind', 'wordpress_plugin');
  await writeFile(join(cwd, 'password'), 'hunter2-hunter2\n', { mode: 0o600 });
  const set = ['wordpress', 'credentials', 'set', 'acme-forms', '--username', 'acme', '--password-file', 'password'];
  const unlisted = await signpost(...set);
  assert.deepEqual([unlisted.code, /SIGNPOST_WORDPRESS_HOSTS/.test(unlisted.stderr)], [1, true], unlisted.stderr);
  const made = await json(...set, '--repository', 'svn://127.0.0.1:9/acme-forms');
  assert.deepEqual([made.state, made.username], ['ready', 'acme']);
  assert.doesNotMatch(JSON.stringify(await json('wordpress', 'credentials', 'show', 'acme-forms')), /hunter2/);

  const files = { 'acme-forms/acme-forms.php': header, 'acme-forms/readme.txt': readme };
  const entries = Object.entries(files).map(([name, text]) => ({ name, bytes: new TextEncoder().encode(text) }));
  await writeFile(join(cwd, 'acme.zip'), encodeZip(entries));
  await installServerKey(server, '*', await createRoot(server));
  await json('release', 'upload', 'acme.zip', '--project', 'acme-forms', '--release', '1.0.0', '--activate');
  const shown = await signpost('wordpress', 'show', 'acme-forms', '1.0.0');
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /short_description +Short\.\n.*warning: expected a license/s);

  const found = await signpost('wordpress', 'preflight', 'run', 'acme-forms', '1.0.0');
  assert.equal(found.code, 0, found.stderr);
  assert.match(found.stdout, /security \(hard\) passed: 0 errors.*standard \(off\) did not run.*nothing keeps this/s);
  const asked = await json('wordpress', 'preflight', 'settings', 'acme-forms', '--php-version', '8.0', '--php', 'soft');
  assert.deepEqual([asked.php_version, (asked.gates as { php: string }).php], ['8.0', 'soft']);
  const restored = await signpost('wordpress', 'preflight', 'settings', 'acme-forms', '--php-version', 'default');
  assert.match(restored.stdout, /php_version +7\.4\n.*php +soft\n.*standard +off \(not set up on this server\)/s);
  const open = { ...files, 'acme-forms/.open.php': '<?php eval($_POST["x"]);' };
  const hostile = Object.entries(open).map(([name, text]) => ({ name, bytes: new TextEncoder().encode(text) }));
  await writeFile(join(cwd, 'open.zip'), encodeZip(hostile));
  await json('release', 'upload', 'open.zip', '--project', 'acme-forms', '--release', '1.0.1');
  const refused = await signpost('wordpress', 'preflight', 'run', 'acme-forms', '1.0.1');
  assert.deepEqual([refused.code, refused.stderr], [1, '']);
  assert.match(refused.stdout, /security \(hard\) failed.*error \.open\.php:1 eval .*a hard gate keeps/s);
  assert.equal((await signpost('wordpress', 'preflight', 'show', 'acme-forms', '1.0.1')).code, 1);
  assert.equal((await signpost('wordpress', 'preflight', 'cancel', 'acme-forms', '1.0.1')).code, 1);

  const failed = await signpost('wordpress', 'deploy', 'acme-forms', '1.0.0');
  assert.deepEqual(
    [failed.code, /repository-unreachable/.test(failed.stdout)],
    [1, true],
    failed.stdout + failed.stderr,
  );
  const status = await signpost('wordpress', 'status', 'acme-forms');
  assert.match(status.stdout, /1\.0\.0 +failed.*pre-flight of 1\.0\.0: acceptable/s);
  const none = await signpost('wordpress', 'cancel', 'acme-forms');
  assert.deepEqual([none.code, /expected a deploy in flight/.test(none.stderr)], [1, true]);
  assert.equal((await signpost('wordpress', 'confirm', 'acme-forms', '--diff', 'ab'.repeat(32))).code, 1);
  assert.equal((await json('wordpress', 'credentials', 'clear', 'acme-forms')).cleared, true);
});
