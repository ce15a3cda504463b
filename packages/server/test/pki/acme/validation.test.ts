/** How proofs are looked for: where validation may connect to, and what a TLS server must show (RFC 8737). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer } from 'node:tls';
import { isReachable } from '../../../src/http/outgoing/address-policy.ts';
import { isAllowedName, isNamePattern } from '../../../src/pki/acme/orders/allowed-names.ts';
import { AcmeProblem } from '../../../src/pki/acme/problem.ts';
import { validateHttp } from '../../../src/pki/acme/validation/http-01.ts';
import type { Attempt } from '../../../src/pki/acme/validation/proof.ts';
import { validateTls } from '../../../src/pki/acme/validation/tls-alpn-01.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-acme-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('public is neither private nor special, also where an address hides in another one', () => {
  for (const address of ['8.8.8.8', '2606:4700::1111', '100.128.0.1', '172.32.0.1']) {
    assert.ok(isReachable(address, 'public'), address);
  }
  for (const address of ['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', 'fd00::1']) {
    assert.deepEqual([isReachable(address, 'public'), isReachable(address, 'private')], [false, true], address);
  }
  for (const address of [
    ...['127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1'],
    ...['::1', '::', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::'],
  ]) {
    assert.deepEqual([isReachable(address, 'private'), isReachable(address, 'any')], [false, true], address);
  }
  for (const text of ['', 'localhost', '127.1', 'fe80::1%eth0', '[::1]']) assert.equal(isReachable(text, 'any'), false);
});

test('patterns stand for names, for all below a domain, and for ranges of addresses', () => {
  const allows = (pattern: string, value: string) =>
    isAllowedName({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value }, [pattern]);
  assert.deepEqual(
    [
      allows('a.test', 'a.test'),
      allows('.a.test', 'b.a.test'),
      allows('.a.test', '*.a.test'),
      allows('10.0.0.0/8', '10.9.9.9'),
    ],
    [true, true, true, true],
  );
  assert.deepEqual(
    [
      allows('a.test', 'b.a.test'),
      allows('.a.test', 'a.test'),
      allows('.a.test', 'ba.test'),
      allows('10.0.0.0/8', '11.0.0.1'),
    ],
    [false, false, false, false],
  );
  for (const text of ['a.test', '.a.test', '10.0.0.1', 'fd00::/8']) assert.ok(isNamePattern(text), text);
  for (const text of [
    '',
    '.',
    '*.a.test',
    'A.test',
    'a_b.test',
    '10.0.0.0/33',
    '10.0.0.0/',
    'fe80::1%eth0',
    'a.test/8',
  ]) {
    assert.equal(isNamePattern(text), false, text);
  }
});

const secret = { token: 'a-token', thumbprint: 'a-thumbprint' };
const digest = createHash('sha256').update('a-token.a-thumbprint').digest('hex');
const identifier = (hex: string, critical = true) => `1.3.6.1.5.5.7.1.31=${critical ? 'critical,' : ''}DER:0420${hex}`;

interface Shown {
  readonly names: string;
  readonly extension?: string;
  readonly protocols?: readonly string[];
}

let made = 0;

/** A server with a certificate of its own. */
async function serveTls({ names, extension, protocols = ['acme-tls/1'] }: Shown): Promise<Server> {
  const [key, cert] = ['key', 'crt'].map((end) => join(folder, `${++made}.${end}`));
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const files = ['-keyout', `${key}`, '-out', `${cert}`, '-subj', '/CN=acme'];
  const extensions = ['-addext', `subjectAltName=${names}`, ...(extension ? ['-addext', extension] : [])];
  execFileSync('openssl', [...request, ...files, ...extensions], { stdio: 'ignore' });
  const server = createServer({
    key: readFileSync(`${key}`),
    cert: readFileSync(`${cert}`),
    ALPNProtocols: [...protocols],
  });
  return listen(server);
}

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  after(() => server.close());
  return server;
}

interface Asked {
  readonly name?: string;
  readonly kind?: 'dns' | 'ip';
  /** Long enough for a handshake on any machine, unless nobody will answer. */
  readonly limitMs?: number;
}

async function validate(
  server: Server,
  { name = 'www.example.test', kind = 'dns', limitMs = 120_000 }: Asked = {},
): Promise<string> {
  const tlsPort = (server.address() as AddressInfo).port;
  const attempt: Attempt = {
    ...{ ...secret, name, kind, directory: { addresses: 'any', httpPort: 80, tlsPort } },
    resolver: { findAddresses: async () => ['127.0.0.1'], findTexts: async () => [] },
    signal: AbortSignal.timeout(limitMs),
  };
  return validateTls(attempt).then(
    () => 'valid',
    (error: unknown) => {
      assert.ok(error instanceof AcmeProblem, String(error));
      return error.type;
    },
  );
}

test('a certificate for exactly the name, with the digest in a critical extension, is a proof', async () => {
  const extension = identifier(digest);
  assert.equal(await validate(await serveTls({ names: 'DNS:www.example.test', extension })), 'valid');
  assert.equal(
    await validate(await serveTls({ names: 'IP:127.0.0.1', extension }), { name: '127.0.0.1', kind: 'ip' }),
    'valid',
  );
});

test('other names, more names, another digest, an extension that is absent or not critical are none', async () => {
  const names = 'DNS:www.example.test';
  const extension = identifier(digest);
  for (const shown of [
    { names: 'DNS:other.example.test', extension },
    { names: `${names},DNS:other.example.test`, extension },
    { names: `${names},IP:127.0.0.1`, extension },
    { names },
    { names, extension: identifier('00'.repeat(32)) },
    { names, extension: identifier(digest, false) },
    { names, extension: '1.3.6.1.5.5.7.1.31=critical,DER:0401AA' },
    { names, extension: '1.3.6.1.5.5.7.1.31=critical,DER:0500' },
  ]) {
    assert.equal(await validate(await serveTls(shown)), 'incorrectResponse', JSON.stringify(shown));
  }
});

test('a server of another protocol, one that hangs up, one that is silent and none at all are no proof', async () => {
  const names = 'DNS:www.example.test';
  const extension = identifier(digest);
  assert.equal(await validate(await serveTls({ names, extension, protocols: ['h2'] })), 'tls');
  // After what it was told, since a connection that is closed before is reset.
  const plain = createTcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400\r\n\r\n')));
  assert.equal(await validate(await listen(plain)), 'tls');
  assert.equal(await validate(await listen(createTcpServer((socket) => socket.destroy()))), 'connection');
  const silent = await listen(createTcpServer((socket) => after(() => socket.destroy())));
  assert.equal(await validate(silent, { limitMs: 500 }), 'connection');
  const gone = await listen(createTcpServer());
  const validation = validate(gone);
  gone.close();
  assert.equal(await validation, 'connection');
});

test('a host that answers http-01 by changing the protocol is no proof, and ends the attempt at once', async () => {
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  const server = await listen(createTcpServer((socket) => socket.once('data', () => socket.write(upgrade))));
  const httpPort = (server.address() as AddressInfo).port;
  const validation = validateHttp({
    ...{ ...secret, name: 'www.example.test', kind: 'dns', directory: { addresses: 'any', httpPort, tlsPort: 443 } },
    resolver: { findAddresses: async () => ['127.0.0.1'], findTexts: async () => [] },
    signal: AbortSignal.timeout(120_000),
  });
  await assert.rejects(validation, { type: 'incorrectResponse' });
});
