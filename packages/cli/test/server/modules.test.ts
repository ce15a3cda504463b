/** Collections, modules and their catalogue by the command, against a real server. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
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
  const drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><circle r="9"/></svg>';
  await writeFile(join(cwd, 'maps.svg'), drawing);
  const icon = await json('module', 'icon', 'set', 'addons', 'maps', 'maps.svg');
  assert.deepEqual(await json('module', 'icon', 'show', 'addons', 'maps'), icon);
  await json('module', 'icon', 'show', 'addons', 'maps', '--png', '--out', 'maps.png');
  assert.equal((await readFile(join(cwd, 'maps.png'))).subarray(1, 4).toString(), 'PNG');
  await writeFile(join(cwd, 'evil.svg'), drawing.replace('<circle', '<script'));
  const hostile = await server.signpost('module', 'icon', 'set', 'addons', 'maps', 'evil.svg');
  assert.match(hostile.stderr, /svg-script/);
  const exported = await json('mirror', 'export', 'mirror', '--collection', 'addons', '--root', root);
  assert.deepEqual(exported.catalogues, [{ collection: 'addons', version: 4, modules: 1 }]);
  assert.deepEqual(await readdir(join(cwd, 'mirror/api/icons')), [String(icon.png_path).replace('/api/icons/', '')]);
  const copy = await readFile(join(cwd, 'mirror/api/modules/addons'), 'utf8');
  assert.equal(copy, await (await fetch(`${base}/api/modules/addons`)).text());
  assert.deepEqual(await readdir(join(cwd, 'mirror/maps/1.0.0')), ['maps.zip']);
  await json('module', 'icon', 'remove', 'addons', 'maps');
  const bare = await server.signpost('module', 'icon', 'show', 'addons', 'maps');
  assert.match(bare.stderr, /maps has no icon[\s\S]*hint: signpost module icon set addons maps FILE/);
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

test('an author hands in with a key of their own, a manager approves, and clients take no other author', async (t) => {
  const server = await startServer(t);
  const { cwd, json, base } = server;
  const root = await createRoot(server);
  await installServerKey(server, '*', root);
  await json('collection', 'create', 'addons');
  const added = await json('module', 'author', 'add', 'addons', 'Ada');
  const author = { cwd, env: { SIGNPOST_SERVER: base, SIGNPOST_API_KEY: (added.key as { key: string }).key } };
  await writeFile(join(cwd, 'pass.txt'), 'an author’s passphrase\n', { mode: 0o600 });
  const passphrase = ['--passphrase-file', 'pass.txt'];
  await json('key', 'new-maintainer', '--out', 'ada.key.json', ...passphrase);
  await json('key', 'new-maintainer', '--out', 'eve.key.json', ...passphrase);
  const submit = async (version: string, key: string) => {
    const zip = encodeZip([{ name: 'readme.txt', bytes: Buffer.from(version) }]);
    await writeFile(join(cwd, `maps-${version}.zip`), zip);
    const words = ['module', 'submit', `maps-${version}.zip`, '--collection', 'addons', '--module', 'maps'];
    return runJson([...words, '--release', version, '--name', 'Maps', '--author-key', key, ...passphrase], author);
  };
  const first = await submit('1.0.0', 'ada.key.json');
  assert.deepEqual([first.module, (first.author_key as { state: string }).state], ['maps', 'new']);
  const waiting = await json('module', 'submissions', 'addons');
  assert.equal((waiting.submissions as unknown[]).length, 1);
  const approved = await json('module', 'approve', 'addons', String(first.id), '--activate');
  assert.equal((approved.activation as { state: string }).state, 'active');
  const again = await run(
    ['module', 'submit', 'maps-1.0.0.zip', '--collection', 'addons', '--module', 'maps', '--release', '1.0.0'],
    author,
  );
  assert.match(again.stderr, /version 1\.0\.0 of maps is in service/);
  assert.equal((await run(['project', 'list'], author)).code === 0, false);

  const client = { cwd, env: { SIGNPOST_SERVER: base } };
  const check = ['catalogue', 'check', 'addons', '--root', root, '--state', 'state.json'];
  assert.equal((await run(check, client)).code, 0);
  const second = await submit('1.1.0', 'eve.key.json');
  const { key_id: keyId } = second.author_key as { key_id: string };
  const refused = await server.signpost('module', 'approve', 'addons', String(second.id), '--activate');
  assert.match(refused.stderr, new RegExp(`--accept-author-key ${keyId}`));
  await json('module', 'approve', 'addons', String(second.id), '--accept-author-key', keyId, '--activate');
  const changed = await run(check, client);
  assert.deepEqual([changed.code, /expected the signature of author/.test(changed.stderr)], [4, true], changed.stderr);
  assert.equal((await run([...check, '--accept-author', `maps=${keyId}`], client)).code, 0);
  const third = await submit('1.2.0', 'eve.key.json');
  const told = await json('module', 'refuse', 'addons', String(third.id), '--reason', 'It does not start.');
  assert.equal(told.note, 'It does not start.');
  const shown = await runJson(['module', 'submission', 'addons', String(third.id)], author);
  assert.equal(shown.note, 'It does not start.');
  const fourth = await submit('1.3.0', 'eve.key.json');
  const back = await runJson(['module', 'withdraw', 'addons', String(fourth.id), '--yes'], author);
  assert.equal(back.state, 'withdrawn');
  const made = await json('module', 'author', 'key', 'addons', String(added.id), '--module', 'maps');
  await json('module', 'author', 'revoke-key', 'addons', String(added.id), String(made.id));
  const bob = await json('module', 'author', 'add', 'addons', 'Bob', '--module', 'maps');
  await json('module', 'author', 'give', 'addons', 'maps', '--to', String(bob.id));
  const { authors } = await json('module', 'author', 'list', 'addons');
  assert.deepEqual(
    (authors as { name: string; modules: unknown[]; keys: unknown[] }[]).map((one) => [
      one.name,
      one.modules.length,
      one.keys.length,
    ]),
    [
      ['Ada', 0, 1],
      ['Bob', 1, 1],
    ],
  );
});
