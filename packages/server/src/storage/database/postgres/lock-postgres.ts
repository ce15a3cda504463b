/** Keeps a second server away from a PostgreSQL database, as the lock in the data folder does from SQLite. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { BaseLogger } from 'pino';
import { Refusal } from '../../../errors.ts';

/** Held while a server uses the database. */
export interface DatabaseLock {
  release(): Promise<void>;
}

/** The ASCII of `sign` and `post`. */
const lockKey = [0x7369676e, 0x706f7374] as const;
const retryMs = 1000;
const connectTimeoutMs = 10_000;

/**
 * Keeps other servers out of the database that `url` names until `release` is called or the connection ends; a
 * connection that breaks is made anew. Throws `unavailable` when one has it already. What a server keeps in memory, and
 * the files beside the database, are right for one server only.
 */
export async function lockPostgres(url: string, log?: Pick<BaseLogger, 'warn'>): Promise<DatabaseLock> {
  let released = false;
  let client = await takeLock(url);
  const keep = () => client.once('end', () => void takeAgain());
  const takeAgain = async () => {
    while (!released) {
      try {
        client = await takeLock(url);
        keep();
        if (released) await client.end();
        return;
      } catch (err) {
        log?.warn({ err }, 'the lock on the database was lost and could not be taken again');
        await sleep(retryMs, undefined, { ref: false });
      }
    }
  };
  keep();
  return {
    release: async () => {
      released = true;
      await client.end();
    },
  };
}

async function takeLock(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'signpost lock',
  });
  // Without a listener a broken connection would end the process; its end is what counts.
  client.on('error', () => {});
  try {
    await client.connect();
    // A lock of a transaction that stays open, and not of the session: it holds behind a pooler, too. It keeps no
    // snapshot, so it holds up no vacuum. A host that vanished is noticed within half a minute.
    await client.query(`begin;
      set local idle_in_transaction_session_timeout = 0;
      set local tcp_keepalives_idle = 10;
      set local tcp_keepalives_interval = 5;
      set local tcp_keepalives_count = 3`);
    const { rows } = await client.query('select pg_try_advisory_xact_lock($1, $2) as taken', [...lockKey]);
    if (rows[0]?.taken === true) return client;
  } catch (cause) {
    await client.end().catch(() => {});
    throw new Refusal('unavailable', 'expected PostgreSQL to answer, got an error', {
      hint: 'check SIGNPOST_DATABASE and that PostgreSQL runs',
      cause,
    });
  }
  await client.end();
  throw new Refusal('unavailable', 'expected a database of our own, got one that another server uses', {
    rule: 'database-in-use',
    hint: 'stop the other server, or set SIGNPOST_DATABASE to another database',
  });
}
