import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run, runJson } from '../support/run.ts';
import { startServer } from '../support/server.ts';

// One for all: each test has people and projects of its own.
const server = startServer({ after }, { prepare: () => ({ SIGNPOST_LOGINS_PER_MINUTE: '1000' }) });

test('login keeps a key that only the owner can read, and logout revokes it', async () => {
  const { cwd, base } = await server;
  const login = ['login', '--server', base, '--email', 'alice@example.org', '--password-file', 'ap', '--days', '1'];
  const opened = await runJson(login, { cwd });
  assert.deepEqual([opened.server, opened.role], [base, 'admin']);
  const path = join(cwd, '.config', 'signpost', 'credentials.json');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.doesNotMatch(await readFile(path, 'utf8'), /an admin password/);
  // Without --server: the last login.
  assert.equal((await run(['status'], { cwd })).code, 0);
  const [kept] = JSON.parse(await readFile(path, 'utf8'));
  assert.equal((await runJson(['logout'], { cwd })).revoked, true);
  const stolen = await run(['status', '--server', base], { cwd, env: { SIGNPOST_API_KEY: kept.apiKey } });
  assert.equal(stolen.code, 1);
  assert.match(stolen.stderr, /hint: /);
});

test('login keeps a session for every role, which ends by logging out and with the access of the person', async () => {
  const { cwd, base, json } = await server;
  await writeFile(join(cwd, 'bp'), 'a password of bob\n', { mode: 0o600 });
  const login = ['login', '--server', base, '--email', 'bob@example.org', '--password-file', 'bp'];
  const path = join(cwd, '.config', 'signpost', 'credentials.json');
  const kept = async () => JSON.parse(await readFile(path, 'utf8'))[0];
  await json('user', 'add', 'bob@example.org', '--name', 'Bob', '--role', 'viewer', '--password-file', 'bp');
  assert.equal((await runJson(login, { cwd })).role, 'viewer');
  assert.deepEqual(
    [(await stat(path)).mode & 0o777, Object.keys(await kept()).sort()],
    [0o600, ['base', 'cookie', 'csrfToken', 'email']],
  );
  assert.equal((await run(['project', 'list'], { cwd })).code, 0);
  assert.equal((await run(['project', 'create', 'demo-app'], { cwd })).code, 1);
  await json('user', 'role', 'bob@example.org', 'manager');
  assert.equal((await runJson(['project', 'create', 'demo-app'], { cwd })).slug, 'demo-app');
  const { cookie } = await kept();
  assert.equal((await runJson(['logout'], { cwd })).revoked, true);
  assert.equal((await fetch(`${base}/api/session`, { headers: { cookie } })).status, 401);

  await runJson(login, { cwd });
  await json('user', 'disable', 'bob@example.org');
  const ended = await run(['project', 'list'], { cwd });
  assert.deepEqual([ended.code, /hint: log in again/.test(ended.stderr)], [1, true]);
  const forgotten = await run(['logout'], { cwd });
  assert.deepEqual([forgotten.code, /forgotten here/.test(forgotten.stderr)], [0, true]);
});

test('an admin makes another admin in person, and a key alone does not', async () => {
  const { cwd, signpost, json } = await server;
  await writeFile(join(cwd, 'ep'), 'a password of erin\n', { mode: 0o600 });
  const add = ['user', 'add', 'erin@example.org', '--name', 'Erin', '--role', 'admin', '--password-file', 'ep'];
  const who = ['--admin-email', 'alice@example.org', '--admin-password-file', 'ap'];
  assert.equal((await json(...add, ...who)).role, 'admin');
  assert.equal((await json('user', 'role', 'erin@example.org', 'viewer')).role, 'viewer');
  assert.equal(
    (await signpost('user', 'role', 'erin@example.org', 'admin')).code,
    2,
    'it asks, and there is no terminal',
  );
  assert.equal((await json('user', 'role', 'erin@example.org', 'admin', ...who)).role, 'admin');
});

test('a wrong password is refused without saying what was wrong', async () => {
  const { cwd, base } = await server;
  const refused = await run(['login', '--server', base, '--email', 'alice@example.org', '--password-file', 'mp'], {
    cwd,
  });
  assert.equal(refused.code, 1);
  assert.doesNotMatch(refused.stderr + refused.stdout, /a master password/);
});

test('people are added, change role, password and access', async () => {
  const { cwd, base, json, signpost } = await server;
  await writeFile(join(cwd, 'dp'), 'a password of dan\n', { mode: 0o600 });
  await writeFile(join(cwd, 'dp2'), 'another one of dan\n', { mode: 0o600 });
  const dan = 'dan@example.org';
  assert.equal((await json('user', 'add', dan, '--name', 'Dan', '--password-file', 'dp')).role, 'viewer');
  assert.equal((await json('user', 'role', dan, 'manager')).role, 'manager');
  assert.equal((await json('user', 'disable', dan, '--enable')).disabled, false);
  const words = ['user', 'password', dan, '--password-file', 'dp', '--new-password-file', 'dp2'];
  assert.equal((await run(words, { cwd, env: { SIGNPOST_SERVER: base } })).code, 0);
  assert.equal((await run(words, { cwd, env: { SIGNPOST_SERVER: base } })).code, 1);
  const keyLogin = ['login', '--server', base, '--email', dan, '--password-file', 'dp2', '--days', '1'];
  const login = await run(keyLogin, { cwd });
  assert.deepEqual([login.code, /a manager cannot[\s\S]*hint: leave out --days/.test(login.stderr)], [1, true]);
  assert.equal((await json('user', 'disable', dan)).disabled, true);
  const stranger = await signpost('user', 'role', 'carol@example.org', 'viewer');
  assert.match(stranger.stderr, /is no member[\s\S]*hint: signpost user list/);
  const question = await signpost('user', 'disable', 'alice@example.org');
  assert.deepEqual([question.code, /needs a confirmation/.test(question.stderr)], [2, true]);
});

test('an API key may do what its verbs say, until it is revoked', async () => {
  const { cwd, base, json } = await server;
  const made = await json('api-key', 'create', '--name', 'ci', '--verb', 'read', '--days', '1');
  const env = { SIGNPOST_SERVER: base, SIGNPOST_API_KEY: String(made.key) };
  assert.equal((await run(['project', 'list'], { cwd, env })).code, 0);
  const forbidden = await run(['project', 'create', 'forbidden-app'], { cwd, env });
  assert.equal(forbidden.code, 1);
  assert.match(forbidden.stderr, /^error: .*\nhint: /);
  await json('api-key', 'revoke', String(made.id));
  assert.equal((await run(['project', 'list'], { cwd, env })).code, 1);
});

test('doctor ends with 1 while something is wrong, and with --json says it in one document', async () => {
  const { signpost } = await server;
  const sick = await signpost('doctor', '--json');
  assert.equal(sick.code, 1);
  const { findings } = JSON.parse(sick.stdout) as { findings: { level: string; hint: string }[] };
  assert.ok(findings.some(({ level, hint }) => level === 'error' && hint.includes('signpost root init')));
});

test('the audit log is listed, verified and exported', async () => {
  const { cwd, json, signpost } = await server;
  await json('project', 'create', 'audited-app');
  const listed = await signpost('audit', 'list', '--action', 'project.created');
  assert.match(listed.stdout, /project\.created/);
  const [newest, older] = (await json('audit', 'list', '--newest', '--limit', '2')).events as { sequence: number }[];
  assert.ok(Number(newest?.sequence) > Number(older?.sequence));
  const before = await json('audit', 'list', '--newest', '--limit', '1', '--before', String(newest?.sequence));
  assert.deepEqual(before.events, [older]);
  const refused = await json('audit', 'list', '--refused');
  assert.ok((refused.events as { outcome: string }[]).every(({ outcome }) => outcome === 'refused'));
  const { sequence } = await json('audit', 'verify');
  const exported = await json('audit', 'export', '--out', 'audit.ndjson');
  const lines = (await readFile(join(cwd, 'audit.ndjson'), 'utf8')).trimEnd().split('\n');
  assert.ok(lines.length >= Number(sequence));
  assert.equal(exported.events, lines.length);
  assert.equal((await stat(join(cwd, 'audit.ndjson'))).mode & 0o777, 0o600);
});

test('projects are created, changed, deleted and restored', async () => {
  const { json, signpost } = await server;
  await json('project', 'create', 'renamed-app', '--name', 'Demo', '--accept', 'zip');
  const changed = await json('project', 'change', 'renamed-app', '--name', 'Renamed', '--manifest-days', '10');
  assert.deepEqual([changed.name, changed.manifest_days], [{ en: 'Renamed' }, 10]);
  assert.equal((await json('project', 'delete', 'renamed-app')).deleted, true);
  assert.equal((await json('project', 'restore', 'renamed-app')).deleted_at, null);
  const reserved = await signpost('project', 'create', 'api');
  assert.equal(reserved.code, 1);
  assert.match(reserved.stderr, /hint: /);
});
