/** SQLite inside the process, by `node:sqlite`: WAL, and a commit is on the disk when it returns. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { Refusal } from '../../../errors.ts';
import type { Database } from '../../database.ts';
import type { Schema } from '../../schema.ts';
import { createDatabase, type Flushes } from '../transactions.ts';
import { Checkpoints } from './checkpoints.ts';
import { type LogFile, LogFlushes, openLogFile } from './log-flushes.ts';
import { createStatementCache } from './statements.ts';

// SQLite waits in this thread, so not for long; transactions are tried again without blocking it.
const busyTimeoutMs = 500;

// Indexes by hash are written all over: with SQLite's own 2 MB their pages are read again for each certificate.
const cacheKib = 32_768;
// 20 MB of log: pages that change all the time are copied to the database a fifth as often as by default.
const checkpointPages = 5000;

/** How a file is opened. */
export interface SqliteOptions {
  readonly create: boolean;
  /** The write-ahead log, for tests that flush as they like. */
  readonly log?: LogFile;
  /** Called when a flush has failed; ends the process unless a test has another idea. */
  readonly end?: (error: unknown) => void;
}

/** Opens the database file at `path`. Throws `unavailable` when there is none and `create` is false. */
export async function openSqlite(path: string, options: SqliteOptions): Promise<Database> {
  if (!existsSync(path)) {
    if (!options.create) {
      throw new Refusal('unavailable', 'expected a database in the data folder, got none', { hint: 'signpost init' });
    }
    // SQLite would create it readable for everyone; its journal takes over the mode of this file.
    closeSync(openSync(path, 'ax', 0o600));
  }
  const file = openFile(path);
  const kysely = new Kysely<Schema>({ dialect: new SqliteDialect({ database: createStatementCache(file) }) });
  const { log = openLogFile(`${path}-wal`), end = endProcess } = options;
  return createDatabase({
    name: 'sqlite',
    kysely,
    ...(hasLog(file) && { flushes: createFlushes({ file, path, kysely, log, end }) }),
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
  // With the latter, REPLACE meets the triggers that keep rows as they are.
  file.exec('pragma trusted_schema = off; pragma recursive_triggers = on');
  file.exec(`pragma cache_size = -${cacheKib}; pragma wal_autocheckpoint = ${checkpointPages}`);
  return file;
}

/** Some file systems cannot hold the memory that a write-ahead log needs; SQLite then keeps a journal. */
function hasLog(file: DatabaseSync): boolean {
  return file.prepare('pragma journal_mode').get()?.journal_mode === 'wal';
}

interface FlushParts {
  readonly file: DatabaseSync;
  readonly path: string;
  readonly kysely: Kysely<Schema>;
  readonly log: LogFile;
  readonly end: (error: unknown) => void;
}

/**
 * In WAL mode NORMAL differs from FULL in one thing: a commit is written to the log and not flushed. Whoever commits so flushes the
 * log. A checkpoint flushes the log before it writes to the database, and the database before the log begins anew, in either mode;
 * a log that begins anew has its header flushed, and what a flush has missed at a power cut fails its checksums. So the database
 * is sound at any instant, and holds all that was flushed (https://www.sqlite.org/wal.html, sqlite3WalFrames, walCheckpoint).
 */
function createFlushes({ file, path, kysely, log, end }: FlushParts): Flushes {
  const flushes = new LogFlushes(log, end);
  const checkpoints = new Checkpoints(file, path);
  return {
    defer: (work) =>
      kysely.connection().execute(async (connection) => {
        // It takes effect when it is parsed, so as a statement that is kept it would do nothing the second time.
        file.exec('pragma synchronous = normal');
        try {
          return await work(connection);
        } finally {
          file.exec('pragma synchronous = full');
          checkpoints.look();
        }
      }),
    flush: (isLone) => flushes.flush(isLone),
    get pending() {
      return flushes.pending;
    },
    stop: () => checkpoints.close(),
    close: () => flushes.close(),
  };
}

/**
 * As PostgreSQL does: what could not be written is still read from the system's memory until that is dropped, so nothing that is
 * read is certain any more. The next start reads what is really there.
 */
function endProcess(cause: unknown): void {
  setImmediate(() => {
    throw new Error('expected the log of the database to be flushed to the disk', { cause });
  });
}
