import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import {
  certificateKeyPlace,
  createCertificateRow,
  deriveColumns,
  formatActor,
  formatSerial,
} from '../../../src/pki/records/certificate-row.ts';
import { findCertificate, insertCertificates } from '../../../src/pki/records/store.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import { violationOf } from '../../../src/storage/violation.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { certify } from '../profiles/certify.ts';

const organisationId = createId(0);

async function describeServer(changes: object = {}) {
  const issuer = await certify({ profile: 'root' });
  const names = ['dns:host.example', 'dns:*.host.example', 'ip:fd00::1'].map(parseNameText);
  const { certificate } = await certify({
    profile: 'server',
    issuer,
    subject: [
      ['O', 'Exa, mple'],
      ['CN', 'host.example'],
    ],
    names,
  });
  const facts = {
    id: createId(1),
    organisationId,
    issuerId: null,
    profile: 'server',
    source: 'form',
    createdBy: 'system',
    at: 1,
  } as const;
  return { certificate, row: createCertificateRow(certificate, { ...facts, ...changes }) };
}

async function addOrganisation(database: Database): Promise<void> {
  const row = { id: organisationId, slug: 'default', name: 'Default', host: null, created_at: 0 };
  await database.query.insertInto('organisation').values(row).execute();
}

suite('the row of a certificate', () => {
  test('says what the certificate says, as node:crypto reads it too', async () => {
    const { certificate, row } = await describeServer();
    const oracle = new X509Certificate(certificate.bytes);
    assert.equal(row.serial, oracle.serialNumber.toLowerCase());
    assert.equal(row.fingerprint, oracle.fingerprint256.replaceAll(':', '').toLowerCase());
    assert.equal(row.subject, 'O=Exa\\, mple, CN=host.example');
    assert.equal(row.common_name, 'host.example');
    assert.deepEqual(JSON.parse(row.names), ['dns:host.example', 'dns:*.host.example', 'ip:fd00::1']);
    assert.deepEqual(new Date(row.not_after).toUTCString(), new Date(oracle.validTo).toUTCString());
    for (const text of ['exa\\, mple', '*.host.example', 'fd00::1', row.serial, row.fingerprint]) {
      assert.ok(row.search.includes(text), text);
    }
  });

  test('has the serial number without the octet that only carries the sign', () => {
    assert.equal(formatSerial(Uint8Array.of(0, 0xff, 1)), 'ff01');
    assert.equal(formatSerial(Uint8Array.of(0)), '00');
    assert.equal(formatSerial(Uint8Array.of(0x7f)), '7f');
  });

  test('is derived from the DER alone, again and again', async () => {
    const { certificate, row } = await describeServer();
    assert.deepEqual({ ...row, ...deriveColumns(certificate) }, row);
    assert.deepEqual(certificateKeyPlace('x'), { purpose: 'certificate-key', reference: 'certificate/x' });
  });

  test('names who made it', () => {
    assert.equal(formatActor({ kind: 'person', id: 'x', sessionId: null }), 'person:x');
    assert.equal(formatActor({ kind: 'system', id: null, sessionId: null }), 'system');
  });
});

suite('certificates', () => {
  forEachEngine((_name, open) => {
    test('are stored many at once and found in their organisation only', async () => {
      const database = await open();
      await addOrganisation(database);
      const rows = await Promise.all(
        Array.from({ length: 3 }, async (_, at) => (await describeServer({ id: createId(at) })).row),
      );
      await database.transaction((transaction) => insertCertificates(transaction, rows));
      assert.deepEqual(await findCertificate(database.query, organisationId, rows[1]?.id ?? ''), rows[1]);
      assert.equal(await findCertificate(database.query, createId(2), rows[1]?.id ?? ''), undefined);
    });

    test('are stored once', async () => {
      const database = await open();
      await addOrganisation(database);
      const { row } = await describeServer();
      const twice = database.transaction((transaction) =>
        insertCertificates(transaction, [row, { ...row, id: createId(3) }]),
      );
      await assert.rejects(twice, (error) => violationOf(error) === 'unique');
    });
  });
});
