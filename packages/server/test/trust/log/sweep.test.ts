/** A log that is behind goes on at once, holds nothing up meanwhile, and tells how far behind it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { examineLog } from '../../../src/doctor/log.ts';
import type { Database } from '../../../src/storage/database.ts';
import { insertRows } from '../../../src/storage/row-inserts.ts';
import { createQueue } from '../../../src/storage/turns.ts';
import { measureLag, registerLogMetrics } from '../../../src/trust/log/lag.ts';
import { findOpenLog } from '../../../src/trust/log/store.ts';
import { catchUp, sweepAudit } from '../../../src/trust/log/sweep.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { createScene } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

forEachEngine((_engine, open) => {
  test('what is more than a sweep takes is taken by the next one at once, and told meanwhile', async () => {
    const database = await open();
    const { dependencies, caller } = await createScene(database);
    await openLog({ ...dependencies, baseUrl: undefined });
    const at = dependencies.now();
    const { sequence: end } = await audit(database, { count: 20_500, at });
    const later = () => at + 3_600_000;
    const lag = async () => {
      const log = await findOpenLog(database.query);
      assert.ok(log);
      return measureLag(database.query, log, later());
    };
    assert.deepEqual(await lag(), { rows: end, ms: 3_600_000 });
    const registry = new Registry();
    registerLogMetrics(registry, { database, now: later });
    assert.match(await registry.metrics(), /^signpost_log_lag_seconds 3600$/m);
    assert.match(await registry.metrics(), new RegExp(`^signpost_log_waiting_rows ${end}$`, 'm'));
    const examine = async () =>
      (await examineLog({ ...dependencies, now: later } as never, caller.organisationId)).map(({ code }) => code);
    assert.deepEqual(await examine(), ['log-read', 'log-behind']);

    const rounds: boolean[] = [];
    const sweep = async () => {
      const { isBehind } = await sweepAudit({ ...dependencies, logged: { kinds: ['none'], describe: async () => [] } });
      rounds.push(isBehind);
      return isBehind;
    };
    await catchUp(createQueue(), sweep);
    assert.deepEqual(rounds, [true, false]);
    assert.deepEqual(await lag(), { rows: 0, ms: 0 });
    assert.deepEqual(await examine(), ['log-read']);
    assert.match(await registry.metrics(), /^signpost_log_lag_seconds 0$/m);
  });

  test('however many rows do not belong into the log, they come to one head', async () => {
    const database = await open();
    const { dependencies } = await createScene(database);
    await openLog({ ...dependencies, baseUrl: undefined });
    await audit(database, { count: 2500, at: dependencies.now() });
    const shown: number[] = [];
    const describe = async (_query: unknown, rows: readonly unknown[]) => {
      shown.push(rows.length);
      return [];
    };
    const logged = { kinds: ['certificate'], describe };
    assert.deepEqual(await sweepAudit({ ...dependencies, logged }), { appended: 1, isBehind: false });
    assert.deepEqual(await sweepAudit({ ...dependencies, logged }), { appended: 0, isBehind: false });
    assert.deepEqual(shown, [0]);
  });
});

test('what waits meanwhile comes between two sweeps', async () => {
  const enqueue = createQueue();
  const order: string[] = [];
  const sweeps = [true, true, false];
  const caughtUp = catchUp(enqueue, async () => {
    const isBehind = sweeps.shift() ?? false;
    order.push('sweep');
    if (isBehind) void enqueue(async () => void order.push('other'));
    return isBehind;
  });
  await caughtUp;
  assert.deepEqual(order, ['sweep', 'other', 'sweep', 'other', 'sweep']);
});

const hashOf = (index: number) => index.toString(16).padStart(64, '0');

/** Rows behind the end of the audit log; their chain is not the point here. Returns the last one. */
async function audit(database: Database, { count, at }: { readonly count: number; readonly at: number }) {
  const { sequence } = await database.query
    .selectFrom('audit_event')
    .select('sequence')
    .orderBy('sequence', 'desc')
    .executeTakeFirstOrThrow();
  const rows = Array.from({ length: count }, (_, index) => ({
    ...{ sequence: sequence + 1 + index, at, organisation_id: null, actor_kind: 'system' as const, actor_id: null },
    ...{ session_id: null, action: 'log.begun', object_kind: 'none', object_id: '', outcome: 'success' as const },
    ...{ detail: null, previous_hash: hashOf(index), hash: hashOf(index + 1) },
  }));
  await database.transaction((tx) => insertRows(tx, 'audit_event', rows));
  return { sequence: sequence + count };
}
