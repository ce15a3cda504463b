import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/run.ts';
import { createRoot, installServerKey, startServer } from '../support/server.ts';

test('a locked vault signs nothing until it is unlocked, and a reset loses its keys by name', async (t) => {
  const server = await startServer(t);
  const { cwd, json, signpost } = server;
  const pin = await createRoot(server);
  await installServerKey(server, '*', pin);
  assert.deepEqual(await json('lock'), { state: 'locked' });
  const refused = await signpost('key', 'create', '--label', 'second');
  assert.deepEqual([refused.code, /unlocked vault[\s\S]*hint: signpost unlock/.test(refused.stderr)], [1, true]);
  assert.equal((await signpost('unlock', '--password-file', 'ap')).code, 1, 'another password does not open it');
  assert.equal((await signpost('unlock', '--password-file', 'mp')).code, 0);
  assert.equal((await signpost('key', 'create', '--label', 'second')).code, 0);
  await writeFile(join(cwd, 'new-password'), 'another master password\n', { mode: 0o600 });
  const who = ['--email', 'alice@example.org', '--password-file', 'ap', '--new-password-file', 'new-password'];
  assert.equal((await signpost('vault', 'reset', ...who)).code, 2, 'it asks first');
  await json('lock');
  const reset = await json('vault', 'reset', ...who);
  assert.ok(
    Array.isArray(reset.must_be_reentered) && reset.must_be_reentered.some((name) => /signing key/.test(String(name))),
  );
  await json('lock');
  assert.equal((await signpost('unlock', '--password-file', 'mp')).code, 1, 'the old password opens nothing any more');
  assert.equal((await signpost('unlock', '--password-file', 'new-password')).code, 0);
});

test('the master password changes without losing what it protects', async (t) => {
  const server = await startServer(t);
  const { cwd, json, signpost } = server;
  const root = await createRoot(server);
  await installServerKey(server, '*', root);
  await writeFile(join(cwd, 'mp2'), 'another master password\n', { mode: 0o600 });
  const change = ['vault', 'change-password', '--password-file', 'mp', '--new-password-file', 'mp2'];
  assert.equal((await json(...change)).state, 'unlocked');
  assert.equal((await signpost(...change)).code, 1);
  await json('lock');
  assert.equal((await signpost('unlock', '--password-file', 'mp')).code, 1);
  assert.equal((await json('unlock', '--password-file', 'mp2')).state, 'unlocked');
  const { keys } = await json('key', 'list');
  assert.equal((keys as { state: string }[])[0]?.state, 'active');
});

test('init takes no folder in which somebody keeps other things, and leaves it as it was', async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  await mkdir(join(cwd, 'letters'));
  await chmod(join(cwd, 'letters'), 0o755);
  await writeFile(join(cwd, 'letters', 'dear.txt'), 'Bob');
  await writeFile(join(cwd, 'mp'), 'a master password\n', { mode: 0o600 });
  const secrets = ['--master-password-file', 'mp', '--password-file', 'mp'];
  const refused = await run(['init', '--data', 'letters', '--email', 'alice@example.org', ...secrets], { cwd });
  assert.deepEqual([refused.code, /hint: name a folder that is empty/.test(refused.stderr)], [1, true]);
  const { mode } = await stat(join(cwd, 'letters'));
  assert.deepEqual([mode & 0o777, await readdir(join(cwd, 'letters'))], [0o755, ['dear.txt']]);
});
