/** Certificates, keys and timestamps by the command, against a real server, opened by OpenSSL. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { run, runJson } from '../support/run.ts';
import { startServer, type TestServer } from '../support/server.ts';

const runProgram = promisify(execFile);

suite('with authorities on the server', () => {
  let server: TestServer;
  let id: string;
  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers) await close();
  });

  before(async () => {
    server = await startServer({ after: (close) => closers.push(close as () => unknown) });
    const passphrase = 'five quite random words here';
    const common = { key_type: 'ecdsa-p256', passphrase };
    await post('/api/authorities', { kind: 'root', name: 'root', subject: { CN: 'Root' }, ...common });
    const parent = { kind: 'intermediate', name: 'issuing', parent: 'root' };
    await post('/api/authorities', { ...parent, subject: { CN: 'Issuing' }, ...common });
    const wish = { authority: 'issuing', profile: 'server', key: 'ecdsa-p256', names: ['dns:host.example'] };
    id = String((await post('/api/certificates', wish)).id);
    const root = await fetch(`${server.base}/pki/root/ca.pem`);
    await writeFile(join(server.cwd, 'root.pem'), await root.text());
  });

  async function post(path: string, body: object): Promise<Record<string, unknown>> {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${server.env.SIGNPOST_API_KEY}`,
    };
    const response = await fetch(`${server.base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    assert.ok(response.ok, text);
    return JSON.parse(text) as Record<string, unknown>;
  }

  test('a file is stamped once timestamps are on, and OpenSSL verifies what was written', async () => {
    const { cwd, json, signpost } = server;
    await writeFile(join(cwd, 'app.zip'), 'the bytes of an application');
    const stamp = ['timestamp', 'app.zip', '--authority', 'issuing'];
    const off = await signpost(...stamp);
    assert.deepEqual([off.code, /hint: signpost ca tsa enable/.test(off.stderr)], [1, true]);
    const on = await json('ca', 'tsa', 'enable', 'issuing', '--accuracy', '500', '--ordered', 'yes');
    assert.deepEqual([on.accuracy_ms, on.ordered], [500, true]);
    const status = await signpost('ca', 'tsa', 'status', 'issuing');
    assert.match(status.stdout, /policy +2\.25\./);
    const stamped = await json(...stamp, '--root', 'root.pem', '--hash', 'sha512');
    assert.equal(stamped.timestamp, 'app.zip.tsr');
    assert.ok(Math.abs(Date.parse(String(stamped.time)) - Date.now()) < 60_000);
    const judge = ['ts', '-verify', '-in', 'app.zip.tsr', '-data', 'app.zip', '-CAfile', 'root.pem'];
    assert.match((await runProgram('openssl', judge, { cwd })).stdout, /Verification: OK/);
    const verify = ['timestamp', 'verify', 'app.zip', 'app.zip.tsr', '--ca'];
    const verified = await runJson([...verify, 'root.pem'], { cwd });
    assert.deepEqual([verified.time, verified.serial], [stamped.time, stamped.serial], 'without a server');
    await writeFile(join(cwd, 'other.zip'), 'the bytes of another one');
    const changed = await run(['timestamp', 'verify', 'other.zip', 'app.zip.tsr', '--ca', 'root.pem'], { cwd });
    assert.deepEqual([changed.code, changed.stdout], [4, '']);
    await json(...stamp, '--out', 'again.tsr');
    const { stdout } = await runProgram('openssl', ['req', '-x509', '-newkey', 'ec', ...unknownRoot], { cwd });
    await writeFile(join(cwd, 'other.pem'), stdout);
    const untrusted = await signpost(...stamp, '--root', 'other.pem', '--out', 'bad.tsr');
    assert.equal(untrusted.code, 4);
    assert.equal((await run([...verify, 'other.pem'], { cwd })).code, 4);
    assert.equal((await run(['timestamp', 'verify', 'app.zip', 'root.pem', '--ca', 'root.pem'], { cwd })).code, 4);
    await assert.rejects(stat(join(cwd, 'bad.tsr')));
    assert.equal((await json('ca', 'tsa', 'disable', 'issuing')).enabled, false);
  });

  test('a certificate is written in the format asked for, never over a file', async () => {
    const { cwd, json, signpost } = server;
    const written = await json('cert', 'download', 'host.example', '--format', 'fullchain');
    assert.equal(written.file, 'host.example.fullchain.pem');
    const text = await readFile(join(cwd, 'host.example.fullchain.pem'), 'utf8');
    assert.equal(text.match(/BEGIN CERTIFICATE/g)?.length, 2);
    const again = await signpost('cert', 'download', id, '--format', 'fullchain');
    assert.deepEqual([again.code, /hint: give another name by --out/.test(again.stderr)], [1, true]);
    const wrong = await signpost('cert', 'download', '../../authorities');
    assert.deepEqual([wrong.code, /no certificate is meant by/.test(wrong.stderr)], [1, true]);
  });

  test('key and PKCS#12 go to the admin who is logged in and types the password again', async () => {
    const { cwd, base, signpost } = server;
    const key = ['cert', 'key', id, '--password-file', 'ap', '--passphrase-file', 'pass', '--out', 'host.key'];
    const byApiKey = await signpost(...key);
    assert.equal(byApiKey.code, 1);
    await runJson(['login', '--server', base, '--email', 'alice@example.org', '--password-file', 'ap'], { cwd });
    assert.equal((await runJson(key, { cwd })).file, 'host.key');
    assert.equal((await stat(join(cwd, 'host.key'))).mode & 0o777, 0o600);
    await runProgram('openssl', ['pkey', '-in', 'host.key', '-passin', 'file:pass', '-noout'], { cwd });
    const wrong = await run([...key.slice(0, 3), '--plain', '--password-file', 'mp', '--out', 'x'], { cwd });
    assert.deepEqual([wrong.code, /the password is wrong/.test(wrong.stderr)], [1, true]);
    const file = await runJson(['cert', 'p12', id], { cwd });
    assert.equal(file.file, 'host.example.p12');
    const show = ['cert', 'p12', id, '--reveal', '--password-file', 'ap'];
    const { p12_password: password } = await runJson(show, { cwd });
    await writeFile(join(cwd, 'p12-password'), String(password));
    const open = ['pkcs12', '-in', 'host.example.p12', '-passin', 'file:p12-password', '-noout'];
    await runProgram('openssl', open, { cwd });
  });
});

const unknownRoot = ['-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'other.key', '-subj', '/CN=Other'];
