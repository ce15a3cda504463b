/** SQLite inside the process, by `node:sqlite`: WAL, and a commit is on the disk when it returns. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { Refusal } from '../../../errors.ts';
import type { Database } from '../../database.ts';
import type { Schema } from '../../schema.ts';
import { createDatabase } from '../transactions.ts';
import { createStatementCache } from './statements.ts';

// SQLite waits in this thread, so not for long; transactions are tried again without blocking it.
const busyTimeoutMs = 500;

// Indexes by hash are written all over: with SQLite's own 2 MB their pages are read again for each certificate.
const cacheKib = 32_768;
// 16 MB of log: pages that change all the time are copied to the database a quarter as often as by default.
const checkpointPages = 4000;

/** Opens the database file at `path`. Throws `unavailable` when there is none and `create` is false. */
export async function openSqlite(path: string, options: { readonly create: boolean }): Promise<Database> {
  if (!existsSync(path)) {
    if (!options.create) {
      throw new Refusal('unavailable', 'expected a database in the data folder, got none', { hint: 'signpost init' });
    }
    // SQLite would create it readable for everyone; its journal takes over the mode of this file.
    closeSync(openSync(path, 'ax', 0o600));
  }
  const kysely = new Kysely<Schema>({ dialect: new SqliteDialect({ database: createStatementCache(openFile(path)) }) });
  return createDatabase({
    name: 'sqlite',
    kysely,
    // BEGIN IMMEDIATE has done it (statements.ts).
    begin: async () => {},
    probe: async () => {
      await sql`select 1`.execute(kysely);
    },
  });
}

function openFile(path: string): DatabaseSync {
  const file = new DatabaseSync(path, {
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
    timeout: busyTimeoutMs,
    defensive: true,
  });
  // A commit survives a power cut (FULL), and deleted secrets do not linger in pages that are written anyway (FAST).
  file.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = fast');
  file.exec('pragma trusted_schema = off');
  file.exec(`pragma cache_size = -${cacheKib}; pragma wal_autocheckpoint = ${checkpointPages}`);
  return file;
}
