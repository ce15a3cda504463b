/** Backups as an operator makes, proves and restores them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, runJson } from '../support/run.ts';
import { startServer } from '../support/server.ts';

test('a backup of a running server comes here, is proved, tried out, and restored without a restart', async (t) => {
  const { cwd, json, signpost } = await startServer(t);
  const { recipient } = await json('backup', 'key', '--out', 'key.txt');
  assert.equal((await stat(join(cwd, 'key.txt'))).mode & 0o777, 0o600);
  assert.equal((await signpost('backup', 'key', '--out', 'key.txt')).code, 1, 'a key file is never replaced');
  await json('project', 'create', 'before', '--name', 'Before');
  const made = await json('backup', 'create', '--recipient', String(recipient));
  const file = String(made.file);
  assert.match(file, /^signpost-backup-\d{4}-\d{2}-\d{2}\.zip\.age$/);
  assert.equal((await stat(join(cwd, file))).size, made.size_bytes);
  assert.deepEqual((await json('backup', 'list')).backups, [], 'it is here, and not on the server any more');

  const opened = ['--identity', 'key.txt'];
  assert.equal((await json('backup', 'verify', file, ...opened)).format, 'signpost-backup');
  assert.deepEqual((await json('backup', 'drill', file, ...opened)).findings, []);
  assert.equal((await signpost('backup', 'verify', file)).code, 2, 'without its key it asks, and there is no terminal');

  await json('project', 'create', 'after', '--name', 'After');
  const who = ['--email', 'alice@example.org', '--password-file', 'ap'];
  assert.equal((await signpost('restore', file, ...opened, ...who)).code, 2, 'it asks first');
  const restored = await json('restore', file, ...opened, ...who, '--yes');
  assert.match(String(restored.made_at), /^\d{4}-/);
  const { projects } = await json('project', 'list');
  assert.deepEqual(
    (projects as { slug: string }[]).map(({ slug }) => slug),
    ['before'],
  );
  const refused = await signpost('restore', 'key.txt', ...who, '--yes');
  assert.deepEqual([refused.code, /\[zip-end-record\]/.test(refused.stderr)], [1, true]);
});

test('a folder that no server uses is backed up under a passphrase and restored elsewhere', async (t) => {
  const { cwd, signpost, stop } = await startServer(t);
  await writeFile(join(cwd, 'pp'), 'a long passphrase\n', { mode: 0o600 });
  const create = ['backup', 'create', '--data', 'data', '--out', 'out', '--passphrase-file', 'pp'];
  const busy = await signpost(...create);
  assert.deepEqual([busy.code, /another server uses/.test(busy.stderr)], [1, true]);
  await stop();
  const { file } = await runJson(create, { cwd });
  const restore = ['restore', String(file), '--data', 'new', '--passphrase-file', 'pp', '--yes'];
  assert.ok(Array.isArray((await runJson(restore, { cwd })).migrations));
  assert.ok((await readdir(join(cwd, 'new'))).includes('signpost.db'));
  const wrong = await run(['restore', String(file), '--data', 'new', '--passphrase-file', 'mp', '--yes'], { cwd });
  assert.deepEqual([wrong.code, /its passphrase/.test(wrong.stderr)], [1, true]);
  assert.equal(spawnSync('grep', ['-c', 'a long passphrase', join(cwd, String(file))]).status, 1);
});
