/** The server's own certificate from an authority of its own: issued once, kept, renewed in time, and shown while the vault is locked. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertKeyPair } from '../../../src/http/tls/key-pair.ts';
import { createAuthoritySource, type ServerCertificateParts } from '../../../src/pki/access/server-certificate.ts';
import { revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { openScene } from '../../http/scene.ts';
import { silentLog } from '../../silent-log.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import { accessChoice, openAccess } from './visitors.ts';

const dayMs = 86_400_000;

async function openSource(t: TestContext) {
  const scene = await openAccess(await openScene(t, accessChoice));
  const folder = join(await mkdtemp(join(tmpdir(), 'signpost-test-')), 'tls');
  t.after(() => rm(join(folder, '..'), { recursive: true, force: true }));
  const settings = { authority: 'issuing', names: ['dns:updates.internal', 'ip:127.0.0.1'], folder };
  const read = async (wish: Partial<ServerCertificateParts> = {}) => {
    const pair = await createAuthoritySource({ ...scene.parts, log: silentLog, ...settings, ...wish }).read();
    assertKeyPair(pair);
    return new X509Certificate(pair.cert);
  };
  return { ...scene, folder, read };
}

test('a server has a certificate of its authority for its names, and keeps it in its folder', async (t) => {
  const { folder, read, database } = await openSource(t);
  const shown = await read();
  assert.equal(shown.subjectAltName, 'DNS:updates.internal, IP Address:127.0.0.1');
  assert.equal((await read()).serialNumber, shown.serialNumber);
  assert.equal((await stat(join(folder, 'server.json'))).mode & 0o777, 0o600);
  const row = await database.query
    .selectFrom('certificate')
    .select(['source', 'created_by', 'profile'])
    .where('serial', '=', shown.serialNumber.toLowerCase())
    .executeTakeFirst();
  assert.deepEqual(row, { source: 'system', created_by: 'system', profile: 'server' });
});

test('it is issued anew past two thirds of its life, after its revocation, and for other names', async (t) => {
  const { read, travel, parts, caller, database } = await openSource(t);
  const first = await read();
  travel(59 * dayMs);
  assert.equal((await read()).serialNumber, first.serialNumber);
  travel(2 * dayMs);
  const second = await read();
  assert.notEqual(second.serialNumber, first.serialNumber);
  const { id } = await database.query
    .selectFrom('certificate')
    .select('id')
    .where('serial', '=', second.serialNumber.toLowerCase())
    .executeTakeFirstOrThrow();
  await revokeCertificate(parts, caller, { id, reason: 'keyCompromise' });
  const third = await read();
  assert.notEqual(third.serialNumber, second.serialNumber);
  const fourth = await read({ names: ['dns:other.internal'] });
  assert.equal(fourth.subjectAltName, 'DNS:other.internal');
});

test('it is kept to the end of its authority, as the next one would last no longer', async (t) => {
  const { read, travel, now, database } = await openSource(t);
  const { not_after: end } = await database.query
    .selectFrom('certificate')
    .innerJoin('authority', 'authority.id', 'certificate.subject_authority_id')
    .select('certificate.not_after')
    .where('authority.name', '=', 'issuing')
    .executeTakeFirstOrThrow();
  travel(end - 3 * dayMs - now());
  const last = await read();
  assert.equal(last.validToDate.getTime(), end);
  travel(3 * dayMs - 60_000);
  assert.equal((await read()).serialNumber, last.serialNumber);
});

test('while the vault is locked, or nothing can be issued, the one that is there is shown', async (t) => {
  const { read, travel, vault, folder } = await openSource(t);
  vault.lock();
  await assert.rejects(read(), { rule: 'tls-authority' });
  await vault.unlock(masterPassword);
  await assert.rejects(read({ authority: 'nobody' }), { code: 'not_found' });
  const first = await read();
  travel(80 * dayMs);
  vault.lock();
  assert.equal((await read()).serialNumber, first.serialNumber);
  await vault.unlock(masterPassword);
  assert.equal((await read({ authority: 'nobody' })).serialNumber, first.serialNumber);
  assert.notEqual((await read()).serialNumber, first.serialNumber);
  assert.deepEqual(await readdir(folder), ['server.json']);
});

test('a kept file that is damaged is made anew', async (t) => {
  const { read, folder } = await openSource(t);
  const first = await read();
  await writeFile(join(folder, 'server.json'), '{"cert":');
  assert.notEqual((await read()).serialNumber, first.serialNumber);
});
