import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { type DatabaseLocation, openDatabase } from '../../src/storage/database/open.ts';
import type { Database } from '../../src/storage/database.ts';
import { createId } from '../../src/storage/ids.ts';
import {
  enqueueJob,
  type Job,
  type JobRequest,
  type RunJob,
  readJob,
  startWorker,
  type Worker,
} from '../../src/storage/jobs.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { forEachEngine } from './engines.ts';

const log = pino({ level: 'silent' });
const start = 1_800_000_000_000;

forEachEngine((_name, open, locate) => {
  test('a job of a committed transaction runs once, with what it was given', async (t) => {
    const database = await open();
    const jobs: Omit<Job, 'signal'>[] = [];
    const id = await enqueue(database, { payload: { file: 'a', n: 1 }, organisationId: 'o' });
    const worker = startTestWorker(t, database, async ({ signal, ...job }) => {
      jobs.push(job);
    });
    await worker.drain();
    await worker.drain();
    assert.deepEqual(jobs, [{ id, organisationId: 'o', kind: 'test', payload: { file: 'a', n: 1 }, attempt: 1 }]);
    const row = await readJob(database.query, id);
    assert.deepEqual([row?.state, row?.finished_at, row?.lease_until], ['done', start, null]);
  });

  test('a job of a failed transaction never runs', async (t) => {
    const database = await open();
    const failing = database.transaction(async (transaction) => {
      await enqueueJob(transaction, requestFor({}));
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    await startTestWorker(t, database, () => assert.fail('expected no job')).drain();
    assert.equal((await database.query.selectFrom('job').selectAll().execute()).length, 0);
  });

  test('waking the worker runs a job without being asked again', async (t) => {
    const database = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    const worker = startTestWorker(t, database, async () => resolve());
    await enqueue(database, {});
    worker.wake();
    await promise;
  });

  test('while a job with its key is open a second one is not taken, afterwards it is', async (t) => {
    const database = await open();
    const add = () =>
      database.transaction((transaction) => enqueueJob(transaction, requestFor({ dedupeKey: 'rescan' })));
    assert.deepEqual([await add(), await add()], [true, false]);
    await startTestWorker(t, database, async () => assert.equal(await add(), false)).drain();
    assert.equal(await add(), true);
  });

  test('jobs run in the order of their times, not before them, and other kinds not at all', async (t) => {
    const database = await open();
    let now = start;
    const seen: unknown[] = [];
    await enqueue(database, { payload: { n: 3 }, runAt: start + 2 });
    await enqueue(database, { payload: { n: 2 }, runAt: start });
    await enqueue(database, { payload: { n: 1 }, runAt: start - 1 });
    await enqueue(database, { payload: { n: 0 }, kind: 'other' });
    const run: RunJob = async ({ payload }) => void seen.push(payload.n);
    const worker = startWorker({ database, handlers: { test: run }, now: () => now, log, concurrency: 1 });
    t.after(() => worker.stop());
    await worker.drain();
    assert.deepEqual(seen, [1, 2]);
    now = start + 2;
    await worker.drain();
    assert.deepEqual(seen, [1, 2, 3]);
  });

  test('organisations take turns where it was asked for, however much one of them has waiting', async (t) => {
    const database = await open();
    const seen: unknown[] = [];
    const given = ['a', 'a', 'a', 'b', null, 'b', 'c'].entries();
    for (const [n, organisationId] of given)
      await enqueue(database, { payload: { n }, organisationId, runAt: start + n });
    const run: RunJob = async ({ payload }) => void seen.push(payload.n);
    const parts = { database, handlers: { test: run }, now: () => start + 10, log, concurrency: 1 };
    const worker = startWorker({ ...parts, order: 'organisations' });
    t.after(() => worker.stop());
    await worker.drain();
    assert.deepEqual(seen, [0, 3, 4, 6, 1, 5, 2]);
    await enqueue(database, { payload: { n: 'late' }, organisationId: 'a' });
    await worker.drain();
    assert.equal(seen.at(-1), 'late');
  });

  test('no more jobs run at once than allowed, and none twice', async (t) => {
    const database = await open();
    const ids = await Promise.all(Array.from({ length: 12 }, () => enqueue(database, {})));
    const seen: string[] = [];
    const { promise: together, resolve: meet } = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    const run: RunJob = async ({ id }) => {
      most = Math.max(most, ++running);
      // The first one waits for a second, however long taking that takes.
      if (running === 2) meet();
      await together;
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(id);
      running--;
    };
    const workers = [1, 2].map(() => startTestWorker(t, database, run, { concurrency: 2 }));
    await Promise.all(workers.map((worker) => worker.drain()));
    assert.deepEqual(seen.sort(), ids.sort());
    assert.ok(most <= 4 && most >= 2);
  });

  test('progress can be read while the job runs', async (t) => {
    const database = await open();
    const id = await enqueue(database, {});
    await startTestWorker(t, database, async (_job, report) => {
      await report({ done: 7 });
      assert.equal((await readJob(database.query, id))?.progress, '{"done":7}');
    }).drain();
    assert.equal((await readJob(database.query, id))?.state, 'done');
  });

  test('a job that fails is tried five times, later and later, and then counts as failed', async (t) => {
    const database = await open();
    let now = start;
    const attempts: [number, number][] = [];
    const id = await enqueue(database, {});
    const run: RunJob = async ({ attempt }) => {
      attempts.push([attempt, now - start]);
      throw new Error(`failure ${attempt}`);
    };
    const worker = startWorker({ database, handlers: { test: run }, now: () => now, log, concurrency: 1 });
    t.after(() => worker.stop());
    for (; now <= start + 1_000_000; now += 5000) await worker.drain();
    assert.deepEqual(attempts, [
      [1, 0],
      [2, 5_000],
      [3, 25_000],
      [4, 105_000],
      [5, 425_000],
    ]);
    const row = await readJob(database.query, id);
    assert.deepEqual([row?.state, row?.last_error, row?.finished_at], ['failed', 'failure 5', start + 425_000]);
  });

  test('a job whose process was killed is taken again when its lease is over, and not before', async (t) => {
    const location = await locate();
    const database = await openDatabase(location, { create: true });
    t.after(() => database.close());
    await migrate(database);
    const id = await enqueue(database, {});
    await runUntilKilled(location);
    const row = await readJob(database.query, id);
    assert.deepEqual([row?.state, row?.attempts], ['running', 1]);
    const attempts: number[] = [];
    const run: RunJob = async ({ attempt }) => void attempts.push(attempt);
    await drainAt(database, row?.lease_until ?? 0, run);
    assert.deepEqual(attempts, []);
    await drainAt(database, (row?.lease_until ?? 0) + 1, run);
    assert.deepEqual(attempts, [2]);
  });

  test('a job that takes the process down each time is given up', async () => {
    const database = await open();
    const id = await enqueue(database, {});
    await database.query
      .updateTable('job')
      .set({ state: 'running', attempts: 5, lease_until: start - 1 })
      .execute();
    await drainAt(database, start, () => assert.fail('expected no job'));
    const row = await readJob(database.query, id);
    assert.deepEqual([row?.state, row?.last_error], ['failed', 'the server ended during each attempt']);
  });

  test('a lease is renewed while the job runs', async (t) => {
    const database = await open();
    const id = await enqueue(database, {});
    let now = start;
    const worker = startWorker({
      database,
      handlers: {
        test: async () => {
          now = start + 50;
          while (((await readJob(database.query, id))?.lease_until ?? 0) < start + 50 + 30) {
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        },
      },
      now: () => now,
      log,
      concurrency: 1,
      leaseMs: 30,
    });
    t.after(() => worker.stop());
    await worker.drain();
    assert.equal((await readJob(database.query, id))?.attempts, 1);
  });

  test('who lost a job to another worker is told, and cannot end it', async (t) => {
    const database = await open();
    const id = await enqueue(database, {});
    const worker = startTestWorker(t, database, async ({ signal }, report) => {
      await database.query.updateTable('job').set({ attempts: 2 }).where('id', '=', id).execute();
      await assert.rejects(report({}), /lost it/);
      assert.equal(signal.aborted, true);
    });
    await worker.drain();
    const row = await readJob(database.query, id);
    assert.deepEqual([row?.state, row?.attempts], ['running', 2]);
  });

  test('a worker that stops aborts its job, which waits for the next one with no attempt lost', async () => {
    const database = await open();
    const id = await enqueue(database, {});
    const { promise: started, resolve } = Promise.withResolvers<void>();
    const run: RunJob = ({ signal }) => {
      resolve();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const worker = startWorker({ database, handlers: { test: run }, now: () => start, log, concurrency: 1 });
    await started;
    await worker.stop();
    const row = await readJob(database.query, id);
    assert.deepEqual([row?.state, row?.attempts], ['waiting', 0]);
    await drainAt(database, start, async ({ attempt }) => assert.equal(attempt, 1));
    assert.equal((await readJob(database.query, id))?.state, 'done');
  });
});

function requestFor(request: Partial<JobRequest>): JobRequest {
  const given = { organisationId: null, kind: 'test', payload: {}, runAt: start, now: start };
  return { id: createId(start), ...given, ...request };
}

async function enqueue(database: Database, request: Partial<JobRequest>): Promise<string> {
  const whole = requestFor(request);
  await database.transaction((transaction) => enqueueJob(transaction, whole));
  return whole.id;
}

function startTestWorker(t: TestContext, database: Database, run: RunJob, options = { concurrency: 1 }): Worker {
  const worker = startWorker({ database, handlers: { test: run }, now: () => start, log, ...options });
  t.after(() => worker.stop());
  return worker;
}

async function drainAt(database: Database, now: number, run: RunJob): Promise<void> {
  const worker = startWorker({ database, handlers: { test: run }, now: () => now, log, concurrency: 1 });
  await worker.drain();
  await worker.stop();
}

/** Starts a process that takes a job and hangs in it, and kills it. */
async function runUntilKilled(location: DatabaseLocation): Promise<void> {
  const storage = new URL('../../src/storage/', import.meta.url).href;
  const script = `
    import { openDatabase } from '${storage}database/open.ts';
    import { startWorker } from '${storage}jobs.ts';
    const database = await openDatabase(JSON.parse(process.argv[1]), { create: false });
    const hang = () => { console.log('taken'); return new Promise((resolve) => setTimeout(resolve, 1e9)); };
    startWorker({ database, handlers: { test: hang }, now: () => ${start}, log: { warn() {} }, concurrency: 1 });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(location)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}
