import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startServer, type TestServer } from '../support/server.ts';

suite('signpost cert', () => {
  let server: TestServer;
  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers) await close();
  });

  before(async () => {
    server = await startServer({ after: (close) => void closers.push(close as () => unknown) });
    const passphrase = 'five quite random words here';
    const root = { kind: 'root', name: 'root', subject: { CN: 'Root' }, key_type: 'ecdsa-p256', passphrase };
    await call('POST', '/api/authorities', root);
    const issuing = {
      kind: 'intermediate',
      name: 'issuing',
      parent: 'root',
      subject: { CN: 'Issuing' },
      key_type: 'ecdsa-p256',
    };
    await call('POST', '/api/authorities', { ...issuing, passphrase });
  });

  const call = async (method: string, path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${server.env.SIGNPOST_API_KEY}`, 'content-type': 'application/json' };
    const response = await fetch(`${server.base}${path}`, { method, headers, body: JSON.stringify(body) });
    assert.ok(response.ok, await response.text());
  };
  const read = (...path: string[]) => readFile(join(server.cwd, ...path), 'utf8');
  const issue = async (host: string, ...more: string[]) =>
    server.json('cert', 'issue', '--dns', host, '--out', host, ...more);

  test('makes the key here, readable for its owner alone, and puts certificate and chain beside it', async () => {
    const answer = await issue('a.example');
    assert.equal(((await stat(join(server.cwd, 'a.example', 'key.pem'))).mode & 0o777).toString(8), '600');
    const certificate = new X509Certificate(await read('a.example', 'cert.pem'));
    assert.equal(certificate.subjectAltName, 'DNS:a.example');
    assert.equal(certificate.subject, 'CN=a.example');
    assert.equal(
      await read('a.example', 'fullchain.pem'),
      `${await read('a.example', 'cert.pem')}${await read('a.example', 'chain.pem')}`,
    );
    assert.ok(certificate.checkIssued(new X509Certificate(await read('a.example', 'chain.pem'))));
    assert.equal((await server.json('cert', 'show', String(answer.id))).has_key, false);
  });

  test('takes a request, uses a key again, and lets the server make one', async () => {
    await server.json('cert', 'request', '--dns', 'b.example', '--key-type', 'ecdsa-p384', '--out', 'b');
    const asked = await server.json('cert', 'issue', '--request', 'b/request.pem', '--lifetime', '10d', '--out', 'b');
    assert.match(String(asked.certificate), /BEGIN CERTIFICATE/);
    await server.json('cert', 'issue', '--dns', 'b.example', '--key', 'b/key.pem', '--out', 'b2');
    const [one, two] = [
      new X509Certificate(await read('b', 'cert.pem')),
      new X509Certificate(await read('b2', 'cert.pem')),
    ];
    assert.ok(one.publicKey.equals(two.publicKey));
    const kept = await server.json('cert', 'issue', '--profile', 'client', '--subject', 'CN=Alice', '--server-key');
    assert.equal((await server.json('cert', 'show', String(kept.id))).has_key, true);
  });

  test('never writes over a key, and leaves none for which no certificate was given', async () => {
    await issue('c.example');
    const again = await server.signpost('cert', 'issue', '--dns', 'c.example', '--out', 'c.example');
    assert.deepEqual(
      [again.code, /exists already/.test(again.stderr), /hint: --key/.test(again.stderr)],
      [1, true, true],
    );
    const foreign = await server.signpost('cert', 'issue', '--dns', 'www.acme.org', '--out', 'foreign');
    assert.deepEqual(
      [foreign.code, /hint: .*signpost cert policy allow dns:www\.acme\.org/.test(foreign.stderr)],
      [1, true],
    );
    await assert.rejects(stat(join(server.cwd, 'foreign', 'key.pem')), { code: 'ENOENT' });
    await server.json('cert', 'policy', 'allow', 'dns:acme.org');
    await server.json('cert', 'issue', '--dns', 'www.acme.org', '--out', 'foreign');
    const policy = await server.json('cert', 'policy', 'remove', 'dns:acme.org');
    assert.equal((policy.allowed as string[]).includes('dns:acme.org'), false);
    assert.deepEqual((await server.json('cert', 'policy', 'deny', 'dns:secret.example')).denied, [
      'dns:secret.example',
    ]);
    assert.equal((await server.json('cert', 'policy', 'show')).decided, true);
  });

  test('shows, finds, renews, holds, releases and revokes by host or serial number', async () => {
    const old = await issue('d.example');
    const renewed = await server.json('cert', 'renew', 'd.example', '--new-key', '--revoke-old', '--out', 'd2');
    const shown = await server.signpost('cert', 'show', String(old.serial));
    assert.match(shown.stdout, /state +revoked \(superseded/);
    assert.match(shown.stdout, new RegExp(`replaced by +${renewed.id}`));
    assert.match((await server.signpost('cert', 'show', 'd.example')).stdout, /validity .*\[\.{20}\] .* 89 days left/);
    assert.match((await server.signpost('cert', 'list', '--state', 'revoked')).stdout, /d\.example/);
    assert.equal((await server.json('cert', 'hold', 'd.example')).state, 'held');
    assert.equal((await server.json('cert', 'release', String(renewed.id))).state, 'valid');
    assert.equal(
      (await server.json('cert', 'revoke', 'd.example', '--reason', 'keyCompromise')).reason,
      'keyCompromise',
    );
    const twice = await server.signpost('cert', 'revoke', String(renewed.id), '--yes');
    assert.deepEqual([twice.code, /certificate is revoked/.test(twice.stderr)], [1, true]);
    const none = await server.signpost('cert', 'show', 'nobody.example');
    assert.deepEqual([none.code, /hint: signpost cert search/.test(none.stderr)], [1, true]);
    assert.equal(((await server.json('cert', 'search', 'd.example')).certificates as unknown[]).length, 2);
    assert.match((await server.signpost('cert', 'renew', 'a.example')).stdout, /BEGIN CERTIFICATE/);
  });

  test('lists what ends soon with the nearest first, so that no limit cuts it off', async () => {
    const names = ['--profile', 'client', '--server-key', '--subject'];
    await server.json('cert', 'issue', ...names, 'CN=Soon', '--lifetime', '3d');
    await server.json('cert', 'issue', ...names, 'CN=Later', '--lifetime', '5d');
    const list = async (...more: string[]) => {
      const answer = await server.json('cert', 'list', '--expires-within', '6', '--limit', '1', ...more);
      const [one] = answer.certificates as { readonly id: string; readonly common_name: string }[];
      return one;
    };
    const first = await list();
    assert.equal(first?.common_name, 'Soon');
    assert.equal((await list('--after', first?.id ?? ''))?.common_name, 'Later');
  });

  test('checks what is stored, and manages profiles', async () => {
    const report = await server.json('cert', 'check');
    assert.equal(report.found, 0);
    assert.match((await server.signpost('cert', 'check', '--repair')).stdout, /certificates checked, 0 findings/);
    assert.match((await server.signpost('cert', 'profile', 'list')).stdout, /server-short-lived +leaf +144h/);
    const profile = await server.json('cert', 'profile', 'show', 'server');
    await writeFile(join(server.cwd, 'printer.json'), JSON.stringify({ ...profile, description: 'Printers' }));
    await server.json('cert', 'profile', 'add', 'printer', 'printer.json');
    await issue('printer.example', '--profile', 'printer');
    await server.json('cert', 'profile', 'remove', 'printer');
    assert.equal((await server.signpost('cert', 'profile', 'show', 'printer')).code, 1);
  });

  test('says what is wrong with the command line before it asks anybody', async () => {
    for (const [words, pattern] of [
      [['--dns', 'a.example'], /--out is needed/],
      [['--dns', 'b\u00fccher.example', '--out', 'x'], /A-labels/],
      [['--ip', '10.0.0', '--out', 'y'], /--ip to be an address/],
      [['--subject', 'host', '--server-key'], /CN=host\.example/],
      [['--dns', 'a.example', '--authority', 'nobody', '--server-key'], /no such authority/],
    ] as const) {
      const { code, stderr } = await server.signpost('cert', 'issue', ...words);
      assert.deepEqual([code === 0, pattern.test(stderr)], [false, true], stderr);
    }
    for (const folder of ['x', 'y'])
      await assert.rejects(stat(join(server.cwd, folder, 'key.pem')), { code: 'ENOENT' });
  });
});
