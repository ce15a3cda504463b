/** The exchange of a database, cut off after each of its steps: the old one or the new one, and nothing lying about. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { sql } from 'kysely';
import { type DatabaseLocation, openDatabase } from '../../src/storage/database/open.ts';
import type { Database } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { openSwap } from '../../src/storage/swap/open-swap.ts';
import type { Swap } from '../../src/storage/swap/staged.ts';
import { openFolder } from '../backup/scene.ts';
import { forEachEngine } from './engines.ts';

async function mark(database: Database, name: string): Promise<void> {
  await migrate(database);
  await database.query
    .insertInto('organisation')
    .values({ id: name, slug: name, name, host: null, created_at: 1 })
    .execute();
}

async function readMark(location: DatabaseLocation): Promise<string | undefined> {
  const database = await openDatabase(location, { create: false });
  try {
    return (await database.query.selectFrom('organisation').select('slug').executeTakeFirst())?.slug;
  } finally {
    await database.close();
  }
}

/** None where there is no database. */
async function listTables(location: DatabaseLocation): Promise<string[]> {
  if (location.databaseUrl === undefined && !existsSync(join(location.dataDir, 'signpost.db'))) return [];
  const database = await openDatabase(location, { create: false });
  try {
    const tables = await database.query.introspection.getTables();
    return tables.filter(({ schema }) => !schema?.startsWith('signpost_')).map(({ name }) => name);
  } finally {
    await database.close();
  }
}

/** A location that holds `old`, and its swaps. */
async function openOld(location: DatabaseLocation): Promise<Swap> {
  const database = await openDatabase(location, { create: true });
  await mark(database, 'old');
  await database.close();
  return openSwap({ location, dir: join(location.dataDir, 'restore') });
}

async function stageNew(swap: Swap) {
  const staged = await swap.stage();
  await mark(staged.database, 'new');
  return staged;
}

forEachEngine((_name, _open, locate) => {
  test('a staged database is in force once it was placed, and stays when it is confirmed', async () => {
    const location = await locate();
    const swap = await openOld(location);
    const staged = await stageNew(swap);
    assert.equal(await readMark(location), 'old');
    await staged.place();
    assert.equal(await readMark(location), 'new');
    assert.equal(await swap.recover(), 'trial', 'nobody has confirmed it');
    await swap.confirm();
    assert.equal(await swap.recover(), 'settled');
    assert.equal(await readMark(location), 'new');
  });

  test('what was in force comes back, and can be exchanged again', async () => {
    const location = await locate();
    const swap = await openOld(location);
    await (await stageNew(swap)).place();
    await swap.undo();
    assert.equal(await readMark(location), 'old');
    assert.equal(await swap.recover(), 'settled');
    await (await stageNew(swap)).place();
    await swap.confirm();
    assert.equal(await readMark(location), 'new');
  });

  test('a staged database that was left or given up leaves nothing', async () => {
    const location = await locate();
    const swap = await openOld(location);
    await (await stageNew(swap)).discard();
    const left = await stageNew(swap);
    await left.database.close();
    assert.equal(await swap.recover(), 'settled');
    assert.equal(await readMark(location), 'old');
    await (await stageNew(swap)).place();
    await swap.confirm();
  });

  test('into an empty place it comes on trial as well, and stays when it is confirmed', async () => {
    const location = await locate();
    const swap = await openSwap({ location, dir: join(location.dataDir, 'restore') });
    await (await stageNew(swap)).place();
    assert.equal(await readMark(location), 'new');
    assert.equal(await swap.recover(), 'trial', 'nobody has confirmed it');
    await swap.confirm();
    assert.equal(await swap.recover(), 'settled');
    assert.equal(await readMark(location), 'new');
  });

  test('taken back from an empty place leaves it empty', async () => {
    const location = await locate();
    const swap = await openSwap({ location, dir: join(location.dataDir, 'restore') });
    await (await stageNew(swap)).place();
    await swap.undo();
    assert.equal(await swap.recover(), 'settled');
    assert.deepEqual(await listTables(location), []);
    await (await stageNew(swap)).place();
    await swap.confirm();
    assert.equal(await readMark(location), 'new');
  });

  test('takes the place of all tables, those of a newer version among them, and they come back', async () => {
    const location = await locate();
    const swap = await openOld(location);
    const newer = await openDatabase(location, { create: false });
    await sql`create table of_a_newer_version (id text primary key)`.execute(newer.query);
    await newer.close();
    await (await stageNew(swap)).place();
    assert.ok(!(await listTables(location)).includes('of_a_newer_version'));
    await swap.undo();
    assert.ok((await listTables(location)).includes('of_a_newer_version'));
    await (await stageNew(swap)).place();
    await swap.confirm();
    assert.ok(!(await listTables(location)).includes('of_a_newer_version'));
  });
});

suite('on SQLite, a staged database', () => {
  test('that is not whole without its journal stays out of force, and the old one comes to no harm', async (t) => {
    const location = { dataDir: await openFolder(t), databaseUrl: undefined };
    const swap = await openOld(location);
    const staged = await stageNew(swap);
    // SQLite keeps the journal when it cannot bring it into the file at the end: for a reader, or a disk that is full.
    const reader = new DatabaseSync(join(location.dataDir, 'restore', 'staged.db'));
    reader.exec('begin; select count(*) from organisation');
    await assert.rejects(staged.place(), { code: 'unavailable', rule: 'restore-journal' });
    reader.close();
    assert.equal(await swap.recover(), 'settled');
    assert.equal(await readMark(location), 'old');
    assert.deepEqual(await readdir(join(location.dataDir, 'restore')), []);
  });
});

suite('on SQLite, a kill', () => {
  /** Both databases as they lie before the exchange: the old one in force, with a journal, and the new one staged. */
  async function prepare(dataDir: string) {
    const location = { dataDir, databaseUrl: undefined };
    const swap = await openOld(location);
    const staged = await stageNew(swap);
    await staged.database.close();
    const files = { current: join(dataDir, 'signpost.db'), dir: join(dataDir, 'restore') };
    return { location, swap, ...files, staged: join(files.dir, 'staged.db'), previous: join(files.dir, 'previous.db') };
  }

  test('before the rename leaves the old database, with its journal', async (t) => {
    const { location, swap, current, previous, dir } = await prepare(await openFolder(t));
    await link(current, previous);
    await writeFile(`${previous}-wal`, '');
    assert.equal(await swap.recover(), 'settled');
    assert.ok(existsSync(`${current}-wal`));
    assert.equal(await readMark(location), 'old');
    assert.deepEqual(await readdir(dir), []);
  });

  test('after the rename leaves the new one on trial, and either can be chosen', async (t) => {
    const { location, swap, current, previous, staged, dir } = await prepare(await openFolder(t));
    await link(current, previous);
    await rename(staged, current);
    assert.equal(await swap.recover(), 'trial');
    assert.equal(await readMark(location), 'new');
    await swap.undo();
    assert.equal(await readMark(location), 'old');
    assert.deepEqual(await readdir(dir), []);
  });

  test('while the old one is taken back is made good, whatever the new one has written', async (t) => {
    const { location, swap, current, previous, staged, dir } = await prepare(await openFolder(t));
    await link(current, previous);
    await rename(staged, current);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'undoing'), '');
    await writeFile(`${current}-wal`, 'a journal of the new one');
    assert.equal(await swap.recover(), 'settled');
    assert.equal(await readMark(location), 'old');
    assert.deepEqual(await readdir(dir), []);
  });

  test('between taking the file and its journal back is made good', async (t) => {
    const { location, swap, current, previous, dir } = await prepare(await openFolder(t));
    const database = await openDatabase(location, { create: false });
    await sql`create table kept (id integer)`.execute(database.query);
    await database.close();
    await writeFile(`${previous}-shm`, '');
    await writeFile(join(dir, 'undoing'), '');
    assert.equal(await swap.recover(), 'settled');
    assert.ok(existsSync(current));
    assert.equal(await readMark(location), 'old');
    assert.deepEqual(await readdir(dir), []);
  });
});
