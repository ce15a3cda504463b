import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { sql } from 'kysely';
import { parseConfig } from '../../src/config.ts';
import { examine } from '../../src/doctor/doctor.ts';
import type { DoctorDependencies, Finding } from '../../src/doctor/finding.ts';
import { prepareKeptPair } from '../../src/pki/access/kept-pair.ts';
import { issueCertificate } from '../../src/pki/certificates/issue.ts';
import { openRequest } from '../../src/pki/certificates/request.ts';
import { parseNameText } from '../../src/pki/profiles/name-text.ts';
import { WeakKeys } from '../../src/pki/profiles/weak-keys.ts';
import { openScanner } from '../../src/releases/scanner/clamd.ts';
import { createSigningKey, revokeSigningKey } from '../../src/trust/signing-keys.ts';
import { importTrustList } from '../../src/trust/trust-lists.ts';
import { Vault } from '../../src/vault/vault.ts';
import { createPair } from '../http/tls/certificates.ts';
import { makeSigner, writeRequest } from '../pki/certificates/desk.ts';
import { pkiSceneOf } from '../pki/scene.ts';
import { problem } from '../planes-problem.ts';
import { addStoredDraft, openPlanesScene, openShop, type PlanesScene } from '../planes-scene.ts';
import { clamdMissing, startClamd } from '../releases/scanner/clamd.ts';
import { addProject, dayMs, type ListWish, type Scene, start, trustKey } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';
import { openMigratedSqlite } from '../storage/migrated.ts';

/** What every test server has: no scanner, no backup, and whatever the disk is like. */
const everywhere = ['scan-off', 'backup-none', 'disk-low'];

/** The findings of an organisation, without those. */
async function find(
  scene: PlanesScene,
  { organisation = scene.home, ...wish }: Partial<DoctorDependencies> & { organisation?: Scene } = {},
): Promise<readonly Finding[]> {
  const findings = await examine({ ...scene.resources, ...wish }, organisation.caller.organisationId);
  for (const { message, hint } of findings) assert.ok(message.length > 10 && hint.length > 5, message);
  return findings.filter(({ code }) => !everywhere.includes(code));
}

async function codes(...asked: Parameters<typeof find>): Promise<string[]> {
  return (await find(...asked)).map(({ level, code }) => `${level} ${code}`);
}

async function importList({ home }: PlanesScene, wish: ListWish): Promise<void> {
  await importTrustList(home.dependencies, home.caller, await home.signList(wish));
}

suite('the doctor', () => {
  test('has nothing to say of a server that is well, but for whom its projects are safe', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    assert.deepEqual(await codes(scene), ['info protection-nobody']);
  });

  test('says whether keys that others have are looked for, where certificates are issued', async (t) => {
    const scene = await openPlanesScene(t);
    const listed = async (keys = new WeakKeys()) =>
      (await codes(scene, { weakKeys: keys })).filter((code) => code.includes('weak-keys'));
    assert.deepEqual(await listed(), []);
    const pki = pkiSceneOf(scene.home);
    await pki.createRoot();
    await pki.createIntermediate();
    const issue = async (signer: CertificateSigner) =>
      issueCertificate(pki.parts, pki.caller, {
        ...{ authority: 'issuing', profile: 'server', source: 'request' },
        key: { kind: 'request', request: await openRequest(await writeRequest({ signer })) },
      });
    await issue(await makeSigner());
    await issueCertificate(pki.parts, pki.caller, {
      ...{ authority: 'issuing', profile: 'server', source: 'form', names: [parseNameText('dns:host.example')] },
      key: { kind: 'server', label: 'rsa-2048' },
    });
    assert.deepEqual(await listed(), ['info weak-keys-unlisted'], 'no RSA key of somebody else is certified');
    await issue(await createCertificateSigner(await createPrivateKey({ kind: 'rsa', modulusBits: 2048 })));
    assert.deepEqual(await listed(), ['warning weak-keys-unlisted']);
    assert.deepEqual(await listed(new WeakKeys(new Uint8Array(20))), ['info weak-keys-listed']);
  });

  test('sees a vault that is locked or absent', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    scene.resources.vault.lock();
    assert.deepEqual(await codes(scene), ['error vault-locked', 'info protection-nobody']);
    const dataDir = join(scene.resources.config.dataDir, 'empty');
    await mkdir(dataDir);
    const database = await openMigratedSqlite(dataDir);
    t.after(() => database.close());
    const vault = await Vault.open(database, scene.resources.now);
    assert.ok((await codes(scene, { database, vault })).includes('error vault-absent'));
  });

  test('sees roots that are not pinned, and lists that are missing, ending, ended or broken', async (t) => {
    const scene = await openPlanesScene(t);
    const { query } = scene.resources.database;
    assert.deepEqual(await codes(scene), ['error no-trust-list']);
    const { signer } = await createKeyPair();
    const keys = [trustKey(signer, { custody: 'maintainer' })];
    await importList(scene, { version: 1, keys, expiresAt: start + 100 * dayMs });
    assert.deepEqual(await codes(scene), []);
    scene.home.travel(20 * dayMs);
    assert.deepEqual(await codes(scene), ['warning trust-yellow']);
    scene.home.travel(60 * dayMs);
    const [red] = await find(scene);
    assert.deepEqual([red?.code, red?.message], ['trust-red', 'the trust list expires in 20 days']);
    scene.home.travel(30 * dayMs);
    const [expired] = await find(scene);
    assert.deepEqual([expired?.level, expired?.code], ['error', 'trust-red']);
    assert.match(expired?.message ?? '', /has expired/);
    await addProject(scene.home, 'rocket');
    const { signer: thief } = await createKeyPair();
    const forged = Buffer.from(await scene.home.signList({ version: 1, signers: [thief] })).toString();
    await query.updateTable('trust_list').set({ envelope: forged }).execute();
    assert.deepEqual(await codes(scene), ['error trust-chain-broken']);
    await query.deleteFrom('trust_root').execute();
    assert.deepEqual(
      (await codes(scene)).filter((code) => code.startsWith('error')),
      ['error no-root-pinned'],
    );
  });

  test('sees keys that are missing, stranded, or revoked here and not yet for clients', async (t) => {
    const scene = await openPlanesScene(t);
    const { home } = scene;
    await importList(scene, { version: 1 });
    assert.deepEqual(await codes(scene), ['warning no-signing-key']);
    const key = await home.openServerKey(2);
    assert.deepEqual(await codes(scene), []);
    await importList(scene, { version: 3 });
    assert.deepEqual(await codes(scene), ['error key-not-in-trust-list']);
    await importList(scene, { version: 4, keys: [key] });
    await revokeSigningKey(home.dependencies, home.caller, key.key.keyId);
    const findings = await find(scene);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['revoked-key-still-valid', 'no-signing-key'],
    );
    assert.ok(findings[0]?.hint.includes(key.key.keyId));
    const revoked = { ...key.key, reason: 'lost', revokedAt: start, effectiveFrom: undefined };
    await importList(scene, { version: 5, keys: [key], revoked: [revoked] });
    assert.deepEqual(await codes(scene), ['warning no-signing-key']);
    await createSigningKey(home.dependencies, home.caller, { scope: '*', label: 'not yet active' });
    assert.deepEqual(await codes(scene), ['warning no-signing-key']);
  });

  test('sees manifests that end soon, and those that do not verify', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    // An event that arrives later would have the manifest signed again.
    await scene.relay.drain();
    scene.home.travel(17 * dayMs);
    const soon = await find(scene);
    assert.deepEqual([soon[0]?.code, soon[0]?.level], ['manifest-expiring', 'warning']);
    assert.match(soon[0]?.message ?? '', /rocket \(stable\) expires in 13 days/);
    scene.home.travel(14 * dayMs);
    assert.deepEqual(await codes(scene), ['error manifest-unverifiable', 'info protection-nobody']);
  });

  test('says for whom each project is safe', async (t) => {
    const scene = await openPlanesScene(t);
    const { home } = scene;
    const server = await home.openServerKey(1);
    const { signer } = await createKeyPair();
    const maintainer = trustKey(signer, { custody: 'maintainer' });
    await addProject(home, 'rocket');
    const projects = [{ project: 'rocket', approvals: 1, counterEpoch: 0 }];
    await importList(scene, { version: 2, keys: [server, maintainer], projects });
    assert.deepEqual(await codes(scene), ['info protection-clients-that-know-scopes']);
    const as = await scene.openKey(home, ['read']);
    const shown = (await scene.ask('GET', '/api/projects/rocket', { as })).json;
    assert.deepEqual(shown.protection, { approvals: 1, protects: 'clients-that-know-scopes' });
    const revoked = { ...server.key, reason: 'given up', revokedAt: start, effectiveFrom: undefined };
    await revokeSigningKey(home.dependencies, home.caller, server.key.keyId);
    await importList(scene, { version: 3, keys: [maintainer], projects, revoked: [revoked] });
    assert.deepEqual(await codes(scene), ['info protection-every-client']);
  });

  test('sees files that are missing or of another size in its own organisation, and stored ones of nobody', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    const { blobs, config, database } = scene.resources;
    const row = await database.query.selectFrom('artifact').select('sha256').executeTakeFirstOrThrow();
    await blobs.remove(row.sha256);
    const [missing] = await find(scene);
    assert.deepEqual([missing?.level, missing?.code], ['error', 'blob-missing']);
    assert.match(missing?.message ?? '', /is missing/);
    assert.deepEqual(await codes(scene, { organisation: scene.other }), ['error no-trust-list']);
    const path = join(config.dataDir, 'short');
    await writeFile(path, 'short');
    await blobs.adopt(path, row.sha256);
    assert.match((await find(scene))[0]?.message ?? '', /is 5 bytes, not 18/);
    await blobs.remove(row.sha256);
    await writeFile(path, 'the bytes of 1.0.0');
    await blobs.adopt(path, row.sha256);
    assert.deepEqual(await codes(scene), ['info protection-nobody']);
    await writeFile(path, 'nobody');
    await blobs.adopt(path, 'ab'.repeat(32));
    assert.deepEqual(await codes(scene), ['info protection-nobody'], 'an upload may still be on its way');
    const now = () => Date.now() + 2 * dayMs;
    const orphans = await find(scene, { now });
    assert.deepEqual(orphans.at(-1)?.code, 'blob-orphans');
    assert.match(orphans.at(-1)?.message ?? '', /^1 stored files/);
  });

  test('sees an audit log that somebody changed', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    await scene.resources.database.query
      .updateTable('audit_event')
      .set({ actor_id: 'x' })
      .where('sequence', '=', 2)
      .execute();
    const [broken] = await find(scene);
    assert.deepEqual([broken?.level, broken?.code], ['error', 'audit-broken']);
    assert.match(broken?.message ?? '', /row 2/);
  });

  test('sees a server that is reached without HTTPS', async (t) => {
    const scene = await openPlanesScene(t);
    const dataDir = scene.resources.config.dataDir;
    const asked = async (environment: Record<string, string>) =>
      (await codes(scene, { config: parseConfig({ SIGNPOST_DATA: dataDir, ...environment }) })).includes(
        'warning no-https',
      );
    assert.equal(await asked({}), false);
    assert.equal(await asked({ SIGNPOST_LISTEN: '[::1]:8787' }), false);
    assert.equal(await asked({ SIGNPOST_LISTEN: '0.0.0.0:8787' }), true);
    assert.equal(await asked({ SIGNPOST_BASE_URL: 'http://releases.example' }), true);
    assert.equal(
      await asked({ SIGNPOST_LISTEN: '0.0.0.0:8787', SIGNPOST_BASE_URL: 'https://releases.example' }),
      false,
    );
  });

  test('sees a certificate of the server that ends soon, or has ended', async (t) => {
    const scene = await openPlanesScene(t);
    const dataDir = scene.resources.config.dataDir;
    // For two days from now on.
    const { certFile, keyFile } = createPair(dataDir, 'server');
    const files = { SIGNPOST_DATA: dataDir, SIGNPOST_TLS_CERT: certFile, SIGNPOST_TLS_KEY: keyFile };
    const asked = async (environment: Record<string, string>, now: number) => {
      const found = await codes(scene, { config: parseConfig(environment), now: () => now });
      return found.filter((code) => code.includes('tls'));
    };
    assert.deepEqual(await asked(files, Date.now()), ['warning tls-expiring']);
    assert.deepEqual(await asked(files, Date.now() + 3 * dayMs), ['error tls-expired']);
    assert.deepEqual(await asked(files, Date.now() - 30 * dayMs), []);
    const own = { SIGNPOST_DATA: dataDir, SIGNPOST_TLS_AUTHORITY: 'web' };
    assert.deepEqual(await asked(own, Date.now()), [], 'none is issued yet');
    const kept = {
      certificate_id: 'x',
      authority: 'web',
      names: [],
      not_before: 0,
      not_after: start,
      cert: '',
      key: '',
    };
    await (await prepareKeptPair(join(dataDir, 'tls'), kept))();
    assert.deepEqual(await asked(own, start + dayMs), ['error tls-expired']);
  });

  test('sees a disk that is full', {
    skip: process.platform === 'linux' ? false : 'only Linux has /proc',
  }, async (t) => {
    const scene = await openPlanesScene(t);
    const config = parseConfig({ SIGNPOST_DATA: '/proc' });
    const findings = await examine({ ...scene.resources, config }, scene.home.caller.organisationId);
    assert.match(findings.find(({ code }) => code === 'disk-low')?.message ?? '', /^0 MiB are free/);
  });

  test('sees that nothing is scanned, and that the scanner does not answer', async (t) => {
    const scene = await openPlanesScene(t);
    const all = async (wish: Partial<DoctorDependencies>) =>
      (await examine({ ...scene.resources, ...wish }, scene.home.caller.organisationId)).map(({ code }) => code);
    assert.ok((await all({})).includes('scan-off'));
    assert.ok((await all({ scanner: openScanner('/nowhere/clamd.sock') })).includes('scanner-unreachable'));
  });
});

async function findScanner(t: TestContext, address: string): Promise<string | undefined> {
  const scene = await openPlanesScene(t, { scanner: openScanner(address) });
  const findings = await examine(scene.resources, scene.home.caller.organisationId);
  const found = findings.find(({ code }) => code.startsWith('scan'));
  return found && `${found.level} ${found.code}: ${found.message}`;
}

test('the doctor sees signatures of an unknown age', { skip: clamdMissing() }, async (t) => {
  const clamd = await startClamd();
  t.after(() => clamd.stop());
  assert.match((await findScanner(t, clamd.address)) ?? '', /^info scanner-date-unknown/);
});

test('the doctor sees signatures that are old, and is content with fresh ones', async (t) => {
  // A clamd with a dated database needs one that ClamAV signed; what it says is clamd(8), VERSION.
  const say = async (date: string) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`ClamAV 1.4.6/27830/${date}\0`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const stale = await findScanner(t, await say('Tue Nov 10 08:00:00 2026'));
  assert.equal(stale, "warning scanner-stale: the scanner's signatures are 11 days old");
  assert.equal(await findScanner(t, await say('Fri Nov 20 08:00:00 2026')), undefined);
});

forEachEngine((engine, open) => {
  test('status and findings come over HTTP, to those who may ask', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { projectId } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '2.0.0' });
    const viewer = await scene.openPerson(scene.home, 'viewer');
    const { status, json } = await scene.ask('GET', '/api/status', { as: viewer });
    assert.equal(status, 200);
    assert.deepEqual(json, {
      ...{ version: '0.0.0-test', organisation: 'default', vault: 'unlocked', projects: 1, releases: 2, artifacts: 2 },
      engine: engine === 'SQLite' ? 'sqlite' : 'postgres',
      trust: { version: 1, expires_at: '2028-11-20T09:00:00.000Z', light: 'green' },
      scanner: { state: 'off', engine: null, version: null, signature_date: null },
      revocation: { light: 'none', troubled: 0 },
      certificates: { light: 'none', ends_at: null, ending: 0 },
      trust_roots: { light: 'none', roots: 0, troubled: 0 },
      watch: { light: 'none', sources: 0, unanswered: 0 },
      disk: null,
    });
    assert.equal(problem(await scene.ask('GET', '/api/status')), '401 unauthenticated');
    assert.equal(problem(await scene.ask('GET', '/api/doctor', { as: viewer })), '403 role');
    const admin = await scene.openKey(scene.home, ['admin']);
    const findings = (await scene.ask('GET', '/api/doctor', { as: admin })).json.findings as Finding[];
    const levels = findings.map(({ level }) => ['error', 'warning', 'info'].indexOf(level));
    assert.deepEqual(levels, levels.toSorted(), 'the worst first');
    assert.ok(findings.some(({ code }) => code === 'protection-nobody'));
  });
});

forEachEngine((engine, open) => {
  test('the doctor warns of a PostgreSQL that acknowledges what a crash can lose', async (t) => {
    const database = await open();
    const scene = await openPlanesScene(t, { database });
    const off: string[] = [];
    // The PostgreSQL of the tests runs with all three off; one that was given to them may not.
    for (const name of engine === 'PostgreSQL' ? ['fsync', 'full_page_writes', 'synchronous_commit'] : []) {
      const { rows } = await sql.raw<Record<string, string>>(`show ${name}`).execute(database.query);
      if (rows[0]?.[name] === 'off') off.push(`warning postgres-${name.replaceAll('_', '-')}`);
    }
    const found = await codes(scene);
    assert.deepEqual(
      found.filter((code) => code.includes('postgres')),
      off,
    );
  });
});

test('what the doctor cannot examine is a finding, and keeps nothing else from being one', async (t) => {
  const scene = await openPlanesScene(t);
  await openShop(scene);
  await rm(join(scene.resources.config.dataDir, 'blobs'), { recursive: true });
  const found = await codes(scene);
  assert.deepEqual(found, ['error blob-missing', 'error examination-failed', 'info protection-nobody']);
  assert.ok(scene.lines.some((line) => line.includes('an examination failed') && line.includes('ENOENT')));
});
