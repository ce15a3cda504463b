import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemActor } from '../../../src/audit/audit.ts';
import { listAudit, verifyAuditChain } from '../../../src/audit/store.ts';
import { type KeyHolder, SessionKeys } from '../../../src/push/keys/session-keys.ts';
import { PushMetrics } from '../../../src/push/metrics.ts';
import { Refusals } from '../../../src/push/refusals.ts';
import { SampledAudit } from '../../../src/push/sampled-audit.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import { silentLog } from '../../silent-log.ts';
import { openMigratedSqlite } from '../../storage/migrated.ts';

const began = Date.parse('2026-11-21T09:00:00Z');
const lifeMs = 600_000;

async function openKeys(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const opened = await openMigratedSqlite(dataDir);
  t.after(async () => {
    await opened.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const state = { isDown: false, now: began };
  const transaction: Database['transaction'] = async (work) => {
    if (state.isDown) throw new Error('the database is away');
    return opened.transaction(work);
  };
  const database: Database = { ...opened, transaction };
  const parts = { database, now: () => state.now, log: silentLog };
  const ends = new SampledAudit(parts);
  const keys = new SessionKeys({ ...parts, refusals: new Refusals(new PushMetrics(), new SampledAudit(parts)), ends });
  const [organisation] = await opened.query.selectFrom('organisation').select('id').execute();
  const holder: KeyHolder = { organisationId: organisation?.id ?? createId(began), kind: 'session', id: 'one' };
  const issue = (of = holder) => keys.issue({ organisationId: of.organisationId, actor: systemActor }, of);
  const readEnds = async () => {
    const rows = await listAudit(opened, { action: 'push_session_key.ended', limit: 500 });
    return rows.map(({ object_id, detail, outcome }) => ({ id: object_id, ...JSON.parse(detail ?? '{}'), outcome }));
  };
  return { state, keys, ends, holder, issue, readEnds, opened };
}

test('keys that end while the database is away sign nothing any more, and are told when it is back, each once', async (t) => {
  const { state, keys, ends, holder, issue, readEnds, opened } = await openKeys(t);
  const other = { ...holder, id: 'two' };
  const [first, second, third] = [await issue(), await issue(), await issue(other)];
  state.isDown = true;
  state.now += 1000;
  await keys.revoke(holder);
  assert.equal(keys.find(holder, first.kid), undefined);
  state.now = began + lifeMs + 5000;
  await keys.prune();
  assert.deepEqual([...keys.holders()], []);
  assert.deepEqual(await readEnds(), []);
  state.isDown = false;
  await ends.flush();
  await ends.flush();
  const revoked = { reason: 'revoked', ended_at: began + 1000, outcome: 'success' };
  assert.deepEqual(await readEnds(), [
    { id: first.kid, ...revoked },
    { id: second.kid, ...revoked },
    { id: third.kid, reason: 'expired', ended_at: began + lifeMs, outcome: 'success' },
  ]);
  await verifyAuditChain(opened);
});

test('a key that ends while the database serves is told at once', async (t) => {
  const { keys, holder, issue, readEnds } = await openKeys(t);
  const { kid } = await issue();
  await keys.revoke(holder);
  assert.deepEqual(
    (await readEnds()).map(({ id }) => id),
    [kid],
  );
});
