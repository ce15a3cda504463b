import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Checkpoints } from '../../src/storage/database/sqlite/checkpoints.ts';

/** A database that copies nothing by itself, with checkpoints from 10 pages on. */
async function open(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'signpost.db');
  const file = new DatabaseSync(path);
  file.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table entry (text text)');
  const checkpoints = new Checkpoints(file, path, 10);
  const insert = file.prepare('insert into entry values (?)');
  const write = (count: number) => {
    for (let at = 0; at < count; at++) insert.run('x'.repeat(3000));
  };
  const pages = () => {
    const { log, checkpointed } = file.prepare('pragma wal_checkpoint(noop)').get() ?? {};
    return { log: Number(log), left: Number(log) - Number(checkpointed) };
  };
  return { path, file, checkpoints, write, pages };
}

suite('checkpoints beside the thread that commits', () => {
  test('copy what has gathered, with what came meanwhile, and let the log begin anew', async (t) => {
    const { file, checkpoints, write, pages } = await open(t);
    checkpoints.look();
    assert.ok(pages().left > 0 && pages().left < 10);
    write(20);
    const gathered = pages().log;
    checkpoints.look();
    write(1);
    while (pages().left > 2) {
      await delay(5);
      write(0);
    }
    while (pages().left > 0) {
      await delay(5);
      checkpoints.look();
    }
    write(1);
    assert.ok(pages().log < gathered);
    assert.equal(file.prepare('select count(*) as n from entry').get()?.n, 22);
    await checkpoints.close();
    file.close();
  });

  test('are at their end when they are closed: whoever has the database open then has it alone', async (t) => {
    const { path, file, checkpoints, write } = await open(t);
    write(20);
    checkpoints.look();
    await checkpoints.close();
    checkpoints.look();
    file.close();
    assert.equal(existsSync(`${path}-wal`), false);
    const again = new DatabaseSync(path);
    assert.equal(again.prepare('select count(*) as n from entry').get()?.n, 20);
    again.close();
  });

  test('that fail leave the log as it is, and nobody waiting', async (t) => {
    const { path, file, checkpoints, write, pages } = await open(t);
    const failing = new Checkpoints(file, join(path, 'nothing'), 10);
    write(20);
    failing.look();
    await failing.close();
    assert.ok(pages().left >= 20);
    await checkpoints.close();
    file.close();
  });
});
