/** Backups as an operator makes, proves and restores them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyPair } from '@signpost/server/backup/keys';
import { run, runJson, start } from '../support/run.ts';
import { startServer } from '../support/server.ts';

test('a backup of a running server comes here, is proved, tried out, and restored without a restart', async (t) => {
  const prepare = () => ({ SIGNPOST_LOGINS_PER_MINUTE: '1000' });
  const { cwd, json, signpost } = await startServer(t, { prepare });
  const who = ['--email', 'alice@example.org', '--password-file', 'ap'];
  const { recipient } = await json('backup', 'key', '--out', 'key.txt');
  assert.equal((await stat(join(cwd, 'key.txt'))).mode & 0o777, 0o600);
  assert.equal((await signpost('backup', 'key', '--out', 'key.txt')).code, 1, 'a key file is never replaced');
  await json('project', 'create', 'before', '--name', 'Before');
  const choice = ['backup', 'create', '--recipient', String(recipient)];
  assert.equal((await signpost(...choice)).code, 2, 'a key is not enough to choose who can open it');
  const made = await json(...choice, ...who);
  const file = String(made.file);
  assert.match(file, /^signpost-backup-\d{4}-\d{2}-\d{2}\.zip\.age$/);
  assert.equal((await stat(join(cwd, file))).size, made.size_bytes);
  assert.deepEqual((await json('backup', 'list')).backups, [], 'it is here, and not on the server any more');

  const opened = ['--identity', 'key.txt'];
  const listening = process.listenerCount('SIGINT');
  assert.equal((await json('backup', 'verify', file, ...opened)).format, 'signpost-backup');
  assert.deepEqual((await json('backup', 'drill', file, ...opened)).findings, []);
  assert.equal(process.listenerCount('SIGINT'), listening, 'what is over keeps no signal from ending the process');
  assert.equal((await signpost('backup', 'verify', file)).code, 2, 'without its key it asks, and there is no terminal');

  await json('project', 'create', 'after', '--name', 'After');
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

test('a key makes and fetches what the recipients of the server open, and removes nothing', async (t) => {
  const { recipient, identity } = createKeyPair();
  const { cwd, signpost, json } = await startServer(t, {
    prepare: () => ({ SIGNPOST_BACKUP_RECIPIENTS: recipient }),
  });
  const made = await signpost('backup', 'create');
  assert.deepEqual([made.code, /The server keeps its copy/.test(made.stdout)], [0, true], made.stderr);
  const [{ name }] = (await json('backup', 'list')).backups as [{ name: string }];
  await writeFile(join(cwd, 'key.txt'), `${identity}\n`, { mode: 0o600 });
  assert.equal((await json('backup', 'verify', name, '--identity', 'key.txt')).format, 'signpost-backup');

  const verifiedBackups = async () => (await json('audit', 'list', '--action', 'backup.verified')).events as unknown[];
  assert.deepEqual(await verifiedBackups(), [], 'nobody is told who does not want to');
  for (const verb of ['verify', 'drill']) {
    const told = await signpost('backup', verb, name, '--identity', 'key.txt', '--tell');
    assert.match(told.stdout, new RegExp(`The server was told that ${name} is good`), told.stderr);
  }
  const rows = (await verifiedBackups()) as { object: { id: string }; detail: { drilled: boolean } }[];
  assert.deepEqual(
    rows.map(({ object, detail }) => [object.id, detail.drilled]),
    [
      [name, false],
      [name, true],
    ],
  );
  const foreign = await startServer(t);
  await copyFile(join(cwd, name), join(foreign.cwd, name));
  await copyFile(join(cwd, 'key.txt'), join(foreign.cwd, 'key.txt'));
  const refused = await foreign.signpost('backup', 'verify', name, '--identity', 'key.txt', '--tell');
  assert.deepEqual([refused.code, /tells of no backup with this SHA-256/.test(refused.stderr)], [1, true]);
});

test('whoever breaks off finds nothing unpacked lying about, and nothing restored', async (t) => {
  const { cwd, signpost, stop } = await startServer(t);
  await writeFile(join(cwd, 'pp'), 'a long passphrase\n', { mode: 0o600 });
  await stop();
  const made = await signpost('backup', 'create', '--data', 'data', '--passphrase-file', 'pp', '--json');
  const { file } = JSON.parse(made.stdout);
  await mkdir(join(cwd, 'tmp'));
  const opened = [file, '--passphrase-file', 'pp'];
  const breakOff = async (words: readonly string[], begun: () => boolean) => {
    const child = start(words, { cwd, env: { TMPDIR: join(cwd, 'tmp') } });
    const closed = once(child, 'close');
    // Deriving the key takes a second, which is what is broken off.
    while (!begun() && child.exitCode === null) await sleep(5);
    child.kill('SIGINT');
    const [code] = await closed;
    assert.equal(code, 130);
  };
  const isScratch = () => readdirSync(join(cwd, 'tmp')).length > 0;
  await breakOff(['backup', 'verify', ...opened], isScratch);
  assert.ok(!isScratch());
  await breakOff(['backup', 'drill', ...opened], isScratch);
  assert.ok(!isScratch());
  await breakOff(['restore', ...opened, '--data', 'new', '--yes'], () => existsSync(join(cwd, 'new/restore/work')));
  assert.deepEqual(await readdir(join(cwd, 'new/restore')), []);
  assert.ok(!existsSync(join(cwd, 'new/signpost.db')));
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
