import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { Refusal } from '../../src/errors.ts';
import { openDatabase } from '../../src/storage/database/open.ts';
import { afterCommit } from '../../src/storage/database/transactions.ts';
import type { Database, Query } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { isOutage, violationOf } from '../../src/storage/violation.ts';
import { forEachEngine } from './engines.ts';

forEachEngine((name, open) => {
  test('a transaction that throws leaves nothing behind', async () => {
    const database = await open();
    const failure = new Error('on purpose');
    await assert.rejects(
      database.transaction(async (transaction) => {
        await insertOrganisation(transaction, 'a');
        throw failure;
      }),
      failure,
    );
    assert.deepEqual(await readSlugs(database), []);
  });

  test('what must follow a commit does not follow a rollback', async () => {
    const database = await open();
    const seen: string[] = [];
    await database.transaction(async (transaction) => {
      afterCommit(transaction, () => seen.push('committed'));
      assert.deepEqual(seen, []);
    });
    const failing = database.transaction(async (transaction) => {
      afterCommit(transaction, () => seen.push('rolled back'));
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    assert.deepEqual(seen, ['committed']);
  });

  test('transactions at the same time lose no update', async () => {
    const database = await open();
    await database.query.insertInto('vault_secret').values({ name: 'n', ciphertext: '0', created_at: 0 }).execute();
    const count = 20;
    await Promise.all(Array.from({ length: count }, () => database.transaction(increment)));
    const row = await database.query.selectFrom('vault_secret').select('ciphertext').executeTakeFirstOrThrow();
    assert.equal(row.ciphertext, String(count));
  });

  test('a query around the open transaction is a mistake that is named, not a deadlock', async () => {
    const database = await open();
    await database.transaction(async () => {
      await assert.rejects(readSlugs(database), /expected the open transaction to be used/);
      assert.throws(() => database.transaction(async () => {}), /expected the open transaction to be used/);
    });
    assert.deepEqual(await readSlugs(database), []);
  });

  test('each constraint is told apart', async () => {
    const database = await open();
    const { query } = database;
    await insertOrganisation(query, 'a');
    assert.equal(await violationIn(insertOrganisation(query, 'a')), 'unique');
    const membership = { organisation_id: 'none', person_id: 'none', role: 'admin', created_at: 0 } as const;
    assert.equal(await violationIn(query.insertInto('membership').values(membership).execute()), 'foreign_key');
    const person = { id: 'p', email: 'A@example.org', name: 'A', password_hash: '', created_at: 0 };
    assert.equal(await violationIn(query.insertInto('person').values(person).execute()), 'check');
    assert.equal(await violationIn(sql`update organisation set name = null`.execute(query)), 'not_null');
    assert.equal(violationOf(new Error('another')), undefined);
  });

  test('a parent with children cannot be deleted', async () => {
    const database = await open();
    await insertOrganisation(database.query, 'a');
    await insertProject(database.query, 'a');
    assert.equal(await violationIn(database.query.deleteFrom('organisation').execute()), 'foreign_key');
  });

  test('a release has one active sibling per channel at most', async () => {
    const database = await open();
    await insertOrganisation(database.query, 'a');
    await insertProject(database.query, 'a');
    await insertRelease(database.query, { version: '1', channel: 'stable' });
    await insertRelease(database.query, { version: '2', channel: 'beta' });
    assert.equal(await violationIn(insertRelease(database.query, { version: '3', channel: 'stable' })), 'unique');
  });

  test('a manifest cannot belong to the release of another project', async () => {
    const database = await open();
    await insertOrganisation(database.query, 'a');
    await insertProject(database.query, 'a');
    await insertProject(database.query, 'b');
    await insertRelease(database.query, { version: '1', channel: 'stable' });
    const manifest = { id: 'm', release_id: 'release-1', channel: 'stable', counter: 1, state: 'void' } as const;
    const rest = { document: '{}', envelope: null, expires_at: 0, created_at: 0 };
    const insert = (projectId: string) =>
      database.query
        .insertInto('manifest')
        .values({ ...manifest, ...rest, project_id: projectId })
        .execute();
    assert.equal(await violationIn(insert('project-b')), 'foreign_key');
    await insert('project-a');
  });

  test('rows are plain, integers are numbers, text sorts by its bytes', async () => {
    const database = await open();
    for (const slug of ['a-b', 'ab', 'Z', 'ä', 'a']) await insertOrganisation(database.query, slug);
    assert.deepEqual(await readSlugs(database), ['Z', 'a', 'a-b', 'ab', 'ä']);
    const { rows } = await sql`select count(*) as n, sum(created_at) as total from organisation`.execute(
      database.query,
    );
    assert.deepEqual(rows, [{ n: 5, total: 5 * 2 ** 40 }]);
  });

  test('text in an integer column is refused', async () => {
    const database = await open();
    await assert.rejects(sql`insert into organisation values ('i', 's', 'n', null, 'soon')`.execute(database.query));
  });

  test('a database answers until it is closed, and closing twice is closing once', async () => {
    const database = await open();
    assert.equal(database.engine, name === 'SQLite' ? 'sqlite' : 'postgres');
    await database.probe();
    await database.close();
    await database.close();
    await assert.rejects(database.probe());
  });
});

test('a missing SQLite file is not made unless that was asked for', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(dataDir, { recursive: true }));
  await assert.rejects(
    openDatabase({ dataDir, databaseUrl: undefined }, { create: false }),
    (error) => error instanceof Refusal && error.code === 'unavailable' && error.hint === 'signpost init',
  );
  assert.equal(existsSync(join(dataDir, 'signpost.db')), false);
});

test('SQLite is durable, and closed to other users', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(parent, { recursive: true }));
  const dataDir = join(parent, 'data');
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
  t.after(() => database.close());
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  assert.equal(statSync(join(dataDir, 'signpost.db')).mode & 0o777, 0o600);
  assert.deepEqual(await pragma(database, 'journal_mode'), 'wal');
  assert.deepEqual(await pragma(database, 'synchronous'), 2);
  assert.deepEqual(await pragma(database, 'foreign_keys'), 1);
});

test('a full disk is told as what it is, and the database goes on when there is room again', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
  t.after(() => database.close());
  await migrate(database);
  await pragma(database, `max_page_count = ${await pragma(database, 'page_count')}`);
  const fill = () =>
    database.transaction(async (tx) => {
      const row = { id: 'a', slug: 'a', name: 'x'.repeat(1_000_000), host: null, created_at: 0 };
      await tx.insertInto('organisation').values(row).execute();
    });
  // SQLite has rolled back by itself then; a second rollback must not hide why.
  await assert.rejects(fill(), (error) => isOutage(error) && /full/.test(String(error)));
  await pragma(database, 'max_page_count = 1000000');
  await fill();
  assert.deepEqual(await readSlugs(database), ['a']);
});

test('a PostgreSQL that does not answer is refused without its URL', async () => {
  const databaseUrl = 'postgres://somebody:hunter2@127.0.0.1:1/nowhere';
  await assert.rejects(openDatabase({ dataDir: '.', databaseUrl }, { create: false }), (error) => {
    assert.ok(error instanceof Refusal && error.code === 'unavailable');
    assert.doesNotMatch(`${error.message} ${error.hint} ${error.stack}`, /hunter2|somebody/);
    return true;
  });
});

async function increment(transaction: Query): Promise<void> {
  const row = await transaction.selectFrom('vault_secret').select('ciphertext').executeTakeFirstOrThrow();
  await transaction
    .updateTable('vault_secret')
    .set({ ciphertext: String(Number(row.ciphertext) + 1) })
    .execute();
}

async function violationIn(statement: Promise<unknown>): Promise<unknown> {
  try {
    await statement;
  } catch (error) {
    return violationOf(error) ?? error;
  }
  return undefined;
}

async function insertOrganisation(query: Query, slug: string): Promise<void> {
  const row = { id: `organisation-${slug}`, slug, name: slug, host: null, created_at: 2 ** 40 };
  await query.insertInto('organisation').values(row).execute();
}

async function insertProject(query: Query, slug: string): Promise<void> {
  const ids = { id: `project-${slug}`, organisation_id: 'organisation-a', slug: `project-${slug}`, counter: 0 };
  const texts = { name: '{}', description: '{}', primary_locale: 'en', accepted_types: '["zip"]' };
  const rules = { kind: 'app', scan: 'required', manifest_days: 30, created_at: 0 } as const;
  await query
    .insertInto('project')
    .values({ ...ids, ...texts, ...rules })
    .execute();
}

async function insertRelease(query: Query, place: { version: string; channel: string }): Promise<void> {
  const ids = { id: `release-${place.version}`, project_id: 'project-a', changelog: '{}' };
  const state = { state: 'active', created_at: 0, activated_at: 0 } as const;
  await query
    .insertInto('release')
    .values({ ...place, ...ids, ...state })
    .execute();
}

async function readSlugs(database: Database): Promise<string[]> {
  const rows = await database.query.selectFrom('organisation').select('slug').orderBy('slug').execute();
  return rows.map((row) => row.slug);
}

async function pragma(database: Database, name: string): Promise<unknown> {
  const { rows } = await sql<Record<string, unknown>>`${sql.raw(`pragma ${name}`)}`.execute(database.query);
  return Object.values(rows[0] ?? {})[0];
}
