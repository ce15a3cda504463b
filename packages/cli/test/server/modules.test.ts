/** Collections, modules and their catalogue by the command, against a real server. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeZip } from '../../src/demo/zip.ts';
import { run, runJson } from '../support/run.ts';
import { createRoot, installServerKey, startServer } from '../support/server.ts';

test('a module goes from its collection into a catalogue that clients verify, and out of it again', async (t) => {
  const server = await startServer(t);
  const { cwd, json, base } = server;
  const root = await createRoot(server);
  await installServerKey(server, '*', root);
  assert.equal((await json('collection', 'create', 'addons', '--name', 'Add-ons')).catalogue_days, 14);
  const made = await json('module', 'create', 'addons', 'maps', '--scan', 'off', '--permission', 'files.read');
  assert.deepEqual([made.trust_level, made.requires_permissions], ['community', ['files.read']]);
  const zip = encodeZip([{ name: 'readme.txt', bytes: Buffer.from('hello') }]);
  await writeFile(join(cwd, 'maps.zip'), zip);
  await json('release', 'upload', 'maps.zip', '--project', 'maps', '--release', '1.0.0', '--activate');
  const { modules } = await json('module', 'list', 'addons');
  assert.equal((modules as { offered_version: string }[])[0]?.offered_version, '1.0.0');
  assert.equal((await json('module', 'change', 'addons', 'maps', '--trust-level', 'official')).trust_level, 'official');
  const state = await json('catalogue', 'show', 'addons');
  assert.deepEqual([state.entries, state.served], [1, true]);

  const client = { cwd, env: { SIGNPOST_SERVER: base } };
  const pinned = ['--root', root, '--state', 'state.json'];
  const checked = await runJson(['catalogue', 'check', 'addons', ...pinned], client);
  assert.deepEqual(checked.modules, [{ slug: 'maps', version: '1.0.0', trust_level: 'official', state: 'verified' }]);
  const text = await (await fetch(`${base}/api/modules/addons`)).text();
  await writeFile(join(cwd, 'addons.json'), text);
  assert.equal((await run(['catalogue', 'check', 'addons', '--file', 'addons.json', ...pinned], client)).code, 0);
  await writeFile(join(cwd, 'addons.json'), text.replace('"official"', '"verified"'));
  const bent = await run(['catalogue', 'check', 'addons', '--file', 'addons.json', ...pinned], client);
  assert.deepEqual(
    [bent.code, /expected "signature" to be that of the named key/.test(bent.stderr)],
    [4, true],
    bent.stderr,
  );

  const kept = await server.signpost('collection', 'delete', 'addons', '--yes');
  assert.match(kept.stderr, /holds 1 module[\s\S]*hint: signpost module list addons/);
  await json('module', 'delete', 'addons', 'maps');
  await json('collection', 'delete', 'addons');
  assert.deepEqual((await json('collection', 'list')).collections, []);
  assert.ok((await readFile(join(cwd, 'state.json'), 'utf8')).includes('"catalogues"'));
});
