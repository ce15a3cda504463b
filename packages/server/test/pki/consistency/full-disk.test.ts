/** Repairs and notices on a full disk: told as an outage, nothing half done, and taken up where they stood. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { checkConsistency } from '../../../src/pki/consistency/consistency.ts';
import { recordListNotices } from '../../../src/pki/revocation/expiry.ts';
import type { Database } from '../../../src/storage/database.ts';
import { isOutage } from '../../../src/storage/violation.ts';
import { dayMs } from '../../releases/scene.ts';
import { openMigratedSqlite } from '../../storage/migrated.ts';
import { createRevocationScene } from '../revocation/scene.ts';

const certificates = 60;

async function openScene(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const database = await openMigratedSqlite(dataDir);
  t.after(async () => {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const scene = await createRevocationScene(database);
  t.after(() => scene.parts.stop());
  const countOf = async (topic: string) => {
    const rows = await database.query.selectFrom('outbox').selectAll().where('topic', '=', topic).execute();
    return rows.length;
  };
  const listAudited = async (action: string) => {
    const rows = database.query.selectFrom('audit_event').select('object_id').where('action', '=', action);
    return (await rows.execute()).map(({ object_id: id }) => id);
  };
  return { scene, database, countOf, listAudited };
}

/** From now on nothing more fits than what has a place already. */
async function fill({ query }: Database): Promise<void> {
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(query);
  await sql.raw(`pragma max_page_count = ${rows[0]?.page_count}`).execute(query);
}

async function clear({ query }: Database): Promise<void> {
  await sql.raw('pragma max_page_count = 1000000').execute(query);
}

test('a repair that fills the disk ends as an outage, each certificate whole, and the next one does the rest', async (t) => {
  const { scene, database, listAudited } = await openScene(t);
  const issued = await Promise.all(Array.from({ length: certificates }, (_, host) => scene.issue(`h${host}.example`)));
  const before = new Map(issued.map(({ row }) => [row.id, row]));
  const ids = [...before.keys()];
  const change = { common_name: 'damaged', not_after: sql<number>`not_after + 1` };
  await database.query.updateTable('certificate').set(change).where('id', 'in', ids).execute();
  await fill(database);
  const checking = { ...scene.parts, forgetLists: () => undefined };
  const repair = () => checkConsistency(checking, scene.caller, { repair: true });
  await assert.rejects(repair(), isOutage);
  const rows = await database.query.selectFrom('certificate').selectAll().where('id', 'in', ids).execute();
  const endOf = (id: string) => before.get(id)?.not_after ?? 0;
  const isDamaged = rows.filter((row) => row.common_name === 'damaged' && row.not_after === endOf(row.id) + 1);
  const isWhole = rows.filter((row) => row.common_name !== 'damaged' && row.not_after === endOf(row.id));
  assert.equal(isDamaged.length + isWhole.length, certificates);
  assert.ok(isDamaged.length > 0);
  const repaired = isWhole.map(({ id }) => id).sort();
  assert.deepEqual((await listAudited('certificate.repaired')).sort(), repaired);
  await verifyAuditChain(database);
  await clear(database);
  assert.equal((await repair()).findings.filter(({ outcome }) => outcome === 'repaired').length, isDamaged.length);
  assert.deepEqual((await listAudited('certificate.repaired')).sort(), ids.sort());
  assert.equal((await repair()).found, 0);
});

test('a notice that does not fit is neither recorded nor sent, and told when there is room', async (t) => {
  const { scene, database, countOf, listAudited } = await openScene(t);
  const action = 'revocation_list.expiring';
  let [day, refused] = [150, false];
  await fill(database);
  // The last pages take some; a list of the root anew is told of anew.
  for (; !refused && day < 181; day += 0.5) {
    const number = sql<number>`number + 1`;
    await database.query.updateTable('revocation_list').set({ number }).execute();
    const now = () => scene.parts.now() + day * dayMs;
    refused = await recordListNotices({ database, now }).then(
      () => false,
      (error) => isOutage(error) || assert.fail(String(error)),
    );
    assert.equal(await countOf(action), (await listAudited(action)).length);
  }
  assert.ok(refused, 'the disk was never full');
  await verifyAuditChain(database);
  const before = await countOf(action);
  await clear(database);
  await recordListNotices({ database, now: () => scene.parts.now() + day * dayMs });
  assert.ok((await countOf(action)) > before);
  assert.equal(await countOf(action), (await listAudited(action)).length);
});
