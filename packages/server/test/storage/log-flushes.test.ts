import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { copyFile, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CompiledQuery, type Transaction } from 'kysely';
import { LogFlushes } from '../../src/storage/database/sqlite/log-flushes.ts';
import { openSqlite } from '../../src/storage/database/sqlite/open-sqlite.ts';
import type { Database, Query } from '../../src/storage/database.ts';
import { createGroupedWrites } from '../../src/storage/grouped-writes.ts';
import type { Schema } from '../../src/storage/schema.ts';
import { forEachEngine } from './engines.ts';

/** A log whose flushes end when the test says so. */
class SlowLog {
  readonly begun: PromiseWithResolvers<void>[] = [];

  datasync(): Promise<void> {
    const flush = Promise.withResolvers<void>();
    this.begun.push(flush);
    return flush.promise;
  }

  async close(): Promise<void> {}
}

suite('flushes of the log', () => {
  test('one serves all that asked before it began, and nobody who asked later', async () => {
    const log = new SlowLog();
    const flushes = new LogFlushes(log, () => assert.fail());
    const seen: string[] = [];
    const ask = (name: string) => flushes.flush().then(() => seen.push(name));
    const all = [ask('a'), ask('b'), ask('c')];
    assert.equal(log.begun.length, 1);
    log.begun[0]?.resolve();
    await all[0];
    assert.deepEqual(seen, ['a']);
    assert.ok(flushes.pending);
    await nextTurn();
    assert.equal(log.begun.length, 2);
    log.begun[1]?.resolve();
    await Promise.all(all);
    assert.deepEqual(seen, ['a', 'b', 'c']);
    assert.equal(flushes.pending, undefined);
  });

  test('one that nobody else waits for is done here once they are quick, and beside while they are not', async (t) => {
    let clock = 0;
    t.mock.method(performance, 'now', () => clock);
    const done: string[] = [];
    let takesMs = 1;
    const note = (where: string) => {
      clock += takesMs;
      done.push(where);
    };
    const file = { datasync: async () => note('beside'), datasyncHere: () => note('here'), close: async () => {} };
    const flushes = new LogFlushes(file, () => assert.fail());
    for (const isLone of [true, true, false, true]) await flushes.flush(isLone);
    assert.deepEqual(done.splice(0), ['beside', 'here', 'beside', 'here']);
    takesMs = 5;
    for (let count = 0; count < 3; count++) await flushes.flush(true);
    assert.deepEqual(done.splice(0), ['here', 'beside', 'beside']);
    takesMs = 1;
    for (let count = 0; count < 2; count++) await flushes.flush(true);
    assert.deepEqual(done, ['beside', 'here']);
  });

  test('one that failed here is the last one', async () => {
    const failure = new Error('EIO');
    const ends: unknown[] = [];
    const datasyncHere = () => {
      throw failure;
    };
    const flushes = new LogFlushes({ datasync: async () => {}, datasyncHere, close: async () => {} }, (error) =>
      ends.push(error),
    );
    await flushes.flush();
    await assert.rejects(flushes.flush(true), failure);
    await assert.rejects(flushes.flush(), failure);
    assert.deepEqual(ends, [failure]);
  });

  test('after one has failed all fail, and the end is called for', async () => {
    const log = new SlowLog();
    const ends: unknown[] = [];
    const flushes = new LogFlushes(log, (error) => ends.push(error));
    const failure = new Error('EIO');
    const both = Promise.allSettled([flushes.flush(), flushes.flush()]);
    log.begun[0]?.reject(failure);
    assert.deepEqual(
      (await both).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    await assert.rejects(flushes.flush(), failure);
    assert.deepEqual(ends, [failure]);
    assert.equal(log.begun.length, 1);
  });
});

suite('commits that are flushed by themselves', () => {
  async function open(t: TestContext, log: SlowLog, end?: (error: unknown) => void): Promise<Database> {
    const folder = await mkdtemp(join(tmpdir(), 'signpost-'));
    const database = await openSqlite(join(folder, 'signpost.db'), { create: true, log, ...(end && { end }) });
    await database.query.schema.createTable('vault_secret').addColumn('name', 'text').execute();
    t.after(async () => {
      await database.close();
      await rm(folder, { recursive: true });
    });
    return database;
  }

  test('can be read, and are not durable before their flush', async (t) => {
    const log = new SlowLog();
    const database = await open(t, log);
    assert.equal(database.settle(), undefined);
    const { result, durable } = await database.commit(async (transaction) => {
      await note(transaction, 'a');
      return 7;
    });
    assert.equal(result, 7);
    assert.deepEqual(await readNames(database), ['a']);
    const seen: string[] = [];
    const told = [durable.then(() => seen.push('durable')), database.settle()?.then(() => seen.push('settled'))];
    await nextTurn();
    assert.deepEqual(seen, []);
    log.begun[0]?.resolve();
    await Promise.all(told);
    assert.deepEqual(seen.sort(), ['durable', 'settled']);
    assert.equal(database.settle(), undefined);
  });

  test('leave every other commit as it was: flushed when it returns', async (t) => {
    const log = new SlowLog();
    const database = await open(t, log);
    const level = () => readLevel(database.query);
    assert.equal(await level(), 2);
    const { durable } = await database.commit(async (transaction) => {
      assert.equal(await readLevel(transaction), 1);
      await note(transaction, 'a');
    });
    assert.equal(await level(), 2);
    const failing = database.commit(async () => {
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    assert.equal(await level(), 2);
    // Waits for no flush of the log.
    await database.transaction((transaction) => note(transaction, 'b'));
    assert.deepEqual(await readNames(database), ['a', 'b']);
    log.begun[0]?.resolve();
    await durable;
  });

  test('let the next group be written while the one before is flushed, and tell each of its own', async (t) => {
    const log = new SlowLog();
    const writes = createGroupedWrites<string>(await open(t, log), async (transaction, names) => {
      for (const name of names) await note(transaction, name);
    });
    const seen: string[] = [];
    const write = (name: string) => writes.write(name).then(() => seen.push(name));
    const first = write('a');
    while (log.begun.length < 1) await nextTurn();
    const second = write('b');
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    assert.deepEqual(seen, []);
    log.begun[0]?.resolve();
    await first;
    while (log.begun.length < 2) await nextTurn();
    assert.deepEqual(seen, ['a']);
    log.begun[1]?.resolve();
    await second;
  });

  test('that cannot be flushed are told to nobody, and the process is to end', async (t) => {
    const log = new SlowLog();
    const ends: unknown[] = [];
    const database = await open(t, log, (error) => ends.push(error));
    const writes = createGroupedWrites<string>(database, async (transaction, names) => {
      for (const name of names) await note(transaction, name);
    });
    const failure = new Error('EIO');
    const written = writes.write('a');
    while (log.begun.length < 1) await nextTurn();
    log.begun[0]?.reject(failure);
    await assert.rejects(written, failure);
    await assert.rejects(Promise.resolve(database.settle()), failure);
    assert.deepEqual(ends, [failure]);
  });

  test('survive a power cut once they are flushed, and with them those before, and nothing in parts', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'signpost-'));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'signpost.db');
    const database = await openSqlite(path, { create: true });
    await database.query.schema.createTable('vault_secret').addColumn('name', 'text').execute();
    const names = Array.from({ length: 12 }, (_, index) => String(index).padStart(60, '0'));
    // Octets of the log that are on the disk for certain, after so many commits.
    let flushed = { size: statSync(`${path}-wal`).size, commits: 0 };
    for (const [index, name] of names.entries()) {
      const { durable } = await database.commit((transaction) => note(transaction, name));
      if (index % 4 === 2) {
        await durable;
        flushed = { size: statSync(`${path}-wal`).size, commits: index + 1 };
      }
      const { size } = statSync(`${path}-wal`);
      for (let cut = flushed.size; cut <= size; cut += 997) {
        const left = await readAfterCut(path, { cut, copy: join(folder, `${index}-${cut}.db`) });
        assert.ok(left.length >= flushed.commits && left.length <= index + 1, `${left.length} of ${index + 1}`);
        assert.deepEqual(left, names.slice(0, left.length));
      }
    }
    await database.close();
  });

  forEachEngine((_name, openEngine) => {
    test('are there, and durable in the end', async () => {
      const database = await openEngine();
      const { durable } = await database.commit(async (transaction) => {
        await transaction.insertInto('vault_secret').values({ name: 'n', ciphertext: '0', created_at: 0 }).execute();
      });
      await durable;
      assert.equal(database.settle(), undefined);
      const rows = await database.query.selectFrom('vault_secret').select('name').execute();
      assert.deepEqual(rows, [{ name: 'n' }]);
    });
  });
});

const pragma = CompiledQuery.raw('pragma synchronous');

async function readLevel(query: Query): Promise<unknown> {
  const { rows } = await query.executeQuery(pragma);
  return (rows[0] as { readonly synchronous: number }).synchronous;
}

/** What the next start reads when no more of the log than `cut` octets had reached the disk. */
async function readAfterCut(path: string, { cut, copy }: { cut: number; copy: string }): Promise<string[]> {
  await copyFile(path, copy);
  await copyFile(`${path}-wal`, `${copy}-wal`);
  await truncate(`${copy}-wal`, cut);
  const database = await openSqlite(copy, { create: false });
  try {
    return await readNames(database);
  } finally {
    await database.close();
  }
}

async function note(transaction: Transaction<Schema>, name: string): Promise<void> {
  await transaction.executeQuery(CompiledQuery.raw('insert into vault_secret values (?)', [name]));
}

async function readNames(database: Database): Promise<string[]> {
  const rows = await database.query.selectFrom('vault_secret').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}
