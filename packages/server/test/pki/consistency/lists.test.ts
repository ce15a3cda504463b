/** The check of published lists: against their issuers, their numbers and the records. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkConsistency } from '../../../src/pki/consistency/consistency.ts';
import { findRevocationState, type RevocationListRow } from '../../../src/pki/revocation/store.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { createRevocationScene, type RevocationScene } from '../revocation/scene.ts';

async function check({ parts, caller }: RevocationScene, repair = false): Promise<string[]> {
  const checking = { ...parts, forgetLists: (id: string) => parts.statusAnswers.forgetLists(id) };
  const { findings } = await checkConsistency(checking, caller, { repair });
  return findings.map(({ authority, problem, outcome, detail }) => `${authority} ${problem} ${outcome} ${detail}`);
}

/** One certificate is revoked, one on hold, and all lists say so. */
async function openScene(database: Parameters<typeof createRevocationScene>[0]) {
  const scene = await createRevocationScene(database);
  const [revoked, held] = [await scene.issue(), await scene.issue()];
  await scene.change(revoked, 'revoked');
  await scene.change(held, 'held');
  await scene.parts.publisher.settle();
  await scene.parts.publisher.request(scene.place);
  return { ...scene, revoked: revoked.row, held };
}

function damage({ parts, place }: RevocationScene, change: Partial<RevocationListRow>, kind = 'complete') {
  const { query } = parts.database;
  const rows = query.updateTable('revocation_list').set(change).where('authority_id', '=', place.authorityId);
  return rows.where('kind', '=', kind as 'complete').execute();
}

async function readList({ parts, place }: RevocationScene): Promise<RevocationListRow> {
  const rows = parts.database.query.selectFrom('revocation_list').selectAll();
  return rows.where('authority_id', '=', place.authorityId).where('kind', '=', 'complete').executeTakeFirstOrThrow();
}

async function countRepairs({ parts }: RevocationScene): Promise<number> {
  const rows = parts.database.query.selectFrom('audit_event').selectAll();
  return (await rows.where('action', '=', 'revocation_list.repaired').execute()).length;
}

suite('the check of lists', () => {
  forEachEngine((_name, open) => {
    test('finds nothing where nothing is wrong, nor in what was released since', async () => {
      const scene = await openScene(await open());
      assert.deepEqual(await check(scene, true), []);
      await scene.parts.publisher.stop();
      await scene.change(scene.held, 'valid');
      assert.deepEqual(await check(scene, true), []);
    });

    test('takes away what nobody signed, has the server make it anew, and touches none of a root', async () => {
      const scene = await openScene(await open());
      const { parts } = scene;
      const before = await readList(scene);
      const der = Buffer.from(before.der, 'base64');
      der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
      await damage(scene, { der: der.toString('base64') });
      const [forged = ''] = await check(scene);
      assert.match(forged, /^issuing list-signature-wrong repairable complete: /);
      assert.match((await check(scene, true))[0] ?? '', /^issuing list-signature-wrong repaired/);
      await parts.publisher.refresh();
      assert.ok((await readList(scene)).number > before.number);
      assert.deepEqual(await check(scene), []);
      await parts.database.query.updateTable('revocation_list').set({ der: 'AAAA' }).execute();
      assert.deepEqual((await check(scene, true)).map((one) => one.split(' ').slice(0, 3).join(' ')).sort(), [
        'issuing list-unreadable repaired',
        'issuing list-unreadable repaired',
        'root list-unreadable open',
      ]);
      const audited = await parts.database.query
        .selectFrom('audit_event')
        .select('object_id')
        .where('action', '=', 'revocation_list.repaired')
        .execute();
      assert.deepEqual(new Set(audited.map(({ object_id: id }) => id)), new Set([scene.place.authorityId]));
    });

    test('finds the list of another authority in the place of its own', async () => {
      const scene = await openScene(await open());
      const { query } = scene.parts.database;
      const { der } = await readList(scene);
      await query
        .updateTable('revocation_list')
        .set({ der })
        .where('authority_id', '<>', scene.place.authorityId)
        .execute();
      assert.match(
        (await check(scene, true))[0] ?? '',
        /^root list-signature-wrong open complete: expected a list of root/,
      );
    });

    test('writes columns and numbers again that the signed list proves', async () => {
      const scene = await openScene(await open());
      const { parts, place } = scene;
      const before = await readList(scene);
      await damage(scene, { number: before.number - 1, next_update: before.next_update + 1, entries: 9 });
      const differing = 'list-columns-differ';
      assert.deepEqual(await check(scene), [`issuing ${differing} repairable complete: number next_update entries`]);
      await check(scene, true);
      assert.deepEqual(await readList(scene), before);
      const states = parts.database.query.updateTable('revocation_state').set({ number: 1 });
      await states.where('authority_id', '=', place.authorityId).execute();
      assert.deepEqual(await check(scene, true), [
        `issuing list-number-behind repaired complete: 1 given, ${before.number} published`,
      ]);
      const state = await findRevocationState(parts.database.query, place.authorityId);
      assert.equal(state?.number, before.number);
      assert.deepEqual(await check(scene), []);
    });

    test('leaves a list alone that was replaced before it could be repaired, and records nothing of it', async () => {
      for (const change of [{ entries: 9 }, { der: 'AAAA' }]) {
        const scene = await openScene(await open());
        const good = await readList(scene);
        await damage(scene, change);
        const { database } = scene.parts;
        const replacing: typeof database = {
          ...database,
          transaction: async (work) => {
            await damage(scene, { ...good, der: `${good.der} ` });
            return database.transaction(work);
          },
        };
        const state = await findRevocationState(database.query, scene.place.authorityId);
        const checking = { ...scene.parts, database: replacing, forgetLists: () => undefined };
        const { findings } = await checkConsistency(checking, scene.caller, { repair: true });
        assert.deepEqual(findings, []);
        assert.equal((await readList(scene)).der, `${good.der} `);
        assert.deepEqual(await findRevocationState(database.query, scene.place.authorityId), state);
        assert.equal(await countRepairs(scene), 0);
      }
    });

    test('revokes again what the authority has signed to be revoked', async () => {
      const scene = await openScene(await open());
      const { parts, revoked } = scene;
      const { query } = parts.database;
      const set = { state: 'valid', reason: null, revoked_at: null, invalid_from: null } as const;
      await query.updateTable('certificate').set(set).where('id', '=', revoked.id).execute();
      const words = `${revoked.serial}: revoked by the list, valid in the records`;
      assert.deepEqual(await check(scene), [`issuing list-contradicts repairable ${words}`]);
      assert.deepEqual(await check(scene, true), [`issuing list-contradicts repaired ${words}`]);
      const row = await query.selectFrom('certificate').selectAll().where('id', '=', revoked.id).executeTakeFirst();
      assert.deepEqual([row?.state, row?.reason], ['revoked', 'keyCompromise']);
      await parts.publisher.settle();
      assert.deepEqual(await check(scene), []);
    });

    test('finds what a list says of certificates that are not recorded, and what it leaves out', async () => {
      const scene = await openScene(await open());
      const { parts, revoked, place } = scene;
      const { query } = parts.database;
      const other = await scene.issue();
      await parts.publisher.stop();
      await query.updateTable('certificate').set({ serial: 'aa11' }).where('id', '=', revoked.id).execute();
      const found = (await check(scene)).filter((one) => one.includes('list-'));
      assert.deepEqual(found, [
        `issuing list-contradicts open ${revoked.serial}: not recorded`,
        'issuing list-incomplete open aa11: revoked in the records, not in the list',
      ]);
      await query.updateTable('certificate').set({ serial: revoked.serial }).where('id', '=', revoked.id).execute();
      await scene.change(other, 'revoked');
      assert.deepEqual(await check(scene), [], 'a list that waits to be made again is behind by design');
      assert.ok(place.authorityId);
    });
  });
});
