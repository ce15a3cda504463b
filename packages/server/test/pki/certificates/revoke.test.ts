import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  holdCertificate,
  leafReasons,
  releaseCertificate,
  revokeCertificate,
} from '../../../src/pki/certificates/revoke.ts';
import { findCertificate } from '../../../src/pki/records/store.ts';
import { createId } from '../../../src/storage/ids.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { type Desk, openDesk } from './desk.ts';

suite('a certificate', () => {
  forEachEngine((_name, open) => {
    let desk: Desk | undefined;
    const shared = async () => {
      desk ??= await openDesk(await open());
      return desk;
    };

    test('is revoked with its reason and the date since when its key is lost, durable and told', async () => {
      const { issue, parts, caller } = await shared();
      const { row } = await issue();
      const invalidFrom = parts.now() - 1000;
      await revokeCertificate(parts, caller, { id: row.id, reason: 'aACompromise', invalidFrom });
      const stored = await findCertificate(parts.database.query, caller.organisationId, row.id);
      assert.deepEqual(
        [stored?.state, stored?.reason, stored?.revoked_at, stored?.invalid_from],
        ['revoked', 'aACompromise', parts.now(), invalidFrom],
      );
      const [event] = await parts.database.query
        .selectFrom('outbox')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(1)
        .execute();
      assert.deepEqual([event?.topic, JSON.parse(event?.payload ?? '').serial], ['certificate.revoked', row.serial]);
    });

    test('is revoked once', async () => {
      const { issue, parts, caller } = await shared();
      const { row } = await issue();
      const revoke = () => revokeCertificate(parts, caller, { id: row.id, reason: 'superseded' });
      const results = await Promise.allSettled([revoke(), revoke()]);
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      await assert.rejects(revoke(), { code: 'conflict', rule: 'certificate-state' });
    });

    test('of an authority is not touched', async () => {
      const { parts, caller } = await shared();
      const rows = await parts.database.query
        .selectFrom('certificate')
        .selectAll()
        .where('subject_authority_id', 'is not', null)
        .execute();
      assert.equal(rows.length, 2);
      for (const { id } of rows) {
        const refusal = { code: 'forbidden', rule: 'authority-certificate' };
        await assert.rejects(revokeCertificate(parts, caller, { id, reason: 'superseded' }), refusal);
        await assert.rejects(holdCertificate(parts, caller, id), refusal);
        await assert.rejects(releaseCertificate(parts, caller, id), refusal);
      }
    });

    test('of another organisation is not there', async () => {
      const { issue, parts, caller } = await shared();
      const { row } = await issue();
      const stranger = { ...caller, organisationId: createId(1) };
      await assert.rejects(revokeCertificate(parts, stranger, { id: row.id, reason: 'superseded' }), {
        code: 'not_found',
      });
    });

    test('is not invalid from a time to come', async () => {
      const { issue, parts, caller } = await shared();
      const { row } = await issue();
      const wish = { id: row.id, reason: 'keyCompromise', invalidFrom: parts.now() + 1 } as const;
      await assert.rejects(revokeCertificate(parts, caller, wish), { code: 'invalid', rule: 'invalidity-date' });
    });

    test('goes from valid to held and back, and to revoked from both and from there nowhere', async () => {
      const { issue, parts, caller } = await shared();
      const acts = {
        hold: (id: string) => holdCertificate(parts, caller, id),
        release: (id: string) => releaseCertificate(parts, caller, id),
        revoke: (id: string) => revokeCertificate(parts, caller, { id, reason: 'unspecified' }),
      };
      const next = {
        valid: { hold: 'held', release: undefined, revoke: 'revoked' },
        held: { hold: undefined, release: 'valid', revoke: 'revoked' },
        revoked: { hold: undefined, release: undefined, revoke: undefined },
      } as const;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.constantFrom('hold', 'release', 'revoke'), { maxLength: 6 }), async (steps) => {
          const { row } = await issue();
          let state: keyof typeof next = 'valid';
          for (const step of steps as (keyof typeof acts)[]) {
            const expected: keyof typeof next | undefined = next[state][step];
            if (expected === undefined) await assert.rejects(acts[step](row.id), { rule: 'certificate-state' });
            else assert.equal((await acts[step](row.id)).state, expected);
            state = expected ?? state;
          }
        }),
        { numRuns: 15 },
      );
    });
  });
});

test("reasons that are no leaf's are not among those to choose from", () => {
  for (const reason of ['removeFromCRL', 'certificateHold', 'cACompromise', 'AACompromise']) {
    assert.equal((leafReasons as readonly string[]).includes(reason), false);
  }
});
