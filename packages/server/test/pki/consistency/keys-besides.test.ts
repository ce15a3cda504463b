/** The check of keys that authorities have besides their own. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import { checkConsistency } from '../../../src/pki/consistency/consistency.ts';
import { openResponder } from '../../../src/pki/revocation/ocsp/responder.ts';
import { enableTimestamps } from '../../../src/pki/timestamps/timestamp-authority.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import { createRevocationScene, type RevocationScene } from '../revocation/scene.ts';

async function check({ parts, caller }: RevocationScene, repair = false): Promise<string[]> {
  const { findings } = await checkConsistency({ ...parts, forgetLists: () => undefined }, caller, { repair });
  return findings.map(({ authority, problem, outcome, detail }) => `${authority} ${problem} ${outcome} ${detail}`);
}

suite('the check of keys besides', () => {
  forEachEngine((_name, open) => {
    test('finds keys for OCSP and timestamps that do not open, or are other ones, and takes useless ones away', async () => {
      const scene = await createRevocationScene(await open());
      const { parts, caller, place } = scene;
      const { query } = parts.database;
      await openResponder(parts, place);
      await enableTimestamps(parts, caller, { name: 'issuing', settings: {} });
      assert.deepEqual(await check(scene, true), []);
      const ocsp = () => query.selectFrom('ocsp_responder').selectAll().where('authority_id', '=', place.authorityId);
      const { certificate_id: id, sealed_key: sealed } = await ocsp().executeTakeFirstOrThrow();
      const setOcsp = (key: string) =>
        query.updateTable('ocsp_responder').set({ sealed_key: key }).where('certificate_id', '=', id).execute();
      await setOcsp(parts.vault.seal('ocsp-responder', 'certificate/another', Buffer.alloc(9)));
      assert.match((await check(scene, true))[0] ?? '', /^issuing key-unreadable open ocsp: /);
      const other = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
      await setOcsp(parts.vault.seal('ocsp-responder', `certificate/${id}`, other));
      const words = 'ocsp: the sealed key is not the certified one';
      assert.deepEqual(await check(scene), [`issuing key-differs repairable ${words}`]);
      assert.deepEqual(await check(scene, true), [`issuing key-differs repaired ${words}`]);
      assert.equal(await ocsp().executeTakeFirst(), undefined);
      assert.deepEqual(await check(scene), []);
      assert.ok(sealed.length > 0);

      const tsa = await query.selectFrom('timestamp_authority').selectAll().executeTakeFirstOrThrow();
      const setTsa = (key: string) => query.updateTable('timestamp_authority').set({ sealed_key: key }).execute();
      await setTsa(parts.vault.seal('timestamp-key', `timestamp_authority/${tsa.certificate_id}`, other));
      assert.deepEqual(await check(scene, true), [
        'issuing key-differs open timestamps: the sealed key is not the certified one',
      ]);
      await setTsa('AAAA');
      assert.match((await check(scene, true))[0] ?? '', /^issuing key-unreadable open timestamps: /);
    });

    test('has a key for OCSP that is not the certified one answer no more, and the next one at once', async () => {
      const scene = await createRevocationScene(await open());
      const { parts, place } = scene;
      const { query } = parts.database;
      const first = await openResponder(parts, place);
      const other = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
      const rows = query.selectFrom('ocsp_responder').selectAll().where('authority_id', '=', place.authorityId);
      const { certificate_id: id } = await rows.executeTakeFirstOrThrow();
      const sealed = parts.vault.seal('ocsp-responder', `certificate/${id}`, other);
      await query.updateTable('ocsp_responder').set({ sealed_key: sealed }).where('certificate_id', '=', id).execute();
      // As after a restart: nothing is in memory.
      parts.vault.lock();
      await parts.vault.unlock(masterPassword);
      const wrong = await openResponder(parts, place);
      assert.deepEqual(wrong.certificate.bytes, first.certificate.bytes);
      assert.match((await check(scene, true))[0] ?? '', /^issuing key-differs repaired/);
      await parts.database.settle();
      const next = await openResponder(parts, place);
      assert.notDeepEqual(next.certificate.serialNumber, wrong.certificate.serialNumber);
      const current = await rows.executeTakeFirstOrThrow();
      assert.notEqual(current.certificate_id, id);
    });

    test('records nothing of a key for OCSP that was gone before it could be taken away', async () => {
      const scene = await createRevocationScene(await open());
      const { parts, caller, place } = scene;
      await openResponder(parts, place);
      const { database } = parts;
      const other = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
      const responders = database.query.selectFrom('ocsp_responder').selectAll();
      const { certificate_id: id } = await responders
        .where('authority_id', '=', place.authorityId)
        .executeTakeFirstOrThrow();
      const sealed = parts.vault.seal('ocsp-responder', `certificate/${id}`, other);
      const damaged = database.query.updateTable('ocsp_responder').set({ sealed_key: sealed });
      await damaged.where('certificate_id', '=', id).execute();
      const replacing: typeof database = {
        ...database,
        transaction: async (work) => {
          await database.query.deleteFrom('ocsp_responder').execute();
          return database.transaction(work);
        },
      };
      const checking = { ...parts, database: replacing, forgetLists: () => undefined };
      assert.deepEqual((await checkConsistency(checking, caller, { repair: true })).findings, []);
      const audited = database.query.selectFrom('audit_event').selectAll().where('action', '=', 'certificate.repaired');
      assert.deepEqual(await audited.execute(), []);
    });

    test('finds a key for OCSP whose certificate another authority issued', async () => {
      const scene = await createRevocationScene(await open());
      const { parts, place } = scene;
      await openResponder(parts, place);
      const { query } = parts.database;
      const root = await query
        .selectFrom('authority')
        .select('id')
        .where('name', '=', 'root')
        .executeTakeFirstOrThrow();
      const moved = query.updateTable('ocsp_responder').set({ authority_id: root.id });
      await moved.where('authority_id', '=', place.authorityId).execute();
      assert.deepEqual(await check(scene), ['root key-differs repairable the certificate is not one of root']);
    });
  });
});
