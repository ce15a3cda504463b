/** Runs the same tests on both engines. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Client } from 'pg';
import { type DatabaseLocation, openDatabase } from '../../src/storage/database/open.ts';
import type { Database } from '../../src/storage/database.ts';
import { nameMigratedPostgres, openMigratedSqlite } from './migrated.ts';
import { findPostgres, startPostgres } from './postgres-server.ts';

/** Makes a place for a new, empty database. */
export type Locate = () => Promise<DatabaseLocation>;

/**
 * Calls `register` once for each engine, inside a `describe`. `open` yields a new migrated database, closed after the
 * tests; `locate` only a place for one, for tests that open, migrate and close themselves. Without PostgreSQL its half
 * is a skipped test that says so, and fails when CI is `true`.
 */
export function forEachEngine(register: (name: string, open: () => Promise<Database>, locate: Locate) => void): void {
  describe('on SQLite', () => registerWith(sqlite, register));
  if (process.env.SIGNPOST_TEST_POSTGRES === undefined && findPostgres() === undefined) {
    registerMissing();
    return;
  }
  describe('on PostgreSQL', () => {
    const { engine, drop } = createPostgresEngine();
    registerWith(engine, register);
    after(drop);
  });
}

function registerMissing(): void {
  const reason = 'PostgreSQL is not installed (apt-get install postgresql)';
  test('on PostgreSQL', { skip: process.env.CI === 'true' ? false : reason }, () => {
    throw new Error(reason);
  });
}

interface Engine {
  readonly name: string;
  /** A place for an empty database. */
  locate(dataDir: string): Promise<DatabaseLocation>;
  /** A database with every table. */
  open(dataDir: string): Promise<Database>;
}

const sqlite: Engine = {
  name: 'SQLite',
  locate: async (dataDir) => ({ dataDir, databaseUrl: undefined }),
  open: openMigratedSqlite,
};

/** Each with databases of its own: other files of the same process may be at work in theirs. */
function createPostgresEngine(): { readonly engine: Engine; readonly drop: () => Promise<void> } {
  const created: string[] = [];
  const create = async (template: string) => {
    const databaseUrl = await createPostgresDatabase(template);
    created.push(new URL(databaseUrl).pathname.slice(1));
    return databaseUrl;
  };
  return {
    engine: {
      name: 'PostgreSQL',
      locate: async (dataDir) => ({ dataDir, databaseUrl: await create('template1') }),
      open: async (dataDir) => {
        migrated ??= nameMigratedPostgres(await locatePostgresOnce());
        return openDatabase({ dataDir, databaseUrl: await create(await migrated) }, { create: true });
      },
    },
    // The server may serve other files after this one.
    drop: async () => {
      for (const name of created) await runStatement(await locatePostgresOnce(), `drop database ${name} with (force)`);
    },
  };
}

function registerWith(
  engine: Engine,
  register: (name: string, open: () => Promise<Database>, locate: Locate) => void,
): void {
  const folders: string[] = [];
  const databases: Database[] = [];
  const createFolder = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
    folders.push(folder);
    return folder;
  };
  const locate = async () => engine.locate(await createFolder());
  const open = async () => {
    const database = await engine.open(await createFolder());
    databases.push(database);
    return database;
  };
  after(async () => {
    for (const database of databases) await database.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  register(engine.name, open, locate);
}

let server: Promise<string> | undefined;
let migrated: Promise<string> | undefined;
async function createPostgresDatabase(template: string): Promise<string> {
  const url = new URL(await locatePostgresOnce());
  const name = `test_${randomBytes(8).toString('hex')}`;
  // Copied as files: the default writes each page to the log of the server, which takes three times as long.
  await runStatement(url.href, `create database ${name} template ${template} strategy file_copy`);
  url.pathname = `/${name}`;
  return url.href;
}

function locatePostgresOnce(): Promise<string> {
  server ??= locatePostgres();
  return server;
}

async function runStatement(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function locatePostgres(): Promise<string> {
  const given = process.env.SIGNPOST_TEST_POSTGRES;
  if (given !== undefined) return given;
  const bin = findPostgres();
  if (bin === undefined) throw new Error('expected PostgreSQL to be installed');
  return startPostgres(bin);
}
