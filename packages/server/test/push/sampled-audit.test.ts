import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Sample, SampledAudit } from '../../src/push/sampled-audit.ts';
import type { Database } from '../../src/storage/database.ts';
import { silentLog } from '../silent-log.ts';
import { openMigratedSqlite } from '../storage/migrated.ts';

async function openAudit(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const database = await openMigratedSqlite(dataDir);
  t.after(async () => {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const failing = { isDown: false };
  const transaction: Database['transaction'] = async (work) => {
    if (failing.isDown) throw new Error('the database is away');
    return database.transaction(work);
  };
  const audit = new SampledAudit({ database: { transaction }, now: Date.now, log: silentLog });
  const readCounts = async () => {
    const rows = await database.query
      .selectFrom('audit_event')
      .select('detail')
      .where('action', '=', 'push.limited')
      .execute();
    return rows.map(({ detail }) => JSON.parse(detail ?? '{}') as { reason: string; count: number });
  };
  return { audit, failing, readCounts, database };
}

function limited(reason: string): Sample {
  return { organisationId: null, action: 'push.limited', reason };
}

test('what was refused while the database was away is told when it is back, to the last one', async (t) => {
  const { audit, failing, readCounts } = await openAudit(t);
  for (let refused = 0; refused < 7; refused++) audit.note(limited('address'));
  failing.isDown = true;
  await audit.flush();
  audit.note(limited('address'));
  audit.note(limited('total'));
  await audit.flush();
  assert.deepEqual(await readCounts(), []);
  failing.isDown = false;
  await audit.flush();
  await audit.flush();
  assert.deepEqual(await readCounts(), [
    { reason: 'address', count: 8 },
    { reason: 'total', count: 1 },
  ]);
});

test('more reasons than one write takes are all told', async (t) => {
  const { audit, readCounts } = await openAudit(t);
  for (let reason = 0; reason < 1201; reason++) audit.note(limited(`rule-${reason}`));
  await audit.flush();
  const counts = await readCounts();
  assert.equal(new Set(counts.map(({ reason }) => reason)).size, 1201);
  assert.ok(counts.every(({ count }) => count === 1));
});

test('what is refused while rows are written is told once, with the next ones', async (t) => {
  const { audit, readCounts } = await openAudit(t);
  audit.note(limited('address'));
  const flushed = audit.flush();
  audit.note(limited('address'));
  await Promise.all([flushed, audit.flush()]);
  assert.equal(
    (await readCounts()).reduce((sum, { count }) => sum + count, 0),
    2,
  );
});

test('what ended beyond what can wait is counted to the last one, and not kept one by one', async (t) => {
  const { audit, failing, database } = await openAudit(t);
  failing.isDown = true;
  const action = 'push_session_key.ended';
  for (let key = 0; key < 10_025; key++) {
    const subject = { kind: 'push-session-key', id: `s_${key}`, endedAt: key };
    audit.note({ organisationId: null, action, reason: 'revoked', subject });
  }
  await audit.flush();
  failing.isDown = false;
  await audit.flush();
  const rows = await database.query
    .selectFrom('audit_event')
    .select(['object_id', 'detail'])
    .where('action', '=', action)
    .execute();
  assert.equal(rows.length, 10_001);
  assert.equal(new Set(rows.map(({ object_id }) => object_id)).size, 10_001);
  const rest = rows.find(({ object_id }) => object_id === 'revoked');
  assert.deepEqual(JSON.parse(rest?.detail ?? '{}'), { reason: 'revoked', count: 25 });
});
