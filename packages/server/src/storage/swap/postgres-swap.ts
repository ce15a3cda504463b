/** Swaps of PostgreSQL's tables: they move between schemas, all in one transaction, and the server's stays the same. */
import { Client, escapeIdentifier } from 'pg';
import { Refusal } from '../../errors.ts';
import { openPostgres } from '../database/postgres/open-postgres.ts';
import type { Swap } from './staged.ts';

const staged = 'signpost_staged';
const previous = 'signpost_previous';
/** Names, within `previous`, the tables that were put in its place. */
const listName = 'signpost_restored';

/** The swaps of the database that `url` names. Its user must be allowed to make schemas in it. */
export function createPostgresSwap(url: string): Swap {
  return {
    stage: async () => {
      await run(url, async (client) => {
        await client.query(`drop schema if exists ${staged} cascade`);
        await client.query(`create schema ${staged}`);
      });
      const database = await openPostgres(url, staged);
      return {
        database,
        place: async () => {
          await database.close();
          await run(url, exchange);
        },
        discard: async () => {
          await database.close();
          await run(url, (client) => client.query(`drop schema if exists ${staged} cascade`));
        },
      };
    },
    recover: () =>
      run(url, async (client) => {
        await client.query(`drop schema if exists ${staged} cascade`);
        return (await hasSchema(client, previous)) ? 'trial' : 'settled';
      }),
    confirm: () =>
      run(url, async (client) => {
        await client.query(`drop schema if exists ${previous} cascade`);
      }),
    undo: () => run(url, takeBack),
  };
}

/**
 * The server's tables go to `previous`, with a list of those that take their place. All of them, not those alone that come back: a
 * newer server may have made more, which would be in the way when it comes again.
 */
async function exchange(client: Client): Promise<void> {
  const own = await readSchema(client);
  const arriving = await listTables(client, staged);
  const leaving = await listTables(client, own);
  await client.query(`create schema ${previous}`);
  await client.query(`create table ${previous}.${listName} (name text primary key)`);
  await client.query(`insert into ${previous}.${listName} select unnest($1::text[])`, [arriving]);
  await moveTables(client, leaving, { from: own, to: previous });
  await moveTables(client, arriving, { from: staged, to: own });
  await client.query(`drop schema ${staged}`);
}

async function takeBack(client: Client): Promise<void> {
  if (!(await hasSchema(client, previous))) return;
  const own = await readSchema(client);
  const { rows } = await client.query(`select name from ${previous}.${listName}`);
  for (const { name } of rows) await client.query(`drop table ${inSchema(own, String(name))} cascade`);
  const kept = (await listTables(client, previous)).filter((table) => table !== listName);
  await moveTables(client, kept, { from: previous, to: own });
  await client.query(`drop schema ${previous} cascade`);
}

/** Indexes, constraints and foreign keys go with their table. */
async function moveTables(
  client: Client,
  tables: readonly string[],
  { from, to }: { from: string; to: string },
): Promise<void> {
  for (const table of tables) {
    await client.query(`alter table ${inSchema(from, table)} set schema ${escapeIdentifier(to)}`);
  }
}

function inSchema(schema: string, table: string): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
}

async function readSchema(client: Client): Promise<string> {
  const { rows } = await client.query('select current_schema() as name');
  return String(rows[0]?.name);
}

async function hasSchema(client: Client, schema: string): Promise<boolean> {
  const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [schema]);
  return rowCount === 1;
}

/** The schema is the server's alone, as backups take it too, but for what extensions keep there. */
async function listTables(client: Client, schema: string): Promise<string[]> {
  const { rows } = await client.query(
    `select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('r', 'p')
       and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`,
    [schema],
  );
  return rows.map(({ name }) => String(name));
}

/** Runs `work` in one transaction of a connection of its own. */
async function run<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'signpost restore' });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (cause) {
    throw new Refusal('unavailable', 'expected PostgreSQL to make and move the schemas of a restore, got an error', {
      rule: 'restore-schema',
      hint: 'check that PostgreSQL runs, and: grant create on database to the user of the server',
      cause,
    });
  } finally {
    await client.end().catch(() => {});
  }
}
