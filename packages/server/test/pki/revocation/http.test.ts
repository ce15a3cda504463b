/** Revocation over HTTP: what clients of other makers make of it, what caches are told, and what hostile requests get. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { encodePem, parsePem } from '@signpost/protocol/asn1/pem';
import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { encodeOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import { type BasicResponse, parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { parseRevocationList } from '@signpost/protocol/x509/revocation-list';
import { chooseFreePort } from '../../../../protocol/test/free-port.ts';
import { createRoot } from '../../../src/pki/authorities/create-root.ts';
import { issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { certificateKeyPlace } from '../../../src/pki/records/certificate-row.ts';
import { findCertificate } from '../../../src/pki/records/store.ts';
import { type Answer, type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { start } from '../../releases/scene.ts';
import { type ReadCertificate, readIssued } from '../issued.ts';
import { pkiSceneOf, rootPassphrase } from '../scene.ts';

const run = promisify(execFile);
const ocspType = { 'content-type': 'application/ocsp-request' };

/** A server of today, since GnuTLS knows no other day, with the authorities `root` and `issuing`. */
interface Counter {
  readonly scene: PlanesScene;
  readonly admin: Credential;
  issue(keys?: 'here'): Promise<ReadCertificate>;
  revoke(issued: ReadCertificate): Promise<void>;
  /** A file for the programs. */
  file(name: string, content: string | Uint8Array): Promise<string>;
}

async function openCounter(t: TestContext): Promise<Counter> {
  const scene = await openPlanesScene(t);
  scene.home.travel(Date.now() - start);
  const { parts, caller, ...pki } = pkiSceneOf(scene.home);
  await pki.createRoot();
  await pki.createIntermediate();
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const issue = () =>
    readIssued(
      issueCertificate(parts, caller, {
        ...{ authority: 'issuing', profile: 'server', source: 'form' },
        key: { kind: 'server', label: 'ecdsa-p256' },
        names: [{ kind: 'dns', text: 'host.example' }],
      }),
    );
  return {
    ...{ scene, issue, file },
    admin: await scene.openKey(scene.home, ['read', 'manage', 'admin']),
    revoke: async ({ row }) => {
      await revokeCertificate(parts, caller, { id: row.id, reason: 'superseded' });
    },
  };
}

const pem = (...certificates: readonly { readonly bytes: Uint8Array }[]) =>
  certificates.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join('');

async function requestFor({ certificate, issuer }: ReadCertificate, nonce?: Uint8Array) {
  const id = await createCertificateId(certificate, issuer.certificate);
  return encodeOcspRequest([id], nonce && { nonce });
}

function statusOf({ status, headers, body }: Answer): string {
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/ocsp-response');
  const response = parseOcspResponse(new Uint8Array(body));
  return response.kind === 'failure' ? response.failure : (response.responses[0]?.status.kind ?? 'none');
}

test('openssl and GnuTLS ask: good, and revoked as soon as the revocation is answered', async (t) => {
  const counter = await openCounter(t);
  const host = await counter.issue();
  const { issuer, certificate } = host;
  const url = `${counter.scene.url}/pki/issuing/ocsp`;
  const root = await counter.file('root.pem', pem(...issuer.chain));
  const above = await counter.file('issuer.pem', pem(issuer.certificate));
  const leaf = await counter.file('leaf.pem', pem(certificate));
  const ask = async (...more: string[]) => {
    const args = ['ocsp', ...more, '-issuer', above, '-cert', leaf, '-url', url, '-CAfile', root];
    const { stdout, stderr } = await run('openssl', args, { timeout: 30_000 });
    assert.match(stderr, /Response verify OK/);
    return /leaf.pem: (\w+)/.exec(stdout)?.[1];
  };
  // As a server that staples does: with the whole chain, of which GnuTLS wants the issuer.
  const askGnutls = async () => {
    const files = ['--load-cert', leaf, '--load-issuer', above, '--load-trust', above];
    const { stdout } = await run('ocsptool', [`--ask=${url}`, ...files, '--nonce'], { timeout: 30_000 });
    assert.match(stdout, /Verifying OCSP Response: Success/);
    return /Certificate Status: (\w+)/.exec(stdout)?.[1];
  };
  assert.deepEqual([await ask(), await ask('-no_nonce'), await ask('-sha256')], ['good', 'good', 'good']);
  assert.equal(await askGnutls(), 'good');
  await counter.revoke(host);
  assert.deepEqual([await ask(), await ask('-no_nonce'), await ask('-sha256')], ['revoked', 'revoked', 'revoked']);
  assert.equal(await askGnutls(), 'revoked');
});

test('an answer comes from a finished buffer, by GET and by POST, until the status changes', async (t) => {
  const counter = await openCounter(t);
  const { scene } = counter;
  const host = await counter.issue();
  const bytes = await requestFor(host);
  const escaped = encodeURIComponent(Buffer.from(bytes).toString('base64'));
  const get = (headers = {}) => scene.ask('GET', `/pki/issuing/ocsp/${escaped}`, { headers });
  const post = () => scene.ask('POST', '/pki/issuing/ocsp', { body: bytes, headers: ocspType });
  const first = await get();
  assert.equal(statusOf(first), 'good');
  assert.match(first.headers['cache-control'] ?? '', /^public, max-age=300, no-transform, must-revalidate$/);
  assert.ok(first.headers['last-modified']);
  const posted = await post();
  assert.ok(posted.body.equals(first.body));
  // What the socket answers from its buffers is counted, and not logged.
  const logged = scene.lines.length;
  for (const again of [await get(), await post()]) assert.ok(again.body.equals(first.body));
  assert.equal(scene.lines.length, logged);
  const unchanged = await get({ 'if-none-match': first.headers.etag });
  assert.deepEqual([unchanged.status, unchanged.body.length], [304, 0]);
  await counter.revoke(host);
  assert.deepEqual([statusOf(await get()), statusOf(await post())], ['revoked', 'revoked']);
  assert.equal(statusOf(await get({ 'if-none-match': first.headers.etag })), 'revoked');
});

test('what is posted is answered at the socket once its path is known: signed for each nonce, by the state of that moment', async (t) => {
  const counter = await openCounter(t);
  const { scene } = counter;
  const host = await counter.issue();
  const stranger = { ...host, certificate: { ...host.certificate, serialNumber: Uint8Array.of(1, 2, 3) } };
  const post = (body: Uint8Array, headers = {}) =>
    scene.ask('POST', '/pki/issuing/ocsp', { body, headers: { ...ocspType, ...headers } });
  const nonce = () => crypto.getRandomValues(new Uint8Array(32));
  assert.equal(statusOf(await post(await requestFor(host, nonce()))), 'good');
  const logged = scene.lines.length;
  const own = nonce();
  const signed = await post(await requestFor(host, own));
  assert.equal(statusOf(signed), 'good');
  assert.deepEqual((parseOcspResponse(new Uint8Array(signed.body)) as BasicResponse).nonce, own);
  assert.equal(signed.headers['cache-control'], 'no-store');
  assert.equal(signed.headers['x-content-type-options'], 'nosniff');
  const together = await Promise.all([host, stranger, host].map(async (one) => post(await requestFor(one, nonce()))));
  assert.deepEqual(together.map(statusOf), ['good', 'unknown', 'good']);
  assert.equal(statusOf(await post(Buffer.from('garbage'))), 'malformedRequest');
  assert.equal(statusOf(await post(await requestFor(host))), 'good');
  assert.equal(scene.lines.length, logged);
  await counter.revoke(host);
  assert.equal(statusOf(await post(await requestFor(host, nonce()))), 'revoked');
  assert.equal(statusOf(await post(await requestFor(host))), 'revoked');
  // Another host name may be another organisation, where there is no such authority.
  assert.equal((await post(await requestFor(host), { host: 'other.example' })).status, 404);
  const figures = await scene.app.metrics.registry.metrics();
  assert.match(figures, /requests_total\{route="POST \/pki\/\{authority\}\/ocsp",status="200"\} 9/);
});

test('a request with slashes as base64 has them is understood, and a nonce is repeated', async (t) => {
  const counter = await openCounter(t);
  let text = '';
  let host = await counter.issue();
  while (!text.includes('/')) {
    host = await counter.issue();
    text = Buffer.from(await requestFor(host)).toString('base64');
  }
  assert.equal(statusOf(await counter.scene.ask('GET', `/pki/issuing/ocsp/${text}`)), 'good');
  const nonce = Uint8Array.from({ length: 32 }, (_, index) => index);
  const body = await requestFor(host, nonce);
  const answer = await counter.scene.ask('POST', '/pki/issuing/ocsp', { body, headers: ocspType });
  assert.equal(statusOf(answer), 'good');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.deepEqual((parseOcspResponse(new Uint8Array(answer.body)) as BasicResponse).nonce, nonce);
});

test('hostile requests get one clear answer', async (t) => {
  const counter = await openCounter(t);
  const { scene } = counter;
  const body = await requestFor(await counter.issue());
  const post = (path: string, asked: Uint8Array, headers: Record<string, string> = ocspType) =>
    scene.ask('POST', path, { body: asked, headers });
  const own = '/pki/issuing/ocsp';
  assert.equal(statusOf(await post(own, Buffer.from('garbage'))), 'malformedRequest');
  assert.equal(statusOf(await post(own, Buffer.alloc(0))), 'malformedRequest');
  assert.equal(statusOf(await post(own, Buffer.alloc(100_000, 0x30))), 'malformedRequest');
  assert.equal(statusOf(await scene.ask('GET', `${own}/***`)), 'malformedRequest');
  assert.equal(statusOf(await scene.ask('GET', `${own}/%00%ff`)), 'malformedRequest');
  assert.equal((await post(own, Buffer.alloc(1024 * 1024 + 1))).status, 413);
  assert.equal((await post(own, body, { 'content-type': 'application/json' })).status, 415);
  assert.equal((await post('/pki/nobody/ocsp', body)).status, 404);
  assert.equal((await post('/o/other/pki/issuing/ocsp', body)).status, 404);
  assert.equal((await scene.ask('GET', `${own}/${'A'.repeat(5000)}`)).status, 400);
  assert.equal(statusOf(await post('/pki/root/ocsp', body)), 'unauthorized');
  assert.equal(statusOf(await post(own, body)), 'good');
});

test('openssl, GnuTLS and python3-cryptography judge by the lists that are served', async (t) => {
  const counter = await openCounter(t);
  const { scene } = counter;
  const [host, lost] = [await counter.issue(), await counter.issue()];
  await counter.revoke(lost);
  await scene.resources.revocation.publisher.settle();
  const list = await scene.ask('GET', '/pki/issuing/crl');
  assert.equal(list.headers['content-type'], 'application/pkix-crl');
  assert.equal(parseRevocationList(new Uint8Array(list.body)).entries.length, 1);
  const bundle = await scene.ask('GET', '/pki/issuing/crl/bundle.pem');
  assert.equal(parsePem(bundle.body.toString(), 100_000).length, 2);
  const { issuer } = host;
  const root = await counter.file('root.pem', pem(...issuer.chain));
  const above = await counter.file('issuer.pem', pem(issuer.certificate));
  const lists = await counter.file('lists.pem', bundle.body);
  const verify = async ({ certificate }: ReadCertificate) => {
    const args = ['verify', '-x509_strict', '-crl_check_all', '-extended_crl', '-CRLfile', lists, '-CAfile', root];
    return run('openssl', [...args, '-untrusted', above, await counter.file('leaf.pem', pem(certificate))]);
  };
  await verify(host);
  await assert.rejects(verify(lost), /certificate revoked/);
  const single = await counter.file('list.pem', (await scene.ask('GET', '/pki/issuing/crl.pem')).body);
  const { stdout } = await run('certtool', ['--verify-crl', '--load-ca-certificate', above, '--infile', single]);
  assert.match(stdout, /Verified/);
  const script = `import sys
from cryptography import x509
crl = x509.load_der_x509_crl(open(sys.argv[1], 'rb').read())
print(len(crl), [e.oid.dotted_string for e in crl.extensions], crl[0].extensions[0].value.reason.name)`;
  const der = await counter.file('list.der', list.body);
  const python = await run('/usr/bin/python3', ['-c', script, der]);
  assert.match(python.stdout, /^1 \['2\.5\.29\.35', '2\.5\.29\.20'.*\] superseded$/m);
});

test('lists are cacheable, come from a finished buffer, and are new after a revocation', async (t) => {
  const counter = await openCounter(t);
  const { scene } = counter;
  const host = await counter.issue();
  const get = (headers = {}) => scene.ask('GET', '/pki/issuing/crl', { headers });
  const first = await get();
  assert.match(first.headers['cache-control'] ?? '', /^public, max-age=300/);
  assert.equal((await get({ 'if-none-match': first.headers.etag })).status, 304);
  const logged = scene.lines.length;
  assert.ok((await get()).body.equals(first.body));
  assert.equal(scene.lines.length, logged);
  await counter.revoke(host);
  await scene.resources.revocation.publisher.settle();
  assert.ok(!(await get()).body.equals(first.body));
  assert.equal((await get({ 'if-none-match': first.headers.etag })).status, 200);
  const delta = await scene.ask('GET', '/pki/issuing/crl/delta');
  assert.equal(parseRevocationList(new Uint8Array(delta.body)).entries.length, 1);
  for (const path of [
    '/pki/issuing/crl/64-3',
    '/pki/issuing/crl/nonsense',
    '/pki/nobody/crl',
    '/o/other/pki/issuing/crl',
  ])
    assert.equal((await scene.ask('GET', path)).status, 404, path);
});

test('an admin has lists published, the root with its passphrase; others may look, and wrong words change nothing', async (t) => {
  const counter = await openCounter(t);
  const { scene, admin } = counter;
  // The server derives keys from passphrases at their full cost, unlike the scene.
  const { passphraseCost: _, ...parts } = pkiSceneOf(scene.home).parts;
  const wish = { name: 'costly', keyType: 'ecdsa-p256', subject: { CN: 'Costly' } } as const;
  await createRoot(parts, scene.home.caller, { ...wish, passphrase: rootPassphrase });
  const publish = (authority: string, json: object, as = admin) =>
    scene.ask('POST', `/api/authorities/${authority}/crl`, { as, json });
  const { status, json } = await publish('issuing', {});
  assert.equal(status, 200);
  const [list] = json.lists as { number: number; part: string; kind: string }[];
  assert.deepEqual([list?.kind, list?.part], ['complete', '']);
  assert.deepEqual((await publish('root', {})).json.rule, 'passphrase-needed');
  const root = await publish('costly', { passphrase: rootPassphrase });
  assert.deepEqual([root.status, root.json.warnings], [200, []]);
  assert.equal((await publish('costly', { passphrase: 'quite other words' })).json.rule, 'root-passphrase');
  const viewer = await scene.openPerson(scene.home, 'viewer');
  assert.equal((await publish('issuing', {}, viewer)).status, 403);
  const look = await scene.ask('GET', '/api/authorities/costly/revocation', { as: viewer });
  assert.deepEqual(look.json, root.json);
  const stranger = await scene.openKey(scene.other, ['read', 'admin']);
  assert.equal((await scene.ask('GET', '/o/other/api/authorities/root/revocation', { as: stranger })).status, 404);
});

async function withProgram<T>(program: string, args: readonly string[], use: () => Promise<T>): Promise<T> {
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    return await use();
  } finally {
    child.kill('SIGTERM');
  }
}

/** What `openssl s_client -status` sees of the server on `port`, tried until it is there and staples. */
async function readStaple(port: number, root: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    const client = run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-status', '-CAfile', root], {
      timeout: 10_000,
    });
    client.child.stdin?.end();
    const { stdout } = await client.catch(() => ({ stdout: '' }));
    if (stdout.includes('Cert Status') || tries === 100) return stdout;
    await sleep(100);
  }
}

test('openssl s_client sees the answer that nginx fetched from us and staples', async (t) => {
  const counter = await openCounter(t);
  const host = await counter.issue();
  const { issuer, certificate } = host;
  const { database, vault } = counter.scene.resources;
  const row = await findCertificate(database.query, host.row.organisation_id, host.row.id);
  const { purpose, reference } = certificateKeyPlace(host.row.id);
  const key = vault.unseal(purpose, reference, row?.sealed_key ?? '');
  const files = {
    chain: await counter.file('chain.pem', pem(certificate, issuer.certificate)),
    key: await counter.file('key.pem', encodePem('PRIVATE KEY', key)),
    trusted: await counter.file('trusted.pem', pem(issuer.certificate, ...issuer.chain)),
  };
  const port = await chooseFreePort();
  const scratch = await counter.file('nginx.pid', '').then((path) => join(path, '..'));
  const configuration = await counter.file(
    'nginx.conf',
    `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; pid ${scratch}/nginx.pid;
error_log ${scratch}/error.log; events { worker_connections 32; }
http { access_log off; client_body_temp_path ${scratch}/b; proxy_temp_path ${scratch}/p; fastcgi_temp_path ${scratch}/f;
uwsgi_temp_path ${scratch}/u; scgi_temp_path ${scratch}/s;
server { listen 127.0.0.1:${port} ssl; ssl_certificate ${files.chain}; ssl_certificate_key ${files.key};
ssl_stapling on; ssl_stapling_verify on; ssl_trusted_certificate ${files.trusted};
ssl_stapling_responder ${counter.scene.url}/pki/issuing/ocsp; } }`,
  );
  const args = ['-c', configuration, '-p', scratch, '-e', join(scratch, 'error.log')];
  const seen = await withProgram('nginx', args, () => readStaple(port, files.trusted));
  assert.match(seen, /OCSP Response Status: successful/);
  assert.match(seen, /Cert Status: good/);
  assert.match(seen, /Verify return code: 0 \(ok\)/);
});
