import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAuthority } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { listAudit } from '../../../src/audit/store.ts';
import { describeAuthority, listAuthorityChains } from '../../../src/pki/authorities/description.ts';
import { assertIssuing, openIssuer } from '../../../src/pki/authorities/issuer.ts';
import { keyLabels } from '../../../src/pki/profiles/key-label.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { assertChainAccepted } from '../oracles.ts';
import { createPkiScene, type PkiScene, rootPassphrase } from '../scene.ts';

const dayMs = 86_400_000;

function open({ parts, caller }: PkiScene, authorityId: string) {
  return openIssuer(parts, { organisationId: caller.organisationId, authorityId });
}

forEachEngine((_engine, openDatabase) => {
  test('a root and an intermediate are made, and the intermediate signs', async () => {
    const scene = await createPkiScene(await openDatabase());
    const root = await scene.createRoot();
    const { id } = await scene.createIntermediate();
    const issuer = await open(scene, id);
    assert.equal(issuer.name, 'issuing');
    assert.equal(formatName(issuer.certificate.subject), 'O=Example, CN=issuing CA');
    assert.equal(issuer.chain.length, 1);
    const { basicConstraints, keyUsage } = issuer.certificate.extensions;
    assert.deepEqual(basicConstraints?.value, { isAuthority: true, pathLength: 0 });
    assert.ok(keyUsage?.value.has('digitalSignature'));
    await assertChainAccepted([issuer.certificate, ...issuer.chain], scene.parts.now());
    await assert.rejects(open(scene, root.id), { code: 'conflict', rule: 'passphrase-needed' });
    const rows = await listAudit(scene.parts.database, { action: 'authority.created', limit: 10 });
    assert.deepEqual(
      rows.map(({ object_id }) => object_id),
      [root.id, id],
    );
    assert.ok(!JSON.stringify(rows).includes(rootPassphrase));
  });

  test('the tree grows as deep as path lengths permit, and no deeper', async () => {
    const scene = await createPkiScene(await openDatabase());
    await scene.createRoot({ pathLength: 2 });
    const tooDeep = scene.createIntermediate({ name: 'policy', pathLength: 2 });
    await assert.rejects(tooDeep, { code: 'invalid', rule: 'path-length' });
    await scene.createIntermediate({ name: 'policy', pathLength: 1 });
    const { id } = await scene.createIntermediate({ parent: 'policy' });
    const issuer = await open(scene, id);
    assert.equal(issuer.chain.length, 2);
    await assertChainAccepted([issuer.certificate, ...issuer.chain], scene.parts.now());
    const below = scene.createIntermediate({ name: 'below', parent: 'issuing' });
    await assert.rejects(below, { code: 'invalid', rule: 'path-length' });
  });

  test('a name is used once, a life is within its profile and its issuer', async () => {
    const scene = await createPkiScene(await openDatabase());
    await scene.createRoot({ days: 100 });
    await assert.rejects(scene.createRoot(), { code: 'conflict', rule: 'name-taken' });
    for (const name of ['', '-a', 'A', 'a'.repeat(64), 'a/b', '../x', 'ä']) {
      await assert.rejects(scene.createRoot({ name }), { code: 'invalid', rule: 'authority-name' });
    }
    await assert.rejects(scene.createRoot({ name: 'long', days: 20_000 }), { code: 'invalid', rule: 'lifetime' });
    await scene.createIntermediate({ days: 3000 });
    const { organisationId } = scene.caller;
    const root = await describeAuthority(scene.parts, organisationId, 'root');
    const issuing = await describeAuthority(scene.parts, organisationId, 'issuing');
    assert.equal(issuing.notAfter, root.notAfter);
    assert.equal(root.notAfter, scene.parts.now() + 100 * dayMs);
  });

  test('subjects that no certificate can carry are refused, and change nothing', async () => {
    const scene = await createPkiScene(await openDatabase());
    const wrong: Readonly<Record<string, unknown>>[] = [
      {},
      { O: 'Example' },
      { CN: '' },
      { CN: 'a\u0000b' },
      { CN: 'a\u202eb' },
      { CN: 'x'.repeat(65) },
      { CN: 'ok', C: 'at' },
      { CN: 'ok', SERIAL: '1' },
      { CN: 'ok', toString: 'x' },
      { CN: 'ok', constructor: 'x' },
      { CN: 'ok', '2.5.4.3': 'other' },
    ];
    for (const subject of wrong) {
      await assert.rejects(scene.createRoot({ subject: subject as Record<string, string> }), { code: 'invalid' });
    }
    const { organisationId } = scene.caller;
    await assert.rejects(describeAuthority(scene.parts, organisationId, 'root'), { code: 'not_found' });
  });

  test('a wrong passphrase, a locked vault or a parent of somebody else makes no intermediate', async () => {
    const scene = await createPkiScene(await openDatabase());
    await scene.createRoot();
    const wrong = scene.createIntermediate({ passphrase: 'not the passphrase' });
    await assert.rejects(wrong, { code: 'forbidden', rule: 'root-passphrase' });
    const without = scene.createIntermediate({ passphrase: undefined });
    await assert.rejects(without, { code: 'invalid', rule: 'passphrase-needed' });
    await assert.rejects(scene.createIntermediate({ parent: 'nobody' }), { code: 'not_found' });
    scene.parts.vault.lock();
    await assert.rejects(scene.createIntermediate(), { code: 'vault_locked' });
    await scene.parts.vault.unlock('a long master password');
    await scene.createIntermediate();
  });

  test('name constraints of an intermediate stand in its certificate', async () => {
    const scene = await createPkiScene(await openDatabase());
    await scene.createRoot();
    const nameConstraints = { permitted: ['dns:example.com', 'ip:10.0.0.0/8'], excluded: ['dns:secret.example.com'] };
    const issuer = await open(scene, (await scene.createIntermediate({ nameConstraints })).id);
    const found = issuer.certificate.extensions.nameConstraints;
    assert.equal(found?.critical, true);
    assert.deepEqual([found?.value.permitted.length, found?.value.excluded.length], [2, 1]);
    await assertChainAccepted([issuer.certificate, ...issuer.chain], scene.parts.now());
    const wrong = { permitted: ['dns:*.com'], excluded: [] };
    await assert.rejects(scene.createIntermediate({ name: 'other', nameConstraints: wrong }), { code: 'invalid' });
  });

  test('an opened issuer is forgotten when the vault is locked, and ends with its certificate', async () => {
    const scene = await createPkiScene(await openDatabase());
    await scene.createRoot();
    const { id } = await scene.createIntermediate({ days: 10 });
    assert.equal(await open(scene, id), await open(scene, id));
    scene.parts.vault.lock();
    await assert.rejects(open(scene, id), { code: 'vault_locked' });
    await scene.parts.vault.unlock('a long master password');
    await open(scene, id);
    const elsewhere = openIssuer(scene.parts, { organisationId: 'another', authorityId: id });
    await assert.rejects(elsewhere, { code: 'not_found' });
    scene.travel(11 * dayMs);
    await assert.rejects(open(scene, id), { code: 'conflict', rule: 'authority-expired' });
    await scene.parts.database.transaction((tx) =>
      assertIssuing(tx, { organisationId: scene.caller.organisationId, authorityId: id }),
    );
  });
});

test('every key type makes a root and an intermediate that openssl and GnuTLS accept', async (t) => {
  const { openMigratedSqlite } = await import('../../storage/migrated.ts');
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const database = await openMigratedSqlite(dataDir);
  t.after(async () => {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const scene = await createPkiScene(database);
  for (const keyType of keyLabels.filter((label) => label !== 'rsa-4096')) {
    await scene.createRoot({ name: `root-${keyType}`, keyType });
    await scene.createIntermediate({ name: `sub-${keyType}`, keyType, parent: `root-${keyType}` });
    const [chain] = await listAuthorityChains(scene.parts, scene.caller.organisationId, `sub-${keyType}`);
    const certificates = (chain ?? []).map(({ certificate }) => certificate);
    assert.ok(certificates.every(isAuthority) && certificates.length === 2);
    await assertChainAccepted(certificates, scene.parts.now());
  }
});
