/** A database that went back behind what was signed: the log ends, and nothing is signed a second time. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { listAudit } from '../../../src/audit/store.ts';
import { appendAll, type Loggable } from '../../../src/trust/log/append.ts';
import { keepHighWater } from '../../../src/trust/log/high-water.ts';
import { findOpenLog, type LogRow, listLogs } from '../../../src/trust/log/store.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { createScene } from '../../releases/scene.ts';
import { openMigratedSqlite } from '../../storage/migrated.ts';

test('a log whose end the database has lost signs nothing more and ends; one that is whole goes on', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const database = await openMigratedSqlite(folder);
  t.after(() => database.close());
  const { dependencies, caller } = await createScene(database);
  const highWater = join(folder, 'log-checkpoint');
  const open = () => openLog({ ...dependencies, baseUrl: 'https://updates.example.com', highWater });
  const append = (version: number) => {
    const entry = { type: 'trust-list', trustVersion: version, sha256: 'a'.repeat(64) } as const;
    const loggable: Loggable = { organisationId: caller.organisationId, entry };
    return appendAll(dependencies, [loggable]);
  };
  const readLog = async () => (await findOpenLog(database.query)) as LogRow;
  await open();
  await append(1);
  const early = await readLog();
  await append(2);
  await keepHighWater(await readLog(), highWater);
  assert.equal(await readFile(highWater, 'utf8'), (await readLog()).checkpoint);
  await writeFile(`${highWater}.other`, 'what is no note');
  await openLog({ ...dependencies, baseUrl: undefined, highWater: `${highWater}.other` });
  await open();
  assert.equal((await listLogs(database.query)).length, 1);
  // The same file, as it was one entry before.
  for (const name of ['log_entry_delete', 'transparency_log_update'])
    await sql.raw(`drop trigger ${name}`).execute(database.query);
  await sql`delete from log_entry where position = 1`.execute(database.query);
  const { size, checkpoint, checkpoint_size } = early;
  await database.query.updateTable('transparency_log').set({ size, checkpoint, checkpoint_size }).execute();
  await assert.rejects(append(3), { code: 'unavailable', rule: 'log-damaged' });
  await open();
  const [ended] = await listAudit(database, { action: 'log.ended', limit: 1 });
  assert.equal(JSON.parse(ended?.detail ?? '{}').reason, 'rolled-back');
  assert.equal(await append(3), 1);
  assert.equal((await listLogs(database.query)).length, 2);
});
