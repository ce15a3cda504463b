/** Whoever is logged in types the password to revoke; an API key needs none. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { createWorkplace, run, runJson } from '../support/run.ts';
import { startServer } from '../support/server.ts';

const server = startServer({ after }, { prepare: () => ({ SIGNPOST_LOGINS_PER_MINUTE: '1000' }) });

test('a login revokes a key, a certificate and an authority with the password typed again', async () => {
  const { cwd, base, json } = await server;
  await writeFile(join(cwd, 'root-passphrase'), 'many words that nobody guesses\n', { mode: 0o600 });
  await json('ca', 'create-root', 'top', '--cn', 'Top', '--passphrase-file', 'root-passphrase');
  const above = ['--parent', 'top', '--passphrase-file', 'root-passphrase'];
  await json('ca', 'create-intermediate', 'issuing', '--cn', 'Issuing', ...above);
  await json('cert', 'policy', 'allow', 'dns:example.org');
  await json('cert', 'issue', '--dns', 'www.example.org', '--authority', 'issuing', '--out', 'www');
  const key = String((await json('key', 'create', '--label', 'lost')).key_id);
  await runJson(['login', '--server', base, '--email', 'alice@example.org', '--password-file', 'ap'], { cwd });
  for (const words of [
    ['key', 'revoke', key],
    ['cert', 'renew', 'www.example.org', '--revoke-old', '--out', 'www2'],
    ['cert', 'revoke', 'www.example.org', '--reason', 'keyCompromise'],
    ['ca', 'revoke', 'issuing', '--cascade'],
  ]) {
    const asked = await run([...words, '--yes'], { cwd });
    assert.deepEqual([asked.code, /--password-file/.test(asked.stderr)], [2, true], asked.stderr);
    const wrong = await run([...words, '--yes', '--password-file', 'mp'], { cwd });
    assert.deepEqual([wrong.code, /\[step-up\]/.test(wrong.stderr)], [1, true], wrong.stderr);
    await runJson([...words, '--yes', '--password-file', 'ap'], { cwd });
  }
  const [revoked] = (await json('key', 'list')).keys as { state: string }[];
  assert.equal(revoked?.state, 'revoked');
  const valid = (await json('cert', 'list', '--authority', 'issuing', '--state', 'valid')).certificates;
  assert.deepEqual(valid, []);
});

test('an API key revokes without a password', async () => {
  const { json } = await server;
  const key = String((await json('key', 'create', '--label', 'of a machine')).key_id);
  assert.equal((await json('key', 'revoke', key)).state, 'revoked');
});

/** A server that wants a second factor beside the password, and tells what it was given. */
async function startDemandingServer(t: TestContext) {
  const bodies: unknown[] = [];
  const demanding = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    const body = JSON.parse(text) as Record<string, unknown>;
    bodies.push(body);
    const isProven = body.totp !== undefined || body.recovery_code !== undefined;
    const refusal = { code: 'forbidden', detail: 'expected a second factor', rule: 'second-factor-missing' };
    response.writeHead(isProven ? 200 : 403, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(isProven ? { state: 'revoked' } : refusal));
  });
  demanding.listen(0, '127.0.0.1');
  await once(demanding, 'listening');
  t.after(() => demanding.close().closeAllConnections());
  return { base: `http://127.0.0.1:${(demanding.address() as AddressInfo).port}`, bodies };
}

test('the second factor is asked for when the server wants it, and not before', async (t) => {
  const { base, bodies } = await startDemandingServer(t);
  const cwd = await createWorkplace(t);
  await mkdir(join(cwd, '.config/signpost'), { recursive: true });
  const login = { base, email: 'a@x.example', cookie: 'session=s', csrfToken: 'c' };
  await writeFile(join(cwd, '.config/signpost/credentials.json'), JSON.stringify([login]), { mode: 0o600 });
  await writeFile(join(cwd, 'ap'), 'an admin password\n', { mode: 0o600 });
  await writeFile(join(cwd, 'code'), '123456\n', { mode: 0o600 });
  const words = ['key', 'revoke', 'a'.repeat(64), '--yes', '--password-file', 'ap'];
  const asked = await run(words, { cwd });
  assert.deepEqual([asked.code, /--code-file/.test(asked.stderr)], [2, true], asked.stderr);
  assert.equal((await runJson([...words, '--code-file', 'code'], { cwd })).state, 'revoked');
  const password = 'an admin password';
  assert.deepEqual(bodies, [{ password }, { password }, { password, totp: '123456' }]);
});
