/** The doctor on the transparency log: who is told what, and that every kind of change by hand is seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { sql } from 'kysely';
import { examineLog } from '../../src/doctor/log.ts';
import type { Database } from '../../src/storage/database.ts';
import { appendAll, type Loggable } from '../../src/trust/log/append.ts';
import { findOpenLog, type LogRow } from '../../src/trust/log/store.ts';
import { sweepAudit } from '../../src/trust/log/sweep.ts';
import { openLog, recordCarried } from '../../src/trust/log/transparency-log.ts';
import { importTrustList } from '../../src/trust/trust-lists.ts';
import { createScene } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

const forgeries = [
  [/entry 3 is not what was logged/, (d: Database) => rewrite(d, 'log_entry', `entry = '{"a":1}' where position = 3`)],
  [/entry 3 is not/, (d: Database) => rewrite(d, 'log_entry', `leaf_hash = '${'A'.repeat(43)}=' where position = 3`)],
  [/tile 0 at level 0/, (d: Database) => rewrite(d, 'log_node', `hash = '${'A'.repeat(43)}='`)],
] as const;

const hash = `${'A'.repeat(43)}=`;
const planted = [
  [
    /entry 261 is beyond the end/,
    'log_entry (log_id, position, type, organisation_id, entry, leaf_hash, logged_at)',
    `(1, 261, 'trust-list', 'nobody', '{}', '${hash}', 0)`,
  ],
  [/hashes of 1 full tiles, got 2/, 'log_node (log_id, level, position, hash)', `(1, 1, 261, '${hash}')`],
] as const;

forEachEngine((_engine, open) => {
  test('says what the trust list should name, and nothing of a log that is as it was signed', async () => {
    const database = await open();
    const { dependencies, caller, signList } = await createScene(database);
    const codes = async () =>
      (await examineLog({ ...dependencies, database } as never, caller.organisationId)).map(({ code }) => code);
    assert.deepEqual(await codes(), []);
    await importTrustList(dependencies, caller, await signList({ version: 1 }));
    await openLog({ ...dependencies, baseUrl: undefined });
    assert.deepEqual(await codes(), ['log-read', 'log-not-named']);
    const log = await findOpenLog(database.query);
    const { signer } = await createKeyPair();
    const key = { keyId: signer.keyId, pubkeyB64: signer.pubkeyB64 };
    await importTrustList(
      dependencies,
      caller,
      await signList({ version: 2, log: { origin: log?.origin ?? '', key } }),
    );
    assert.deepEqual(await codes(), ['log-read', 'log-other-named']);
    const locked = { ...dependencies, vault: { state: 'locked', unseal: () => assert.fail() } as const };
    await importTrustList(locked, caller, await signList({ version: 3 }));
    assert.deepEqual(await codes(), ['log-read', 'log-waits', 'log-not-named']);
  });

  test('names a head that the audit log does not have, unless a restore explains it', async () => {
    const database = await open();
    const { dependencies, caller } = await createScene(database);
    await openLog({ ...dependencies, baseUrl: undefined });
    const look = async () =>
      (await examineLog({ ...dependencies, database } as never, caller.organisationId)).map(({ code }) => code);
    const sweep = () => sweepAudit({ ...dependencies, logged: { kinds: ['none'], describe: async () => [] } });
    await sweep();
    assert.deepEqual(await look(), ['log-read']);
    const { organisationId } = caller;
    const head = { type: 'audit-head', sequence: 90, sha256: 'f'.repeat(64) } as const;
    await appendAll(dependencies, [{ organisationId, entry: head }]);
    assert.deepEqual(await look(), ['log-read', 'audit-head-lost']);
    const log = await findOpenLog(database.query);
    await database.transaction((tx) => recordCarried(tx, log as LogRow, dependencies.now()));
    assert.deepEqual(await look(), ['log-read']);
  });

  test('names what was changed by hand', async () => {
    const database = await open();
    const { dependencies, caller } = await createScene(database);
    await openLog({ ...dependencies, baseUrl: undefined });
    const loggables = Array.from({ length: 260 }, (_, index): Loggable => {
      const entry = { type: 'trust-list', trustVersion: index + 1, sha256: 'a'.repeat(64) } as const;
      return { organisationId: caller.organisationId, entry };
    });
    await appendAll(dependencies, loggables);
    const look = () => examineLog({ ...dependencies, database } as never, caller.organisationId);
    const whole = async () => {
      const [finding, ...others] = await look();
      assert.match(finding?.message ?? '', /is what was signed: 260 entries were read/);
      assert.deepEqual([finding?.level, others], ['info', []]);
    };
    await whole();
    await unguard(database);
    for (const [words, forge] of forgeries) {
      const undo = await forge(database);
      const [finding] = await look();
      assert.equal(finding?.code, 'log-damaged');
      assert.match(finding?.message ?? '', words);
      await undo();
    }
    await whole();
    for (const [words, table, row] of planted) {
      await sql.raw(`insert into ${table} values ${row}`).execute(database.query);
      assert.match((await look())[0]?.message ?? '', words);
      await sql.raw(`delete from ${table.split(' ', 1)} where position = 261`).execute(database.query);
    }
    await whole();
    await sql`update transparency_log set checkpoint = replace(checkpoint, '260', '259')`.execute(database.query);
    assert.match((await look())[0]?.message ?? '', /does not verify under the key/);
  });
});

/** What only somebody with the file of the database in hand can do; returns the way back. */
async function rewrite(
  database: Database,
  table: 'log_entry' | 'log_node',
  change: string,
): Promise<() => Promise<void>> {
  const before = await database.query.selectFrom(table).selectAll().execute();
  await sql.raw(`update ${table} set ${change}`).execute(database.query);
  return async () => {
    await database.query.deleteFrom(table).execute();
    for (const row of before) await database.query.insertInto(table).values(row).execute();
  };
}

async function unguard(database: Database): Promise<void> {
  for (const table of ['log_entry', 'log_node', 'transparency_log']) {
    for (const act of ['update', 'delete']) {
      const name = `${table}_${act}`;
      const drop = database.engine === 'sqlite' ? `drop trigger ${name}` : `drop rule ${name} on ${table}`;
      await sql.raw(drop).execute(database.query);
    }
  }
}
