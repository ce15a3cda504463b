/** Lists of authorities whose keys are elsewhere: published when they are theirs, current, whole, and newer than the last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { deriveKeyIdentifier } from '@signpost/protocol/keys/subject-key';
import { createName } from '@signpost/protocol/x509/name';
import { createSerialNumber, signCertificate } from '@signpost/protocol/x509/write-certificate';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import {
  encodeEntry,
  type RevocationListToWrite,
  signRevocationList,
} from '@signpost/protocol/x509/write-revocation-list';
import { requireAuthority } from '../../../src/pki/authorities/authority.ts';
import { revokeAuthority } from '../../../src/pki/authorities/end.ts';
import { importAuthority } from '../../../src/pki/authorities/import-authority.ts';
import { issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { formatSerial } from '../../../src/pki/records/certificate-row.ts';
import { findCertificate } from '../../../src/pki/records/store.ts';
import { importList } from '../../../src/pki/revocation/lists/import.ts';
import { orderPublication } from '../../../src/pki/revocation/root.ts';
import { describeRevocation } from '../../../src/pki/revocation/status.ts';
import { findList } from '../../../src/pki/revocation/store.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { createRevocationScene, type RevocationScene } from './scene.ts';

const dayMs = 86_400_000;

/** A root that is elsewhere, and the serial number of the intermediate below it, which is here. */
interface Elsewhere {
  readonly signer: CertificateSigner;
  readonly serial: Uint8Array;
  writeList(wish?: Partial<RevocationListToWrite>): Promise<Uint8Array<ArrayBuffer>>;
}

const rootName = createName([['CN', 'Elsewhere']]);

async function openElsewhere({ parts, caller }: RevocationScene): Promise<Elsewhere> {
  const [rootKey, key] = await Promise.all([makeKey(), makeKey()]);
  const now = Math.floor(parts.now() / 1000) * 1000;
  const certify = async (subject: string, spkiOf: CertificateSigner) => {
    const subjectKeyIdentifier = await deriveKeyIdentifier(spkiOf.subjectKey);
    const authorityKeyIdentifier = await deriveKeyIdentifier(rootKey.signer.subjectKey);
    const serialNumber = createSerialNumber();
    const bytes = await signCertificate(
      {
        ...{ serialNumber, issuer: rootName, subject: createName([['CN', subject]]), spki: spkiOf.subjectKey.spki },
        ...{ notBefore: now - dayMs, notAfter: now + 1000 * dayMs },
        extensions: encodeExtensions({
          basicConstraints: { isAuthority: true, pathLength: undefined },
          keyUsage: ['keyCertSign', 'cRLSign'],
          ...{ subjectKeyIdentifier, authorityKeyIdentifier },
        }),
      },
      rootKey.signer,
    );
    return { bytes, serialNumber };
  };
  const [root, own] = [await certify('Elsewhere', rootKey.signer), await certify('Taken', key.signer)];
  const blocks = [
    encodePem('PRIVATE KEY', key.pkcs8),
    ...[own, root].map(({ bytes }) => encodePem('CERTIFICATE', bytes)),
  ];
  await importAuthority(parts, caller, { name: 'taken', pem: blocks.join('') });
  const { signer } = rootKey;
  const usual = {
    ...{ issuer: rootName, authorityKeyIdentifier: await deriveKeyIdentifier(signer.subjectKey), entries: [] },
    ...{ thisUpdate: now, nextUpdate: now + 30 * dayMs, number: 7n },
  };
  return {
    ...{ signer, serial: own.serialNumber },
    writeList: (wish = {}) => signRevocationList({ ...usual, ...wish }, signer),
  };
}

async function makeKey(): Promise<{ readonly signer: CertificateSigner; readonly pkcs8: Uint8Array<ArrayBuffer> }> {
  const pkcs8 = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
  return { signer: await createCertificateSigner(pkcs8), pkcs8 };
}

const authority = 'taken-issuer';

forEachEngine((_engine, openDatabase) => {
  test('a list of an offline root is published, and the next one only with a higher number', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const { writeList } = await openElsewhere(scene);
    const bytes = await writeList();
    const stored = await importList(parts, caller, { authority, bytes });
    const row = await findList(parts.database.query, stored.authority_id, { kind: 'complete', part: '' });
    assert.equal(row?.der, Buffer.from(bytes).toString('base64'));
    for (const number of [7n, 6n]) {
      const older = await writeList({ number });
      await assert.rejects(importList(parts, caller, { authority, bytes: older }), {
        code: 'conflict',
        rule: 'list-number',
      });
    }
    await importList(parts, caller, { authority, bytes: await writeList({ number: 8n }) });
    const status = await describeRevocation(parts, caller.organisationId, authority);
    assert.deepEqual([status.lists[0]?.number, status.behind, status.warnings.length], [8, false, 0]);
    scene.travel(16 * dayMs);
    assert.match((await describeRevocation(parts, caller.organisationId, authority)).warnings.join(), /import one/);
  });

  test('a list that is not theirs, not current, not whole or not signed by them is refused, and changes nothing', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const { writeList, signer } = await openElsewhere(scene);
    const now = Math.floor(parts.now() / 1000) * 1000;
    const other = await makeKey();
    const forged = { ...signer, sign: other.signer.sign };
    const usual = { issuer: rootName, authorityKeyIdentifier: new Uint8Array(20), entries: [] };
    const byOther = await signRevocationList(
      { ...usual, thisUpdate: now, nextUpdate: now + dayMs, number: 9n },
      forged,
    );
    const cases: readonly (readonly [string, Uint8Array<ArrayBuffer>, object])[] = [
      ['nonsense', Uint8Array.of(0x30, 0), { code: 'malformed' }],
      ['another key', byOther, { code: 'bad_signature' }],
      ['another name', await writeList({ issuer: createName([['CN', 'Other']]) }), { rule: 'other-issuer' }],
      ['of the future', await writeList({ thisUpdate: now + 600_000 }), { rule: 'not-current' }],
      [
        'of the past',
        await writeList({ thisUpdate: now - 2 * dayMs, nextUpdate: now - dayMs }),
        { rule: 'not-current' },
      ],
      ['a delta', await writeList({ deltaBase: 3n }), { rule: 'partial-list' }],
      ['a part', await writeList({ scope: { only: 'users' } }), { rule: 'partial-list' }],
      ['number 0', await writeList({ number: 0n }), { rule: 'list-number' }],
      ['number 2^64', await writeList({ number: 2n ** 64n }), { rule: 'list-number' }],
    ];
    for (const [name, bytes, expected] of cases) {
      await assert.rejects(importList(parts, caller, { authority, bytes }), expected, name);
    }
    const list = await describeRevocation(parts, caller.organisationId, authority);
    assert.deepEqual(list.lists, []);
  });

  test('a list that leaves out what is revoked here is refused', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const { writeList, serial } = await openElsewhere(scene);
    await importList(parts, caller, { authority, bytes: await writeList() });
    await revokeAuthority(parts, caller, { authority: 'taken', reason: 'cACompromise' });
    const status = await describeRevocation(parts, caller.organisationId, authority);
    assert.match(status.warnings.join(), /does not hold what was revoked/);
    const without = await writeList({ number: 8n });
    await assert.rejects(importList(parts, caller, { authority, bytes: without }), { rule: 'list-incomplete' });
    const entries = [encodeEntry({ serialNumber: serial, revokedAt: parts.now(), reason: 'cACompromise' })];
    await importList(parts, caller, { authority, bytes: await writeList({ number: 8n, entries }) });
    assert.deepEqual((await describeRevocation(parts, caller.organisationId, authority)).warnings, []);
  });

  test('a list from before the published one is refused, whatever its number', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const { writeList } = await openElsewhere(scene);
    await importList(parts, caller, { authority, bytes: await writeList() });
    const thisUpdate = Math.floor(parts.now() / 1000) * 1000 - dayMs;
    const older = importList(parts, caller, { authority, bytes: await writeList({ number: 8n, thisUpdate }) });
    await assert.rejects(older, { code: 'conflict', rule: 'list-older' });
    const status = await describeRevocation(parts, caller.organisationId, authority);
    assert.equal(status.lists[0]?.number, 7);
  });

  test('what a list revokes is revoked here: an authority with all below it, when that is wanted', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const { query } = parts.database;
    const { writeList, serial } = await openElsewhere(scene);
    const { row: leaf } = await issueCertificate(parts, caller, {
      ...{ authority: 'taken', profile: 'server', source: 'form', key: { kind: 'server', label: 'ecdsa-p256' } },
      names: [{ kind: 'dns', text: 'host.example' }],
    });
    const readState = async () => {
      const { state } = await requireAuthority(query, caller.organisationId, 'taken');
      const row = await findCertificate(query, caller.organisationId, leaf.id);
      return [state, row?.state, row?.reason];
    };
    const revokedAt = Math.floor(parts.now() / 1000) * 1000 - 5000;
    const entries = [encodeEntry({ serialNumber: serial, revokedAt, reason: 'cessationOfOperation' })];
    const bytes = await writeList({ entries });
    await assert.rejects(importList(parts, caller, { authority, bytes }), {
      code: 'conflict',
      rule: 'has-valid-children',
    });
    assert.deepEqual(await readState(), ['active', 'valid', null]);
    assert.deepEqual((await describeRevocation(parts, caller.organisationId, authority)).lists, []);
    await importList(parts, caller, { authority, bytes, cascade: true });
    assert.deepEqual(await readState(), ['revoked', 'revoked', 'cessationOfOperation']);
    const own = await query.selectFrom('certificate').selectAll().where('serial', '=', formatSerial(serial)).execute();
    assert.deepEqual(
      own.map(({ state, reason, revoked_at }) => [state, reason, revoked_at]),
      [['revoked', 'cessationOfOperation', revokedAt]],
    );
    const status = await describeRevocation(parts, caller.organisationId, authority);
    assert.deepEqual([status.behind, status.warnings], [false, []]);
    // What was revoked is published in the background, before or after the import is told of.
    const published = query
      .selectFrom('audit_event')
      .select('action')
      .where('action', '!=', 'revocation_list.published');
    const actions = (await published.orderBy('sequence').execute()).slice(-3);
    assert.deepEqual(
      actions.map(({ action }) => action),
      ['certificate.revoked', 'authority.revoked', 'revocation_list.imported'],
    );
    await importList(parts, caller, { authority, bytes: await writeList({ entries, number: 8n }) });
  });

  test('an authority on hold is refused, since here there is no such thing', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const { writeList, serial } = await openElsewhere(scene);
    const entries = [encodeEntry({ serialNumber: serial, revokedAt: parts.now(), reason: 'certificateHold' })];
    const held = importList(parts, caller, { authority, bytes: await writeList({ entries }) });
    await assert.rejects(held, { code: 'invalid', rule: 'authority-hold' });
    assert.equal((await requireAuthority(parts.database.query, caller.organisationId, 'taken')).state, 'active');
  });

  test('lists of authorities whose keys are here are not imported, and those of others not made here', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const { writeList } = await openElsewhere(scene);
    const bytes = await writeList();
    await assert.rejects(importList(parts, caller, { authority: 'issuing', bytes }), { rule: 'key-here' });
    await assert.rejects(importList(parts, caller, { authority: 'nobody', bytes }), { code: 'not_found' });
    await assert.rejects(orderPublication(parts, caller, { authority }), { rule: 'key-offline' });
  });
});
