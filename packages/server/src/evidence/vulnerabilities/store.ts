/** SQL of vulnerabilities and of what publishers say to them. */
import type { Insertable, Selectable, Transaction } from 'kysely';
import type { Database, Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type {
  VexStatementTable,
  VexTable,
  VulnerabilityPackageTable,
  VulnerabilitySnapshotTable,
  VulnerabilityTable,
} from '../../storage/tables/evidence.ts';

/** A stored snapshot. */
export type SnapshotRow = Selectable<VulnerabilitySnapshotTable>;
/** A stored statement. */
export type VexStatementRow = Selectable<VexStatementTable>;

/** Rows in one statement. */
const insertSize = 500;

/** Begins a snapshot that does not count yet. */
export async function insertSnapshot(query: Query, row: Insertable<VulnerabilitySnapshotTable>): Promise<void> {
  await query.insertInto('vulnerability_snapshot').values(row).execute();
}

/** Adds to a snapshot that does not count yet. */
export async function insertVulnerabilities(
  tx: Transaction<Schema>,
  vulnerabilities: readonly Insertable<VulnerabilityTable>[],
  packages: readonly Insertable<VulnerabilityPackageTable>[],
): Promise<void> {
  await tx
    .insertInto('vulnerability')
    .values([...vulnerabilities])
    .execute();
  for (let at = 0; at < packages.length; at += insertSize) {
    await tx
      .insertInto('vulnerability_package')
      .values(packages.slice(at, at + insertSize))
      .execute();
  }
}

/** Puts a loaded snapshot in the place of the current one, which no longer counts. */
export async function replaceSnapshot(
  tx: Transaction<Schema>,
  snapshot: Omit<SnapshotRow, 'state' | 'imported_at'>,
): Promise<void> {
  const { id, ecosystem, snapshot_at, entries } = snapshot;
  await tx
    .updateTable('vulnerability_snapshot')
    .set(abandoned)
    .where('ecosystem', '=', ecosystem)
    .where('state', '=', 'current')
    .execute();
  await tx
    .updateTable('vulnerability_snapshot')
    .set({ state: 'current', snapshot_at, entries })
    .where('id', '=', id)
    .execute();
}

/** How a snapshot is marked that will never count again. */
const abandoned = { state: 'loading', imported_at: 0 } as const;

/** Gives up a snapshot that is being loaded. */
export async function abandonSnapshot(query: Query, id: string): Promise<void> {
  await query
    .updateTable('vulnerability_snapshot')
    .set(abandoned)
    .where('id', '=', id)
    .where('state', '=', 'loading')
    .execute();
}

/**
 * Removes snapshots that are abandoned, or were begun before `before` and never finished; a piece at a time, so that other writers get their turn in
 * between.
 */
export async function removeAbandoned(database: Database, before = 1): Promise<void> {
  for (;;) {
    const snapshot = await database.query
      .selectFrom('vulnerability_snapshot')
      .select('id')
      .where('state', '=', 'loading')
      .where('imported_at', '<', before)
      .executeTakeFirst();
    if (!snapshot) return;
    while (await removePiece(database, snapshot.id));
    await database.query.deleteFrom('vulnerability_snapshot').where('id', '=', snapshot.id).execute();
  }
}

async function removePiece({ query }: Database, snapshotId: string): Promise<boolean> {
  const rows = await query
    .selectFrom('vulnerability')
    .select('id')
    .where('snapshot_id', '=', snapshotId)
    .limit(insertSize)
    .execute();
  if (rows.length === 0) return false;
  const ids = rows.map(({ id }) => id);
  await query.deleteFrom('vulnerability').where('snapshot_id', '=', snapshotId).where('id', 'in', ids).execute();
  return true;
}

/** Takes the snapshot of an ecosystem out of force; false when there is none. */
export async function retireSnapshot(tx: Transaction<Schema>, ecosystem: string): Promise<boolean> {
  const row = await tx
    .updateTable('vulnerability_snapshot')
    .set(abandoned)
    .where('ecosystem', '=', ecosystem)
    .where('state', '=', 'current')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** The snapshots that count, by ecosystem. */
export async function listSnapshots(query: Query): Promise<SnapshotRow[]> {
  return query
    .selectFrom('vulnerability_snapshot')
    .selectAll()
    .where('state', '=', 'current')
    .orderBy('ecosystem')
    .execute();
}

/** A package that a vulnerability affects, with that vulnerability. */
export type KnownAffected = Pick<Selectable<VulnerabilityPackageTable>, 'package' | 'branch' | 'affected'> &
  Pick<Selectable<VulnerabilityTable>, 'id' | 'aliases' | 'summary' | 'severity' | 'score_tenths' | 'vector'>;

/** What is known about these packages, in the snapshots that count. */
export async function listAffected(query: Query, packages: readonly string[]): Promise<KnownAffected[]> {
  if (packages.length === 0) return [];
  return query
    .selectFrom('vulnerability_package as affected')
    .innerJoin('vulnerability_snapshot as snapshot', 'snapshot.id', 'affected.snapshot_id')
    .innerJoin('vulnerability', (join) =>
      join
        .onRef('vulnerability.snapshot_id', '=', 'affected.snapshot_id')
        .onRef('vulnerability.id', '=', 'affected.vulnerability_id'),
    )
    .select(['affected.package', 'affected.branch', 'affected.affected'])
    .select(['vulnerability.id', 'vulnerability.aliases', 'vulnerability.summary', 'vulnerability.severity'])
    .select(['vulnerability.score_tenths', 'vulnerability.vector'])
    .where('snapshot.state', '=', 'current')
    .where('affected.package', 'in', [...packages])
    .orderBy('affected.package')
    .orderBy('vulnerability.id')
    .orderBy('affected.position')
    .execute();
}

/** Stores a document with its statements; false when the release has it already. */
export async function insertVex(
  tx: Transaction<Schema>,
  row: Insertable<VexTable>,
  statements: readonly Insertable<VexStatementTable>[],
): Promise<boolean> {
  const inserted = await tx
    .insertInto('vex')
    .values(row)
    .onConflict((conflict) => conflict.columns(['release_id', 'sha256']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) return false;
  for (let at = 0; at < statements.length; at += insertSize) {
    await tx
      .insertInto('vex_statement')
      .values(statements.slice(at, at + insertSize))
      .execute();
  }
  return true;
}

/** The VEX documents of a release. */
export async function listVexIds(query: Query, releaseId: string): Promise<readonly string[]> {
  const rows = await query.selectFrom('vex').select('id').where('release_id', '=', releaseId).orderBy('id').execute();
  return rows.map(({ id }) => id);
}

/** What was said about a file of a release, oldest first: of two that contradict each other the later one counts. */
export async function listVexStatements(
  query: Query,
  file: { readonly release_id: string; readonly artifact_sha256: string },
): Promise<(VexStatementRow & { author: string | null })[]> {
  return query
    .selectFrom('vex_statement')
    .innerJoin('vex', 'vex.id', 'vex_statement.vex_id')
    .selectAll('vex_statement')
    .select('vex.author')
    .where('vex.release_id', '=', file.release_id)
    .where(({ eb, or }) =>
      or([
        eb('vex_statement.artifact_sha256', 'is', null),
        eb('vex_statement.artifact_sha256', '=', file.artifact_sha256),
      ]),
    )
    .orderBy('vex_statement.stated_at')
    .orderBy('vex.created_at')
    .orderBy('vex_statement.position')
    .execute();
}
