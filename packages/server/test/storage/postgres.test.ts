import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { Refusal } from '../../src/errors.ts';
import { lockPostgres } from '../../src/storage/database/postgres/lock-postgres.ts';
import type { Database, Query } from '../../src/storage/database.ts';
import { isOutage } from '../../src/storage/violation.ts';
import { forEachEngine } from './engines.ts';

forEachEngine((name, open, locate) => {
  // What only a server that stands apart can do to us.
  if (name !== 'PostgreSQL') return;

  test('connections that the server cut off are replaced', async () => {
    const database = await openWithSecret(open);
    await Promise.all([database.probe(), database.probe(), database.probe()]);
    await cutOthers(database);
    // The pool hears of it by the sockets.
    await waitUntil('new connections', () => answers(database));
    await Promise.all([database.probe(), database.probe(), database.probe()]);
    await database.transaction((transaction) => setSecret(transaction, 'after'));
    assert.equal(await readSecret(database.query), 'after');
  });

  test('a transaction whose connection is cut off leaves nothing behind', async () => {
    const database = await openWithSecret(open);
    const cut = database.transaction(async (transaction) => {
      await setSecret(transaction, 'half');
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(transaction);
    });
    await assert.rejects(cut, isOutage);
    assert.equal(await readSecret(database.query), 'before');
  });

  test('a transaction that another write got in front of runs again, on what that write left', async () => {
    const database = await openWithSecret(open);
    const runs: string[] = [];
    // Handed over before, for inside the work the database itself is refused.
    const interfere = createInterference(database);
    await database.transaction(async (transaction) => {
      runs.push(await readSecret(transaction));
      if (runs.length === 1) await interfere();
      await setSecret(transaction, `${runs.at(-1)}, then ours`);
    });
    assert.deepEqual(runs, ['before', 'theirs']);
    assert.equal(await readSecret(database.query), 'theirs, then ours');
  });

  test('a second server is kept out until the first one lets go, and in between when a connection broke', async () => {
    const database = await open();
    const url = (await locate()).databaseUrl ?? '';
    const first = await lockPostgres(url);
    await assert.rejects(lockPostgres(url), (error) => error instanceof Refusal && error.rule === 'database-in-use');
    const holder = () =>
      sql<{ pid: number }>`select pid from pg_stat_activity
      where application_name = 'signpost lock' and datname = ${new URL(url).pathname.slice(1)}`.execute(database.query);
    const [before] = (await holder()).rows;
    await sql`select pg_terminate_backend(${before?.pid})`.execute(database.query);
    const isBack = async () => (await holder()).rows.some(({ pid }) => pid !== before?.pid);
    await waitUntil('another connection that holds the lock', isBack);
    await assert.rejects(lockPostgres(url), Refusal);
    await first.release();
    await (await lockPostgres(url)).release();
  });

  test('writers queue, so that none of them works in vain', async () => {
    const database = await openWithSecret(open);
    let runs = 0;
    const append = async (transaction: Query) => {
      runs++;
      await setSecret(transaction, `${await readSecret(transaction)}.`);
    };
    await Promise.all(Array.from({ length: 20 }, () => database.transaction(append)));
    assert.equal(runs, 20);
    assert.equal((await readSecret(database.query)).length, 'before'.length + 20);
  });
});

async function openWithSecret(open: () => Promise<Database>): Promise<Database> {
  const database = await open();
  const row = { name: 'secret', ciphertext: 'before', created_at: 0 };
  await database.query.insertInto('vault_secret').values(row).execute();
  return database;
}

async function setSecret(query: Query, text: string): Promise<void> {
  await query.updateTable('vault_secret').set({ ciphertext: text }).execute();
}

async function readSecret(query: Query): Promise<string> {
  return (await query.selectFrom('vault_secret').select('ciphertext').executeTakeFirstOrThrow()).ciphertext;
}

async function cutOthers(database: Database): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.execute(database.query);
}

async function answers(database: Database): Promise<boolean> {
  const results = await Promise.allSettled([database.probe(), database.probe(), database.probe()]);
  return results.every((result) => result.status === 'fulfilled');
}

/** Returns a function that starts a write on another connection, outside whatever asked for it. */
function createInterference(database: Database): () => Promise<void> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const done = asked.then(() => setSecret(database.query, 'theirs'));
  return () => {
    ask();
    return done;
  };
}
