/** How much room sightings take on disk. */
import { sql } from 'kysely';
import type { Database } from '../../../src/storage/database.ts';

/** Of all sightings and their indexes; on SQLite of all tables, without the pages that are free. */
export async function countBytes({ engine, query }: Database): Promise<number> {
  const count =
    engine === 'sqlite'
      ? sql<{ bytes: number }>`select sum(pgsize) as bytes from dbstat`
      : sql<{ bytes: number }>`select pg_total_relation_size('watch_observation') as bytes`;
  const { rows } = await count.execute(query);
  return Number(rows[0]?.bytes ?? 0);
}
