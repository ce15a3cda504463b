/** SQL of verdicts. */
import type { Insertable, Selectable, Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ReleaseVerdictTable } from '../../storage/tables/gate.ts';

/** A stored verdict. */
export type VerdictRow = Selectable<ReleaseVerdictTable>;

/** Stores a verdict. */
export async function insertVerdict(tx: Transaction<Schema>, row: Insertable<ReleaseVerdictTable>): Promise<void> {
  await tx.insertInto('release_verdict').values(row).execute();
}

/** The latest verdicts on a release, newest first. */
export async function listVerdicts(query: Query, releaseId: string, limit: number): Promise<VerdictRow[]> {
  return query
    .selectFrom('release_verdict')
    .selectAll()
    .where('release_id', '=', releaseId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}
