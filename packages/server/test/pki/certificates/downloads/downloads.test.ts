/** Certificates and keys as files, over HTTP, opened by OpenSSL; and who gets them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parsePem } from '@signpost/protocol/asn1/pem';
import { decryptPrivateKey } from '@signpost/protocol/cms/encrypted-key';
import { parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import { countSealedKeys } from '../../../../src/pki/certificates/downloads/store.ts';
import { issueCertificate } from '../../../../src/pki/certificates/issue.ts';
import { parseNameText } from '../../../../src/pki/profiles/name-text.ts';
import type { CertificateRow } from '../../../../src/pki/records/certificate-row.ts';
import { type Answer, openPlanesScene, type PlanesChoice, type PlanesScene } from '../../../planes-scene.ts';
import { forEachEngine } from '../../../storage/engines.ts';
import { masterPassword } from '../../../vault/opened-vault.ts';
import { pkiSceneOf } from '../../scene.ts';
import { askFor } from '../desk.ts';

const run = promisify(execFile);
const personPassword = 'correct horse battery';

interface Desk {
  readonly scene: PlanesScene;
  readonly pki: ReturnType<typeof pkiSceneOf>;
  /** Its key is on the server. */
  readonly own: CertificateRow;
  /** Its key never was. */
  readonly requested: CertificateRow;
}

async function openDesk(t: TestContext, choice: PlanesChoice): Promise<Desk> {
  const environment = { SIGNPOST_LOGINS_PER_MINUTE: '100', ...choice.environment };
  const scene = await openPlanesScene(t, { ...choice, environment });
  const pki = pkiSceneOf(scene.home);
  await pki.createRoot();
  await pki.createIntermediate();
  const wish = { authority: 'issuing', profile: 'server', names: [parseNameText('dns:*.host.example')] };
  const own = await issueCertificate(pki.parts, pki.caller, {
    ...{ ...wish, key: { kind: 'server', label: 'ecdsa-p256' }, source: 'form' },
  });
  const requested = await issueCertificate(pki.parts, pki.caller, {
    ...{ ...wish, key: { kind: 'request', request: await askFor() }, source: 'request' },
  });
  return { scene, pki, own: own.row, requested: requested.row };
}

async function listActs({ scene }: Desk): Promise<readonly string[]> {
  const { query } = scene.resources.database;
  const rows = await query.selectFrom('audit_event').select(['action', 'outcome']).orderBy('sequence').execute();
  const kinds = /^certificate\.(?:key|p12)|step_up/;
  return rows.filter(({ action }) => kinds.test(action)).map(({ action }) => action);
}

function countPem({ body }: Answer): number {
  return parsePem(body.toString(), 1_000_000).length;
}

forEachEngine((_engine, openDatabase) => {
  test('a certificate comes in every format, with its type and name', async (t) => {
    const { scene, own } = await openDesk(t, { database: await openDatabase() });
    const as = await scene.openPerson(scene.home, 'viewer');
    const ask = (query: string) => scene.ask('GET', `/api/certificates/${own.id}/download${query}`, { as });
    const name = 'wildcard.host.example';
    for (const [query, type, file, count] of [
      ['', 'application/pem-certificate-chain', `${name}.pem`, 1],
      ['?format=chain', 'application/pem-certificate-chain', `${name}.chain.pem`, 1],
      ['?format=fullchain', 'application/pem-certificate-chain', `${name}.fullchain.pem`, 2],
      ['?format=der', 'application/pkix-cert', `${name}.cer`, 0],
      ['?format=p7b', 'application/x-pkcs7-certificates', `${name}.p7b`, 0],
    ] as const) {
      const answer = await ask(query);
      assert.equal(answer.status, 200, query);
      assert.equal(answer.headers['content-type'], type);
      assert.equal(answer.headers['content-disposition'], `attachment; filename="${file}"`);
      assert.equal(answer.headers['cache-control'], 'private, no-store');
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      if (count > 0) assert.equal(countPem(answer), count);
    }
    assert.equal((await ask('?format=der')).body.toString('base64'), own.der);
    const [leaf, above] = parsePem((await ask('?format=fullchain')).body.toString(), 100_000);
    const issuer = new X509Certificate(above?.bytes ?? new Uint8Array());
    assert.ok(new X509Certificate(leaf?.bytes ?? new Uint8Array()).checkIssued(issuer));
    const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'all.p7b'), (await ask('?format=p7b')).body);
    const { stdout } = await run('openssl', [
      'pkcs7',
      '-inform',
      'DER',
      '-in',
      join(folder, 'all.p7b'),
      '-print_certs',
    ]);
    assert.equal(stdout.match(/BEGIN CERTIFICATE/g)?.length, 3);
    assert.equal((await ask('?format=p12')).status, 400);
  });

  test("authorities' certificates have chains of their own, the root none", async (t) => {
    const { scene } = await openDesk(t, { database: await openDatabase() });
    const as = await scene.openKey(scene.home, ['read']);
    const rows = await scene.resources.database.query
      .selectFrom('certificate')
      .select(['id', 'profile'])
      .where('subject_authority_id', 'is not', null)
      .execute();
    for (const [profile, count] of [
      ['root', 0],
      ['intermediate', 1],
    ] as const) {
      const id = rows.find((row) => row.profile === profile)?.id;
      const answer = await scene.ask('GET', `/api/certificates/${id}/download?format=chain`, { as });
      assert.equal(answer.status, 200, profile);
      assert.equal(countPem(answer), count);
    }
  });

  test('a chain that is not in force is refused rather than cut short', async (t) => {
    const { scene, own } = await openDesk(t, { database: await openDatabase() });
    const as = await scene.openKey(scene.home, ['read']);
    await scene.resources.database.query
      .updateTable('certificate')
      .set({ state: 'revoked', reason: 'superseded', revoked_at: 1 })
      .where('profile', '=', 'intermediate')
      .execute();
    const answer = await scene.ask('GET', `/api/certificates/${own.id}/download?format=fullchain`, { as });
    assert.equal(answer.status, 409);
    assert.equal(answer.json.rule, 'chain-missing');
    assert.equal((await scene.ask('GET', `/api/certificates/${own.id}/download`, { as })).status, 200);
  });

  test('the private key goes to an admin who types the password again, and into the audit log', async (t) => {
    const desk = await openDesk(t, { database: await openDatabase() });
    const { scene, own, requested } = desk;
    assert.equal(await countSealedKeys(scene.resources.database.query), 1);
    const admin = await scene.openPerson(scene.home, 'admin');
    const ask = (json: object, { as = admin, id = own.id } = {}) =>
      scene.ask('POST', `/api/certificates/${id}/private-key`, { as, json });
    const plain = await ask({ password: personPassword });
    assert.equal(plain.status, 200);
    assert.equal(plain.headers['content-disposition'], 'attachment; filename="wildcard.host.example.key.pem"');
    assert.equal(plain.headers['cache-control'], 'private, no-store');
    const [key] = parsePem(plain.body.toString(), 10_000);
    assert.equal(key?.label, 'PRIVATE KEY');
    const passphrase = 'a passphrase to type';
    const encrypted = await ask({ password: personPassword, passphrase });
    const [block] = parsePem(encrypted.body.toString(), 10_000);
    assert.equal(block?.label, 'ENCRYPTED PRIVATE KEY');
    assert.deepEqual(await decryptPrivateKey(block?.bytes ?? new Uint8Array(), passphrase), key?.bytes);

    const wrong = await ask({ password: 'wrong horse battery' });
    assert.equal(wrong.status, 403);
    assert.equal(wrong.json.rule, 'step-up');
    assert.equal((await ask({})).status, 400);
    assert.equal((await ask({ password: personPassword, passphrase: 'short' })).status, 400);
    const elsewhere = await ask({ password: personPassword }, { id: requested.id });
    assert.equal(elsewhere.status, 409);
    assert.equal(elsewhere.json.rule, 'key-elsewhere');
    for (const as of [
      await scene.openPerson(scene.home, 'manager'),
      await scene.openPerson(scene.home, 'viewer'),
      await scene.openKey(scene.home, ['admin', 'manage', 'read']),
    ]) {
      assert.equal((await ask({ password: personPassword }, { as })).status, 403);
    }
    const exported = 'certificate.key_exported';
    assert.deepEqual(await listActs(desk), [exported, exported, 'session.step_up_refused']);
    const told = scene.lines.join('\n');
    assert.ok(!told.includes(passphrase) && !told.includes(personPassword));
  });

  test('PKCS#12 opens under the password that is shown once', async (t) => {
    const desk = await openDesk(t, { database: await openDatabase() });
    const { scene, own } = desk;
    const admin = await scene.openPerson(scene.home, 'admin');
    const manager = await scene.openPerson(scene.home, 'manager');
    const path = `/api/certificates/${own.id}`;
    const show = (as = admin, password = personPassword) =>
      scene.ask('POST', `${path}/p12-password`, { as, json: { password } });
    assert.equal((await show()).json.rule, 'no-p12-password');
    const files = [
      await scene.ask('POST', `${path}/p12`, { as: manager }),
      await scene.ask('POST', `${path}/p12`, { as: await scene.openKey(scene.home, ['manage']) }),
    ];
    assert.equal((await show(manager)).status, 403);
    assert.equal((await show(admin, 'wrong horse battery')).status, 403);
    const shown = await show();
    assert.equal(shown.status, 200);
    assert.equal(shown.headers['cache-control'], 'no-store');
    const password = String(shown.json.p12_password);
    assert.match(password, /^(?:[a-z2-9]{5}-){5}[a-z2-9]{5}$/);
    for (const { status, headers, body } of files) {
      assert.equal(status, 200);
      assert.equal(headers['content-type'], 'application/pkcs12');
      assert.equal(headers['content-disposition'], 'attachment; filename="wildcard.host.example.p12"');
      const found = await parsePkcs12(new Uint8Array(body), password);
      assert.equal(found.certificates.length, 3);
      assert.equal(found.certificates[0]?.friendlyName, 'wildcard.host.example');
      assert.equal(found.keys.length, 1);
    }
    assert.equal((await show()).json.rule, 'no-p12-password');
    const next = await scene.ask('POST', `${path}/p12`, { as: admin });
    await assert.rejects(parsePkcs12(new Uint8Array(next.body), password), { code: 'password_wrong' });
    const made = 'certificate.p12_exported';
    const acts = [made, made, 'session.step_up_refused', 'certificate.p12_password_shown', made];
    assert.deepEqual(await listActs(desk), acts);
    const { sealed_password: sealed } = await scene.resources.database.query
      .selectFrom('certificate')
      .select('sealed_password')
      .where('id', '=', own.id)
      .executeTakeFirstOrThrow();
    assert.match(sealed ?? '', /^v1\./);
  });

  test('another organisation, a wrong id and a locked vault get nothing', async (t) => {
    const { scene, own } = await openDesk(t, { database: await openDatabase() });
    const other = await scene.openPerson(scene.other, 'admin');
    const admin = await scene.openPerson(scene.home, 'admin');
    const json = { password: personPassword };
    for (const [method, action, body] of [
      ['GET', 'download', {}],
      ['POST', 'p12', {}],
      ['POST', 'p12-password', { json }],
      ['POST', 'private-key', { json }],
    ] as const) {
      const path = `/api/certificates/${own.id}/${action}`;
      assert.equal((await scene.ask(method, `/o/other${path}`, { as: other, ...body })).status, 404, action);
      const wrong = path.replace(own.id, '01930000-0000-7000-8000-000000000000');
      assert.equal((await scene.ask(method, wrong, { as: admin, ...body })).status, 404, action);
    }
    const key = await scene.openKey(scene.home, ['manage']);
    scene.resources.vault.lock();
    const locked = await scene.ask('POST', `/api/certificates/${own.id}/p12`, { as: key });
    assert.equal(locked.status, 503);
    await scene.resources.vault.unlock(masterPassword);
  });

  test('guessing the password through a key is limited like logging in', async (t) => {
    const database = await openDatabase();
    const { scene, own } = await openDesk(t, { database, environment: { SIGNPOST_LOGINS_PER_MINUTE: '2' } });
    const as = await scene.openPerson(scene.home, 'admin');
    const path = `/api/certificates/${own.id}/private-key`;
    const statuses: number[] = [];
    for (let guess = 0; guess < 3; guess++) {
      statuses.push((await scene.ask('POST', path, { as, json: { password: 'wrong horse battery' } })).status);
    }
    assert.deepEqual(statuses, [403, 403, 429]);
  });
});
