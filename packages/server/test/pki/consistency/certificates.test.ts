import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import { checkConsistency } from '../../../src/pki/consistency/consistency.ts';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { certificateKeyPlace } from '../../../src/pki/records/certificate-row.ts';
import { findCertificate } from '../../../src/pki/records/store.ts';
import type { CertificateTable } from '../../../src/storage/tables/pki.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { type Desk, openDesk } from '../certificates/desk.ts';

const formWish = {
  key: { kind: 'server', label: 'ecdsa-p256' },
  source: 'form',
  names: [parseNameText('dns:host.example')],
} as const;

async function createOtherKey(): Promise<{ readonly pkcs8: Uint8Array }> {
  return { pkcs8: await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }) };
}

suite('the check of certificates', () => {
  forEachEngine((_name, open) => {
    const damage = async ({ parts }: Desk, id: string, change: Partial<CertificateTable>) =>
      parts.database.query.updateTable('certificate').set(change).where('id', '=', id).execute();
    const check = async ({ parts, caller }: Desk, repair = false) => {
      const { findings } = await checkConsistency({ ...parts, forgetLists: () => undefined }, caller, { repair });
      return findings.map(
        ({ problem, outcome, detail }) => `${problem} ${outcome}${problem === 'columns-differ' ? ` ${detail}` : ''}`,
      );
    };

    test('finds nothing where nothing is wrong', async () => {
      const desk = await openDesk(await open());
      await desk.issue();
      await desk.issue(formWish);
      const parts = { ...desk.parts, forgetLists: () => undefined };
      const report = await checkConsistency(parts, desk.caller, { repair: true });
      assert.deepEqual(report, { checked: 4, found: 0, findings: [] });
    });

    test('finds columns that say something else, and writes them again where the issuer proves what is right', async () => {
      const desk = await openDesk(await open());
      const { row } = await desk.issue();
      await damage(desk, row.id, { serial: 'ff', common_name: 'bank.example', not_after: row.not_after + 1 });
      assert.deepEqual(await check(desk), ['columns-differ repairable serial common_name not_after']);
      assert.deepEqual(await check(desk, true), ['columns-differ repaired serial common_name not_after']);
      assert.deepEqual(await check(desk), []);
      assert.deepEqual(await findCertificate(desk.parts.database.query, row.organisation_id, row.id), row);
      const audit = await desk.parts.database.query
        .selectFrom('audit_event')
        .select('object_id')
        .where('action', '=', 'certificate.repaired')
        .execute();
      assert.deepEqual(audit, [{ object_id: row.id }]);
    });

    test('finds keys of authorities that the vault does not open, or that are not those of their certificates', async () => {
      const desk = await openDesk(await open());
      const { query } = desk.parts.database;
      const change = (name: string, set: { sealed_key?: string; public_key?: string }) =>
        query.updateTable('authority').set(set).where('name', '=', name).execute();
      const issuing = await query
        .selectFrom('authority')
        .selectAll()
        .where('name', '=', 'issuing')
        .executeTakeFirstOrThrow();
      const root = await query.selectFrom('authority').selectAll().where('name', '=', 'root').executeTakeFirstOrThrow();
      const sealed = issuing.sealed_key ?? '';
      await change('issuing', {
        sealed_key: desk.parts.vault.seal('authority-key', 'authority/another', Buffer.alloc(9)),
      });
      assert.deepEqual(await check(desk), ['key-unreadable open']);
      const { pkcs8 } = await createOtherKey();
      const other = desk.parts.vault.seal('authority-key', `authority/${issuing.id}`, pkcs8);
      await change('issuing', { sealed_key: other });
      assert.deepEqual(await check(desk), ['key-differs open']);
      await change('issuing', { sealed_key: sealed });
      assert.deepEqual(await check(desk), []);
      await change('issuing', { public_key: root.public_key });
      assert.ok((await check(desk)).includes('key-differs open'));
    });

    test('finds a certificate that nobody here signed, and repairs nothing by it', async () => {
      const desk = await openDesk(await open());
      const { row } = await desk.issue();
      const der = Buffer.from(row.der, 'base64');
      der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
      await damage(desk, row.id, { der: der.toString('base64') });
      assert.deepEqual(await check(desk, true), ['signature-wrong open', 'columns-differ open fingerprint search']);
    });

    test('finds what is no certificate at all', async () => {
      const desk = await openDesk(await open());
      const { row } = await desk.issue();
      await damage(desk, row.id, { der: 'AAAA' });
      assert.deepEqual(await check(desk, true), ['der-unreadable open']);
      await damage(desk, row.id, { der: '!' });
      assert.deepEqual(await check(desk), ['der-unreadable open']);
    });

    test('finds keys that do not open, or are other ones', async () => {
      const desk = await openDesk(await open());
      const [one, other] = [await desk.issue(formWish), await desk.issue(formWish)];
      const { parts } = desk;
      const place = (id: string) => Object.values(certificateKeyPlace(id)) as [string, string];
      const sealed = async (id: string) =>
        (await findCertificate(parts.database.query, one.row.organisation_id, id))?.sealed_key ?? '';
      await damage(desk, one.row.id, { sealed_key: await sealed(other.row.id) });
      assert.deepEqual(await check(desk), ['key-unreadable open']);
      const swapped = parts.vault.seal(
        ...place(one.row.id),
        parts.vault.unseal(...place(other.row.id), await sealed(other.row.id)),
      );
      await damage(desk, one.row.id, { sealed_key: swapped });
      assert.deepEqual(await check(desk), ['key-differs open']);
    });

    test('finds leaves whose issuer has no chain any more', async () => {
      const desk = await openDesk(await open());
      await desk.issue();
      const { database } = desk.parts;
      const change = { state: 'revoked', reason: 'cACompromise', revoked_at: 1 } as const;
      await database.query.updateTable('certificate').set(change).where('profile', '=', 'intermediate').execute();
      assert.deepEqual(await check(desk), ['chain-broken open']);
    });

    test('runs once at a time, and not without the vault', async () => {
      const desk = await openDesk(await open());
      const results = await Promise.allSettled([check(desk), check(desk)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      );
      desk.parts.vault.lock();
      await assert.rejects(check(desk), { code: 'vault_locked' });
    });
  });
});
