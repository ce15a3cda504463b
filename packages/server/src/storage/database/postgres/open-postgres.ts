/** PostgreSQL 15 or newer, by `pg`. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool, types } from 'pg';
import { Refusal } from '../../../errors.ts';
import type { Database } from '../../database.ts';
import type { Schema } from '../../schema.ts';
import { createDatabase } from '../transactions.ts';

const connectionLimit = 10;
const connectTimeoutMs = 10_000;
// A process that hangs in a transaction would hold up every other writer.
const idleInTransactionTimeoutMs = 60_000;

/**
 * Connects to the database that `url` names, and there to `schema`, or else to the one that the server's user has.
 * Throws `unavailable` when it does not answer; never shows the URL.
 */
export async function openPostgres(url: string, schema?: string): Promise<Database> {
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: createPool(url, schema) }) });
  const probe = async () => {
    await sql`select 1`.execute(kysely);
  };
  try {
    await probe();
  } catch (cause) {
    await kysely.destroy();
    throw new Refusal('unavailable', 'expected PostgreSQL to answer, got an error', {
      hint: 'check SIGNPOST_DATABASE and that PostgreSQL runs',
      cause,
    });
  }
  return createDatabase({
    name: 'postgres',
    kysely,
    begin: async (transaction) => {
      await sql`set transaction isolation level repeatable read`.execute(transaction);
      // One writer at a time, as SQLite has it: the audit chain makes writers queue in any case, and queueing here
      // costs no repeated work. LOCK takes no snapshot, so the transaction sees what the writer before it committed.
      await sql`lock table migration in exclusive mode`.execute(transaction);
    },
    probe,
  });
}

function createPool(url: string, schema: string | undefined): Pool {
  const pool = new Pool({
    connectionString: url,
    ...(schema === undefined ? {} : { options: `-c search_path=${schema}` }),
    max: connectionLimit,
    connectionTimeoutMillis: connectTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    application_name: 'signpost',
    types: { getTypeParser: parserOf },
  });
  // A connection that breaks is dropped and its query fails; these events tell nothing more, but without a listener
  // each would end the process: the pool's for an idle connection, the client's for one in use.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

// 20 is bigint (columns, count), 1700 is numeric (sum of bigint): numbers on SQLite, text by default here.
/** How values that come from PostgreSQL are read: integers as numbers, or a RangeError. */
export function parserOf(...[oid, format]: Parameters<typeof types.getTypeParser>) {
  return oid === 20 || oid === 1700 ? parseInteger : types.getTypeParser(oid, format);
}

function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`expected an integer within ±(2^53−1), got ${text}`);
  return value;
}
