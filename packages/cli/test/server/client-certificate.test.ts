/** Access by client certificate with the real programs: curl, nginx in front, the command, and a connection that stays open. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { chooseFreePort } from '../../../protocol/test/free-port.ts';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { run } from '../support/run.ts';
import { startServer, type TestServer } from '../support/server.ts';

const runFile = promisify(execFile);
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A self-signed certificate and its key: `name.pem`, `name.key`. */
function createPair(cwd: string, name: string, ...more: readonly string[]): void {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files, '-days', '2', ...more], { cwd, stdio: 'ignore' });
}

/** A server with TLS that asks for certificates and trusts a proxy at 127.0.0.2, with an issuing authority. */
async function startTlsServer(t: TestContext): Promise<TestServer> {
  const server = await startServer(t, {
    env: { NODE_EXTRA_CA_CERTS: 'tls.pem' },
    prepare: (cwd) => {
      createPair(cwd, 'tls', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1');
      return {
        ...{ SIGNPOST_TLS_CERT: 'tls.pem', SIGNPOST_TLS_KEY: 'tls.key', SIGNPOST_CLIENT_CERTIFICATES: 'request' },
        SIGNPOST_TRUSTED_PROXIES: '127.0.0.2',
      };
    },
  });
  const passphrase = ['--passphrase-file', 'pass'];
  await server.json('ca', 'create-root', 'root', '--cn', 'Root', '--path-length', '1', ...passphrase);
  await server.json('ca', 'create-intermediate', 'issuing', '--parent', 'root', '--cn', 'Issuing', ...passphrase);
  return server;
}

/** Status and body that curl got for `words`. */
async function curl({ cwd }: TestServer, ...words: readonly string[]): Promise<{ status: number; body: string }> {
  const fixed = ['--silent', '--cacert', 'tls.pem', '--max-time', '20', '--write-out', '\n%{http_code}'];
  const { stdout } = await runFile('curl', [...fixed, ...words], { cwd });
  const [, body = '', status] = /^([\s\S]*)\n(\d{3})$/.exec(stdout) ?? [];
  return { status: Number(status), body };
}

function callApi(server: TestServer, path: string, json: object) {
  const key = ['--header', `Authorization: Bearer ${server.env.SIGNPOST_API_KEY}`];
  const body = ['--header', 'Content-Type: application/json', '--data', JSON.stringify(json)];
  return curl(server, ...key, ...body, `${server.base}${path}`);
}

/** A client certificate of `issuing` with its chain in `client.pem`, the key in `client.key`; returns its id. */
async function issueClient(server: TestServer): Promise<string> {
  const words = [...curve, '-keyout', 'client.key', '-subj', '/CN=ci', '-addext', 'subjectAltName=DNS:ci.internal'];
  const { stdout } = await runFile('openssl', ['req', '-new', ...words], { cwd: server.cwd });
  const wish = { authority: 'issuing', profile: 'client', request: stdout, names: ['dns:ci.internal'] };
  const { status, body } = await callApi(server, '/api/certificates', wish);
  assert.equal(status, 201, body);
  const issued = JSON.parse(body);
  await writeFile(join(server.cwd, 'client.pem'), issued.certificate);
  return issued.id;
}

/** nginx that ends TLS before the server, asks for certificates and hands them on, as docs/tls.md has it. */
async function startNginx(t: TestContext, { cwd, base }: TestServer): Promise<string> {
  const port = await chooseFreePort();
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${cwd}/${name};`);
  const configuration = `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} pid ${cwd}/nginx.pid;
    events {} http { access_log off; ${paths.join(' ')} server {
      listen 127.0.0.1:${port} ssl; ssl_certificate ${cwd}/tls.pem; ssl_certificate_key ${cwd}/tls.key;
      ssl_verify_client optional_no_ca;
      location / { proxy_pass ${base}; proxy_bind 127.0.0.2; proxy_set_header Client-Cert $ssl_client_escaped_cert; }
    } }`;
  await writeFile(join(cwd, 'nginx.conf'), configuration);
  const child = spawn('nginx', ['-c', join(cwd, 'nginx.conf'), '-e', join(cwd, 'nginx.log')], { stdio: 'inherit' });
  t.after(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  });
  await waitUntil('nginx to answer', async () => {
    assert.equal(child.exitCode, null, 'nginx has ended');
    return runFile('curl', ['-sk', `https://127.0.0.1:${port}/healthz`]).then(
      () => true,
      () => false,
    );
  });
  return `https://127.0.0.1:${port}`;
}

const shown = ['--cert', 'client.pem', '--key', 'client.key'];

test('curl, the command and a proxy come in with a certificate, and a removed rule keeps them out', async (t) => {
  const server = await startTlsServer(t);
  const { cwd, base, json } = server;
  await issueClient(server);
  const projects = `${base}/api/projects`;
  assert.equal((await curl(server, ...shown, projects)).status, 401, 'no rule yet');
  const words = ['--authority', 'issuing', '--match-name', 'dns:ci.internal', '--verb', 'read', '--verb', 'manage'];
  const rule = await json('access', 'create', '--name', 'ci', ...words);
  assert.equal((await curl(server, ...shown, projects)).status, 200);
  assert.equal((await curl(server, projects)).status, 401, 'nobody must show one');

  const post = [...shown, '--header', 'Content-Type: application/json', '--data', '{"slug":"by-curl","name":"x"}'];
  assert.equal((await curl(server, ...post, `${base}/api/projects`)).status, 403);
  const meant = ['--header', 'X-Signpost-Request: 1'];
  assert.equal((await curl(server, ...post, ...meant, `${base}/api/projects`)).status, 201);
  const env = { SIGNPOST_SERVER: base, NODE_EXTRA_CA_CERTS: 'tls.pem' };
  const options = ['--client-cert', 'client.pem', '--client-key', 'client.key'];
  assert.equal((await run(['project', 'create', 'by-command', ...options], { cwd, env })).code, 0);
  const named = { ...env, SIGNPOST_CLIENT_CERT: 'client.pem', SIGNPOST_CLIENT_KEY: 'client.key' };
  const listed = await run(['project', 'list', '--json'], { cwd, env: named });
  assert.match(listed.stdout, /by-curl[\s\S]*by-command|by-command[\s\S]*by-curl/);
  const wrong = await run(['project', 'list', '--client-cert', 'client.pem', '--client-key', 'tls.key'], { cwd, env });
  assert.deepEqual([wrong.code, /hint: give the key/.test(wrong.stderr)], [1, true]);

  const proxy = await startNginx(t, server);
  assert.equal((await curl(server, ...shown, `${proxy}/api/projects`)).status, 200);
  const escaped = encodeURIComponent(await readFile(join(cwd, 'client.pem'), 'utf8'));
  for (const address of [proxy, base]) {
    const spoofed = await curl(server, '--header', `Client-Cert: ${escaped}`, `${address}/api/projects`);
    assert.equal(spoofed.status, 401, `a header of one's own at ${address}`);
  }
  createPair(cwd, 'self', '-subj', '/CN=ci', '-addext', 'subjectAltName=DNS:ci.internal');
  for (const address of [proxy, base]) {
    const self = ['--cert', 'self.pem', '--key', 'self.key'];
    assert.equal((await curl(server, ...self, `${address}/api/projects`)).status, 401, 'self-signed');
    assert.equal((await curl(server, ...self, `${address}/api/openapi.json`)).status, 200);
  }
  assert.match((await server.signpost('access', 'list')).stdout, /dns:ci\.internal/);
  await json('access', 'remove', String(rule.id));
  assert.equal((await curl(server, ...shown, projects)).status, 401);
  assert.equal((await curl(server, ...shown, `${proxy}/api/projects`)).status, 401);
});

test('a revocation ends the access of a connection that is open', async (t) => {
  const server = await startTlsServer(t);
  const id = await issueClient(server);
  await server.json('access', 'create', '--name', 'ci', '--authority', 'issuing', '--match-subject', 'CN=ci');
  const [cert, key] = await Promise.all(['client.pem', 'client.key'].map((name) => readFile(join(server.cwd, name))));
  const agent = new Agent({ keepAlive: true, maxSockets: 1, cert, key, rejectUnauthorized: false });
  t.after(() => agent.destroy());
  const ask = async () => {
    const asked = request(`${server.base}/api/projects`, { agent });
    asked.end();
    const [answer] = await once(asked, 'response');
    answer.resume();
    await once(answer, 'end');
    return { status: answer.statusCode, socket: answer.socket };
  };
  const before = await ask();
  assert.equal(before.status, 200);
  const revoked = await callApi(server, `/api/certificates/${id}/revoke`, { reason: 'keyCompromise' });
  assert.equal(revoked.status, 200, revoked.body);
  const after = await ask();
  assert.deepEqual([after.status, after.socket === before.socket], [401, true]);
});
