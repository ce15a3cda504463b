import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { recordExpiryNotices } from '../../../src/pki/certificates/expiry.ts';
import { renewCertificate } from '../../../src/pki/certificates/renew.ts';
import { revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { type Desk, openDesk } from './desk.ts';

const day = 86_400_000;

async function listNotices({ parts }: Desk, id: string): Promise<number[]> {
  const rows = await parts.database.query
    .selectFrom('outbox')
    .select('payload')
    .where('topic', '=', 'certificate.expiring')
    .orderBy('id')
    .execute();
  return rows.map(({ payload }) => JSON.parse(payload)).flatMap((one) => (one.certificate_id === id ? [one.days] : []));
}

suite('notices before the end of a certificate', () => {
  forEachEngine((_name, open) => {
    test('come at 30, 14, 7 and 1 days, each once, with an audit row', async () => {
      const desk = await openDesk(await open());
      const { row } = await desk.issue({ lifetimeMs: 90 * day });
      for (const days of [59, 2, 15, 1, 8, 1, 3, 1]) {
        await recordExpiryNotices(desk.parts);
        await recordExpiryNotices(desk.parts);
        desk.travel(days * day);
      }
      assert.deepEqual(await listNotices(desk, row.id), [30, 14, 7, 1]);
      const audited = await desk.parts.database.query
        .selectFrom('audit_event')
        .select('detail')
        .where('action', '=', 'certificate.expiring')
        .execute();
      assert.equal(audited.length, 4);
    });

    test('leave out what was missed, and what is over', async () => {
      const desk = await openDesk(await open());
      const [soon, over] = [await desk.issue({ lifetimeMs: 90 * day }), await desk.issue({ lifetimeMs: 50 * day })];
      desk.travel(85 * day);
      await recordExpiryNotices(desk.parts);
      assert.deepEqual([await listNotices(desk, soon.row.id), await listNotices(desk, over.row.id)], [[7], []]);
    });

    test('are silent about what lives shortly, is renewed or revoked', async () => {
      const desk = await openDesk(await open());
      const { parts, caller } = desk;
      const short = await desk.issue({ lifetimeMs: 6 * day });
      await recordExpiryNotices(parts);
      assert.deepEqual(await listNotices(desk, short.row.id), []);
      desk.travel(5 * day);
      await recordExpiryNotices(parts);
      assert.deepEqual(await listNotices(desk, short.row.id), [1]);
      const [renewed, revoked] = [
        await desk.issue({ lifetimeMs: 90 * day }),
        await desk.issue({ lifetimeMs: 90 * day }),
      ];
      await renewCertificate(parts, caller, { id: renewed.row.id, key: { kind: 'same' }, lifetimeMs: 200 * day });
      await revokeCertificate(parts, caller, { id: revoked.row.id, reason: 'superseded' });
      desk.travel(70 * day);
      await recordExpiryNotices(parts);
      assert.deepEqual([await listNotices(desk, renewed.row.id), await listNotices(desk, revoked.row.id)], [[], []]);
    });

    test('come for as many as there are', async () => {
      const desk = await openDesk(await open());
      const { database } = desk.parts;
      const { row } = await desk.issue({ lifetimeMs: 90 * day });
      const copies = Array.from({ length: 450 }, (_, at) => {
        const unique = at.toString(16).padStart(4, '0');
        return {
          ...row,
          id: `${row.id.slice(0, -4)}${unique}`,
          serial: `aa${unique}`,
          fingerprint: `${row.fingerprint.slice(4)}${unique}`,
        };
      });
      await database.query.insertInto('certificate').values(copies).execute();
      desk.travel(61 * day);
      await recordExpiryNotices(desk.parts);
      const { count } = await database.query
        .selectFrom('certificate')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('notice_days', '=', 30)
        .executeTakeFirstOrThrow();
      assert.equal(Number(count), 451);
    });
  });
});
