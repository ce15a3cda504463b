/** Findings of a watch that has been at work for long, written where the server keeps them. */
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { createId } from '../../packages/server/src/storage/ids.ts';
import type { SeededServer } from './seed.ts';

/** What is said of them. */
interface Wish {
  readonly kind: string;
  readonly state: 'open' | 'acknowledged';
  readonly count: number;
}

/** Adds findings like the first that there is, in the order of the wishes, the last one the newest; none is of an artifact. */
export async function addFindings({ dataDir }: SeededServer, wishes: readonly Wish[]): Promise<void> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    const { query } = database;
    const one = await query.selectFrom('watch_finding').selectAll().orderBy('id').limit(1).executeTakeFirstOrThrow();
    for (const { kind, state, count } of wishes) {
      const rows = Array.from({ length: count }, (_, index) => {
        const id = createId(Date.now());
        return { ...one, id, kind, state, fingerprint: `${kind} ${index}`.padEnd(64) };
      });
      await query.insertInto('watch_finding').values(rows).execute();
    }
  } finally {
    await database.close();
  }
}
