/** More certificates than a page of the console reads, written where the server keeps them: issuing so many would take minutes. */
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import type { SeededServer } from './seed.ts';

const dayMs = 86_400_000;

/** Has the certificate for `door.internal` end in two days, and adds `count` newer ones that end in sixty; the id of the first. */
export async function addEndingCertificates({ dataDir }: SeededServer, count: number): Promise<string> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  const { query } = database;
  const one = await query
    .selectFrom('certificate')
    .selectAll()
    .where('search', 'like', '%door.internal%')
    .executeTakeFirstOrThrow();
  await query
    .updateTable('certificate')
    .set({ not_after: Date.now() + 2 * dayMs })
    .where('id', '=', one.id)
    .execute();
  const newer = Array.from({ length: count }, (_, index) => ({
    ...one,
    id: `f${String(index).padStart(one.id.length - 1, '0')}`,
    serial: index.toString(16).padStart(one.serial.length, '0'),
    fingerprint: index.toString(16).padStart(64, '0'),
    not_after: Date.now() + 60 * dayMs,
  }));
  for (let at = 0; at < count; at += 100)
    await query
      .insertInto('certificate')
      .values(newer.slice(at, at + 100))
      .execute();
  await database.close();
  return one.id;
}
