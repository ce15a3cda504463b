/** Notices that lists, and the keys that answer by OCSP, end without being followed by others. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePayload } from '@signpost/protocol/frames/payload';
import { recordExpiryNotices } from '../../../src/pki/certificates/expiry.ts';
import { recordListNotices } from '../../../src/pki/revocation/expiry.ts';
import { findResponder } from '../../../src/pki/revocation/ocsp/store.ts';
import { orderPublication } from '../../../src/pki/revocation/root.ts';
import { draftOf } from '../../../src/push/log/topics.ts';
import { dayMs } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { rootPassphrase } from '../scene.ts';
import { createRevocationScene, type RevocationScene } from './scene.ts';

async function listPayloads({ parts }: RevocationScene, topic: string): Promise<Record<string, unknown>[]> {
  const { query } = parts.database;
  const rows = await query.selectFrom('outbox').select('payload').where('topic', '=', topic).orderBy('id').execute();
  return rows.map(({ payload }) => JSON.parse(payload));
}

async function listTold(scene: RevocationScene, authority: string): Promise<unknown[]> {
  const told = await listPayloads(scene, 'revocation_list.expiring');
  return told.flatMap((one) => (one.authority === authority ? [one.days] : []));
}

suite('notices before the end of a revocation list', () => {
  forEachEngine((_name, open) => {
    test('come at 30, 14, 7 and 1 days and at the end, each once, with an audit row, and anew for the next list', async () => {
      const scene = await createRevocationScene(await open());
      const { parts, caller, travel } = scene;
      for (const days of [149, 2, 15, 1, 8, 1, 3, 1, 2]) {
        await recordListNotices(parts);
        await recordListNotices(parts);
        travel(days * dayMs);
      }
      await recordListNotices(parts);
      assert.deepEqual(await listTold(scene, 'root'), [30, 14, 7, 1, 0]);
      const { query } = parts.database;
      const audited = await query
        .selectFrom('audit_event')
        .select(['object_kind', 'detail'])
        .where('action', '=', 'revocation_list.expiring')
        .execute();
      assert.equal(audited.filter(({ detail }) => JSON.parse(detail ?? '{}').authority === 'root').length, 5);
      await orderPublication(parts, caller, { authority: 'root', passphrase: rootPassphrase });
      await recordListNotices(parts);
      assert.equal((await listTold(scene, 'root')).length, 5);
      travel(170 * dayMs);
      await recordListNotices(parts);
      assert.deepEqual((await listTold(scene, 'root')).slice(5), [14]);
    });

    test('are silent about lists that the server makes by itself, until it could not', async () => {
      const scene = await createRevocationScene(await open());
      const { parts, travel } = scene;
      await parts.publisher.request(scene.place);
      for (const days of [3, 3, 0.5, 1]) {
        await recordListNotices(parts);
        travel(days * dayMs);
      }
      await recordListNotices(parts);
      assert.deepEqual(await listTold(scene, 'issuing'), [1, 0]);
    });

    test('become frames that clients know', async () => {
      const scene = await createRevocationScene(await open());
      scene.travel(179.5 * dayMs);
      await recordListNotices(scene.parts);
      const [payload] = await listPayloads(scene, 'revocation_list.expiring');
      const draft = draftOf({ topic: 'revocation_list.expiring', payload: payload ?? {}, at: scene.parts.now() });
      assert.ok(draft);
      const { channel, type, data } = draft;
      const parsed = parsePayload({
        ...{ channel, type, sequence: 1, epoch: '0123456789abcdef', prev: '' },
        ...(data && { data }),
      });
      assert.equal(parsed?.data?.authority, 'root');
    });
  });
});

suite('notices before the end of a key that answers by OCSP', () => {
  forEachEngine((_name, open) => {
    test('come for the last one of a root alone', async () => {
      const scene = await createRevocationScene(await open());
      const { parts, caller, travel } = scene;
      const { id } = await parts.database.query
        .selectFrom('authority')
        .select('id')
        .where('name', '=', 'root')
        .executeTakeFirstOrThrow();
      const first = await findResponder(parts.database.query, id, parts.now());
      travel(50 * dayMs);
      await orderPublication(parts, caller, { authority: 'root', passphrase: rootPassphrase });
      const second = await findResponder(parts.database.query, id, parts.now());
      for (const days of [15, 24, 24, 24, 0]) {
        await recordExpiryNotices(parts);
        travel(days * dayMs);
      }
      const told = await listPayloads(scene, 'certificate.expiring');
      const of = (certificate?: string) =>
        told.flatMap((one) => (one.certificate_id === certificate ? [one.days] : []));
      assert.deepEqual([of(first?.certificate_id), of(second?.certificate_id)], [[], [30, 7]]);
    });
  });
});
