import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type RenewalWish, renewCertificate } from '../../../src/pki/certificates/renew.ts';
import { holdCertificate, revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { changeNamePolicy } from '../../../src/pki/profiles/rules.ts';
import { certificateKeyPlace } from '../../../src/pki/records/certificate-row.ts';
import { findCertificate } from '../../../src/pki/records/store.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { readIssued } from '../issued.ts';
import { assertChainAccepted } from '../oracles.ts';
import { askFor, type Desk, makeSigner, openDesk } from './desk.ts';

const names = [parseNameText('dns:host.example'), parseNameText('ip:10.0.0.1')];

suite('a renewal', () => {
  forEachEngine((_name, open) => {
    let desk: Desk | undefined;
    const shared = async () => {
      desk ??= await openDesk(await open());
      return desk;
    };
    const renew = async (wish: RenewalWish) => {
      const { parts, caller } = await shared();
      return readIssued(renewCertificate(parts, caller, wish));
    };
    const stored = async (id: string) => {
      const { parts, caller } = await shared();
      const row = await findCertificate(parts.database.query, caller.organisationId, id);
      assert.ok(row);
      return row;
    };

    test('with the same key says the same for longer, is linked to the older one, and leaves that in force', async () => {
      const { issue, parts, travel } = await shared();
      const old = await issue({
        names,
        subject: [
          ['O', 'Example'],
          ['CN', 'host.example'],
        ],
      });
      travel(60_000);
      const { row, certificate, issuer } = await renew({ id: old.row.id, key: { kind: 'same' } });
      await assertChainAccepted([certificate, issuer.certificate, ...issuer.chain], parts.now());
      assert.deepEqual(
        [row.subject, row.names, row.key_id, row.profile, row.replaces_id],
        [old.row.subject, old.row.names, old.row.key_id, old.row.profile, old.row.id],
      );
      assert.ok(row.not_after > old.row.not_after && row.serial !== old.row.serial);
      assert.equal((await stored(old.row.id)).state, 'valid');
    });

    test('that is to revoke the older one does so in the same transaction, as superseded', async () => {
      const { issue } = await shared();
      const old = await issue();
      await renew({ id: old.row.id, key: { kind: 'same' }, revokeOld: true });
      const { state, reason } = await stored(old.row.id);
      assert.deepEqual([state, reason], ['revoked', 'superseded']);
    });

    test('with the key of a request takes nothing else from it', async () => {
      const { issue } = await shared();
      const old = await issue({ names });
      const request = await askFor({ signer: await makeSigner(), names: [parseNameText('dns:other.example')] });
      const { row } = await renew({ id: old.row.id, key: { kind: 'request', request } });
      assert.equal(row.names, old.row.names);
      assert.notEqual(row.key_id, old.row.key_id);
    });

    test('of a key that the server made seals it for the new certificate, or makes another', async () => {
      const { issue, parts } = await shared();
      const old = await issue({ names, key: { kind: 'server', label: 'ecdsa-p256' }, source: 'form' });
      const same = await renew({ id: old.row.id, key: { kind: 'same' } });
      const other = await renew({ id: old.row.id, key: { kind: 'new' } });
      const open = async (id: string) => {
        const { purpose, reference } = certificateKeyPlace(id);
        return parts.vault.unseal(purpose, reference, (await stored(id)).sealed_key ?? '');
      };
      assert.deepEqual(await open(same.row.id), await open(old.row.id));
      assert.notDeepEqual(await open(other.row.id), await open(old.row.id));
    });

    test('is refused where the server would have to make a key that it never had', async () => {
      const { issue } = await shared();
      const { row } = await issue();
      await assert.rejects(renew({ id: row.id, key: { kind: 'new' } }), { rule: 'key-holder' });
    });

    test('is refused for what is revoked or on hold', async () => {
      const { issue, parts, caller } = await shared();
      const [held, revoked] = [await issue(), await issue()];
      await holdCertificate(parts, caller, held.row.id);
      await revokeCertificate(parts, caller, { id: revoked.row.id, reason: 'unspecified' });
      for (const { row } of [held, revoked]) {
        await assert.rejects(renew({ id: row.id, key: { kind: 'same' } }), {
          code: 'conflict',
          rule: 'certificate-state',
        });
      }
    });

    test('never touches a certificate of an authority, and leaves it as it is', async () => {
      const { parts } = await shared();
      const authorities = parts.database.query
        .selectFrom('certificate')
        .selectAll()
        .where('subject_authority_id', 'is not', null);
      const before = await authorities.execute();
      for (const { id } of before) {
        const refusal = { code: 'forbidden', rule: 'authority-certificate' };
        await assert.rejects(renew({ id, key: { kind: 'same' }, revokeOld: true }), refusal);
      }
      assert.deepEqual(await authorities.execute(), before);
    });

    test('is held against the rules of today', async () => {
      const { issue, parts, caller } = await shared();
      const { row } = await issue();
      await changeNamePolicy(parts, caller, { allowed: ['dns:internal'], denied: [] });
      await assert.rejects(renew({ id: row.id, key: { kind: 'same' } }), { rule: 'name-policy' });
      await changeNamePolicy(parts, caller, { allowed: ['dns:example', 'ip:10.0.0.0/8'], denied: [] });
    });
  });
});
