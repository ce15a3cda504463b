/** Timestamps over HTTP, asked for and judged by OpenSSL. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { openPlanesScene } from '../../planes-scene.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import { pkiSceneOf } from '../scene.ts';

const run = promisify(execFile);
const queryType = { 'content-type': 'application/timestamp-query' };

test('OpenSSL asks, and verifies what the server answers', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const scene = await openPlanesScene(t, { environment: { SIGNPOST_PKI_URL: 'http://pki.example' } });
  const pki = pkiSceneOf(scene.home);
  const root = await pki.createRoot();
  await pki.createIntermediate();
  const admin = await scene.openPerson(scene.home, 'admin');
  const manager = await scene.openPerson(scene.home, 'manager');

  const path = '/api/authorities/issuing/tsa';
  assert.equal((await scene.ask('GET', path, { as: admin })).status, 404);
  assert.equal((await scene.ask('POST', path, { as: manager, json: {} })).status, 403);
  assert.equal((await scene.ask('POST', path, { as: admin, json: { policy: 'mine' } })).status, 400);
  const enabled = await scene.ask('POST', path, { as: admin, json: { policy: '1.3.6.1.4.1.99999.1', ordered: true } });
  assert.equal(enabled.status, 200);
  assert.equal(enabled.json.url, 'http://pki.example/pki/issuing/tsa');
  const status = await scene.ask('GET', path, { as: manager });
  assert.equal(status.body.toString(), enabled.body.toString());

  const { der } = await scene.resources.database.query
    .selectFrom('certificate')
    .select('der')
    .where('subject_authority_id', '=', root.id)
    .executeTakeFirstOrThrow();
  const file = (name: string) => join(folder, name);
  await writeFile(file('root.pem'), encodePem('CERTIFICATE', Buffer.from(der, 'base64')));
  await writeFile(file('message'), 'what was there');
  const at = String(Math.floor(scene.resources.now() / 1000));
  const judge = ['-CAfile', file('root.pem'), '-attime', at];
  for (const hash of ['sha256', 'sha384', 'sha512']) {
    await run('openssl', ['ts', '-query', '-data', file('message'), `-${hash}`, '-cert', '-out', file('query')]);
    const body = await readFile(file('query'));
    const answer = await scene.ask('POST', '/pki/issuing/tsa', { body, headers: queryType });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/timestamp-reply');
    assert.equal(answer.headers['cache-control'], 'no-store');
    await writeFile(file('reply'), answer.body);
    await run('openssl', ['ts', '-verify', '-in', file('reply'), '-queryfile', file('query'), ...judge]);
    await run('openssl', ['ts', '-reply', '-in', file('reply'), '-token_out', '-out', file('token')]);
    const token = ['-in', file('token'), '-inform', 'DER', '-out', file('info')];
    await run('openssl', ['cms', '-verify', '-purpose', 'timestampsign', ...token, ...judge]);
    const { stdout } = await run('openssl', ['ts', '-reply', '-in', file('reply'), '-text']);
    assert.match(stdout, /Policy OID: 1\.3\.6\.1\.4\.1\.99999\.1\n/);
    assert.match(stdout, /Ordering: yes/);
  }

  await run('openssl', ['ts', '-query', '-data', file('message'), '-sha1', '-out', file('query')]);
  const weak = await scene.ask('POST', '/pki/issuing/tsa', { body: await readFile(file('query')), headers: queryType });
  assert.equal(weak.status, 200);
  await writeFile(file('reply'), weak.body);
  const { stdout } = await run('openssl', ['ts', '-reply', '-in', file('reply'), '-text']);
  assert.match(stdout, /Status: Rejected\.[\s\S]*unrecognized or unsupported algorithm identifier/);

  assert.equal((await scene.ask('POST', '/pki/issuing/tsa', { json: {} })).status, 415);
  assert.equal((await scene.ask('POST', '/pki/nowhere/tsa', { body: 'x', headers: queryType })).status, 404);
  assert.equal((await scene.ask('POST', '/o/other/pki/issuing/tsa', { body: 'x', headers: queryType })).status, 404);
  scene.resources.vault.lock();
  const locked = await scene.ask('POST', '/pki/issuing/tsa', {
    body: await readFile(file('query')),
    headers: queryType,
  });
  assert.equal(locked.status, 200, 'a weak digest is refused before the key is needed');
  await run('openssl', ['ts', '-query', '-data', file('message'), '-sha256', '-out', file('query')]);
  const silent = await scene.ask('POST', '/pki/issuing/tsa', {
    body: await readFile(file('query')),
    headers: queryType,
  });
  assert.equal(silent.status, 503);
  assert.equal(silent.headers['content-type'], 'application/timestamp-reply');
  await scene.resources.vault.unlock(masterPassword);
  assert.equal((await scene.ask('DELETE', path, { as: manager })).status, 403);
  const off = await scene.ask('DELETE', path, { as: await scene.openKey(scene.home, ['admin']) });
  assert.equal(off.status, 204);
});
