/** A database that went back behind what was signed: the log ends, and nothing is signed a second time. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { listAudit } from '../../../src/audit/store.ts';
import { appendAll, type Loggable } from '../../../src/trust/log/append.ts';
import { keepHighWater } from '../../../src/trust/log/high-water.ts';
import { findOpenLog, type LogRow, listLogs } from '../../../src/trust/log/store.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { createScene } from '../../releases/scene.ts';
import { openMigratedSqlite } from '../../storage/migrated.ts';

async function openScene(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const database = await openMigratedSqlite(folder);
  t.after(() => database.close());
  const { dependencies, caller } = await createScene(database);
  const highWater = join(folder, 'log-checkpoint');
  const readLog = async () => (await findOpenLog(database.query)) as LogRow;
  return {
    ...{ database, dependencies, highWater, readLog },
    open: () => openLog({ ...dependencies, baseUrl: 'https://updates.example.com', highWater }),
    append: (version: number) => {
      const entry = { type: 'trust-list', trustVersion: version, sha256: 'a'.repeat(64) } as const;
      const loggable: Loggable = { organisationId: caller.organisationId, entry };
      return appendAll(dependencies, [loggable]);
    },
    keep: async () => keepHighWater(database.query, await readLog(), highWater),
    readKept: () => readFile(highWater, 'utf8'),
    /** What only somebody with the file of the database in hand can do. */
    unguard: async () => {
      for (const name of ['log_entry_delete', 'transparency_log_update'])
        await sql.raw(`drop trigger ${name}`).execute(database.query);
    },
  };
}

test('a log whose end the database has lost signs nothing more and ends; one that is whole goes on', async (t) => {
  const { database, dependencies, highWater, readLog, open, append, keep, readKept, unguard } = await openScene(t);
  await open();
  await append(1);
  const early = await readLog();
  await append(2);
  await keep();
  assert.equal(await readKept(), (await readLog()).checkpoint);
  await writeFile(`${highWater}.other`, 'what is no note');
  await openLog({ ...dependencies, baseUrl: undefined, highWater: `${highWater}.other` });
  await open();
  assert.equal((await listLogs(database.query)).length, 1);
  // The same file, as it was one entry before.
  await unguard();
  await sql`delete from log_entry where position = 1`.execute(database.query);
  const { size, checkpoint, checkpoint_size } = early;
  await database.query.updateTable('transparency_log').set({ size, checkpoint, checkpoint_size }).execute();
  await assert.rejects(append(3), { code: 'unavailable', rule: 'log-damaged' });
  const kept = await readKept();
  await keep();
  assert.equal(await readKept(), kept, 'what tells of the loss stays until the log has ended');
  await open();
  const [ended] = await listAudit(database, { action: 'log.ended', limit: 1 });
  assert.equal(JSON.parse(ended?.detail ?? '{}').reason, 'rolled-back');
  assert.equal(await append(3), 1);
  assert.equal((await listLogs(database.query)).length, 2);
});

test('what the log has not signed does not take the place of what it has', async (t) => {
  const { database, readLog, open, append, keep, readKept, unguard } = await openScene(t);
  await open();
  await append(1);
  await keep();
  const kept = await readKept();
  await append(2);
  const { checkpoint } = await readLog();
  await unguard();
  await database.query.updateTable('transparency_log').set({ checkpoint: 'what is no note' }).execute();
  await assert.rejects(keep(), { rule: 'log-damaged' });
  assert.equal(await readKept(), kept);
  await database.query.updateTable('transparency_log').set({ checkpoint }).execute();
  await keep();
  assert.equal(await readKept(), checkpoint);
});

const skip = process.platform === 'linux' ? false : 'a file that is always full is of Linux';

test('on a full disk the file stays as it was, the log goes on, and the file follows when there is room', {
  skip,
}, async (t) => {
  const { highWater, readLog, open, append, keep, readKept } = await openScene(t);
  await open();
  await append(1);
  await keep();
  const kept = await readKept();
  await symlink('/dev/full', `${highWater}.new`);
  await append(2);
  await assert.rejects(keep(), { code: 'ENOSPC' });
  assert.equal(await readKept(), kept);
  await append(3);
  await open();
  assert.equal((await readLog()).checkpoint_size, 3, 'what is remembered from before ends no log');
  // What a process leaves that was killed there.
  await rm(`${highWater}.new`);
  await writeFile(`${highWater}.new`, kept.slice(0, 20));
  await keep();
  assert.equal(await readKept(), (await readLog()).checkpoint);
});
