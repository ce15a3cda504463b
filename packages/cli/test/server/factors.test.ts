import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createWorkplace, run, runJson } from '../support/run.ts';
import { startServer } from '../support/server.ts';

const server = startServer({ after }, { prepare: () => ({ SIGNPOST_LOGINS_PER_MINUTE: '1000' }) });
const email = 'frank@example.org';

/** The code of RFC 6238 so many steps from now. */
function codeOf(secret: string, later: number): string {
  const bits = [...secret].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const key = Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const mac = createHmac('sha1', key).update(counter).digest();
  const value = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, '0');
}

/** As a browser does it: the terminal is asked for a code that only an app can tell. */
async function enrol(base: string, password: string): Promise<{ secret: string; codes: string[] }> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const send = async (path: string, body: object) => {
    const answer = await fetch(`${base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, path);
    headers.cookie ??= answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    return (await answer.json()) as Record<string, unknown>;
  };
  headers['x-signpost-csrf'] = String((await send('/api/session', { email, password })).csrf_token);
  const secret = String((await send('/api/factors/totp', { password })).secret);
  const { recovery_codes } = await send('/api/factors/totp/confirm', { code: codeOf(secret, 0) });
  return { secret, codes: recovery_codes as string[] };
}

test('who has a second factor is asked for it by every command that asks for the password', async () => {
  const { cwd, base, signpost, json } = await server;
  const write = (name: string, text: string) => writeFile(join(cwd, name), `${text}\n`, { mode: 0o600 });
  await write('fp', 'a password of frank');
  await json('user', 'add', email, '--name', 'Frank', '--role', 'viewer', '--password-file', 'fp');
  const { secret, codes } = await enrol(base, 'a password of frank');
  const who = ['--server', base, '--email', email, '--password-file', 'fp'];
  const asked = await run(['login', ...who], { cwd });
  assert.deepEqual([asked.code, /--code-file/.test(asked.stderr)], [2, true]);
  await write('wrong', 'aaaa-bbbb-cccc-dddd');
  assert.equal((await run(['login', ...who, '--code-file', 'wrong'], { cwd })).code, 1);
  await write('code', codeOf(secret, 1));
  assert.equal((await runJson(['login', ...who, '--code-file', 'code'], { cwd })).role, 'viewer');
  assert.equal((await runJson(['logout'], { cwd })).revoked, true);

  await write('recovery', codes[0] ?? '');
  const made = await runJson(['factor', 'recovery-codes', ...who, '--code-file', 'recovery'], { cwd });
  const fresh = made.recovery_codes as string[];
  assert.equal(fresh.length, 10);
  await write('recovery', fresh[0] ?? '');
  const listed = await run(['factor', 'list', ...who, '--code-file', 'recovery'], { cwd });
  assert.match(listed.stdout, /totp[\s\S]*Recovery codes left: 9/);
  const people = (await json('user', 'list')).people as { email: string; second_factor: boolean }[];
  assert.equal(people.find((person) => person.email === email)?.second_factor, true);

  const admin = ['--admin-email', 'alice@example.org', '--admin-password-file', 'ap'];
  assert.equal((await signpost('user', 'reset-factors', email, '--yes')).code, 2, 'a key is not enough');
  assert.equal((await json('user', 'reset-factors', email, ...admin)).reset, true);
  assert.equal((await runJson(['login', ...who], { cwd })).role, 'viewer');
});

test('an organisation demands a second factor by a command, and takes it back', async () => {
  const { json, signpost } = await server;
  const who = ['--email', 'alice@example.org', '--password-file', 'ap'];
  assert.equal((await json('organisation', 'second-factor', 'required', ...who)).second_factor, 'required');
  const closed = await signpost('organisation', 'second-factor', 'optional', ...who);
  assert.deepEqual(
    [closed.code, /second-factor-required/.test(closed.stderr)],
    [1, true],
    'who has none only enrols one',
  );
  assert.equal((await signpost('organisation', 'second-factor', 'perhaps', ...who)).code, 2);
});

test('init without an address prints a link, and another one when asked', async (t) => {
  const cwd = await createWorkplace(t);
  const env = { SIGNPOST_BASE_URL: 'https://updates.example.org' };
  const made = await runJson(['init', '--data', 'data'], { cwd, env });
  const pattern = /^https:\/\/updates\.example\.org\/console\/setup#[\w-]{43}$/;
  assert.match(String(made.setup_link), pattern);
  const again = await runJson(['init', '--data', 'data', '--new-link'], { cwd, env });
  assert.match(String(again.setup_link), pattern);
  assert.notEqual(again.setup_link, made.setup_link);
  assert.equal((await run(['init', '--data', 'data'], { cwd, env })).code, 1, 'there is a server');
  assert.equal((await run(['init', '--data', 'other', '--link', '--email', email], { cwd })).code, 2);
  const nobody = await run(['user', 'reset-factors', email, '--data', 'data', '--yes'], { cwd });
  assert.deepEqual([nobody.code, /no such person/.test(nobody.stderr)], [1, true]);
});
