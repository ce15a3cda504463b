/** SQL of findings, their artifacts and what became of them. */
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { WatchFindingEventTable, WatchFindingTable } from '../../storage/tables/watch.ts';
import { severities } from '../drift/kinds.ts';
import type { Tx } from '../parts.ts';

/** A stored finding. */
export type FindingRow = Selectable<WatchFindingTable>;
/** What happened to a finding. */
export type FindingEventRow = Selectable<WatchFindingEventTable>;

/** The finding of a fingerprint. */
export async function findByFingerprint(
  query: Query,
  { organisationId, fingerprint }: { readonly organisationId: string; readonly fingerprint: string },
): Promise<FindingRow | undefined> {
  return query
    .selectFrom('watch_finding')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
}

/** Adds a finding. */
export async function insertFinding(tx: Tx, row: Insertable<Schema['watch_finding']>): Promise<void> {
  await tx.insertInto('watch_finding').values(row).execute();
}

/** Changes a finding that is still in the state that the caller has read; false when it is not. */
export async function updateFinding(tx: Tx, row: FindingRow, set: Updateable<WatchFindingTable>): Promise<boolean> {
  const changed = await tx
    .updateTable('watch_finding')
    .set(set)
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

/** Links an artifact to a finding; false when it was. */
export async function linkArtifact(tx: Tx, findingId: string, artifact: number): Promise<boolean> {
  const added = await tx
    .insertInto('watch_finding_artifact')
    .values({ finding_id: findingId, artifact })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return added.numInsertedOrUpdatedRows === 1n;
}

/** Adds what happened to a finding. */
export async function insertFindingEvent(tx: Tx, row: Omit<FindingEventRow, 'number'>): Promise<void> {
  const last = await tx
    .selectFrom('watch_finding_event')
    .select(({ fn }) => fn.max('number').as('last'))
    .where('finding_id', '=', row.finding_id)
    .executeTakeFirst();
  await tx
    .insertInto('watch_finding_event')
    .values({ ...row, number: (last?.last ?? 0) + 1 })
    .execute();
}

/** What happened to a finding, the oldest first. */
export async function listFindingEvents(query: Query, findingId: string): Promise<FindingEventRow[]> {
  return query
    .selectFrom('watch_finding_event')
    .selectAll()
    .where('finding_id', '=', findingId)
    .orderBy('number')
    .execute();
}

/** Findings of a line that nobody decided. */
export async function listOpen(query: Query, line: number): Promise<FindingRow[]> {
  return query
    .selectFrom('watch_finding')
    .selectAll()
    .where('line', '=', line)
    .where('state', 'in', ['open', 'acknowledged', 'collapsed'])
    .orderBy('id')
    .execute();
}

/** Findings that nobody decided and that no artifact but this one has shown. */
export async function listShownAlone(query: Query, artifact: number): Promise<FindingRow[]> {
  return query
    .selectFrom('watch_finding as finding')
    .innerJoin('watch_finding_artifact as link', 'link.finding_id', 'finding.id')
    .selectAll('finding')
    .where('link.artifact', '=', artifact)
    .where('finding.state', 'in', ['open', 'acknowledged', 'collapsed'])
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('watch_finding_artifact as other')
            .select('other.artifact')
            .whereRef('other.finding_id', '=', 'finding.id')
            .where('other.artifact', '!=', artifact),
        ),
      ),
    )
    .execute();
}

/** When the first critical finding of a line was opened that nobody decided, or whose acceptance is over by the clock; null: none is. */
export async function findFrozenSince(
  query: Query,
  { line, at }: { readonly line: number; readonly at: number },
): Promise<number | null> {
  const row = await query
    .selectFrom('watch_finding')
    .select(({ fn }) => fn.min('opened_at').as('since'))
    .where('line', '=', line)
    .where('severity', '=', 'critical')
    .where(({ and, eb, or }) =>
      or([
        // What is one of many is not over: what comes after it waits as well.
        eb('state', 'in', ['open', 'acknowledged', 'collapsed']),
        and([eb('state', '=', 'accepted'), eb('expires_at', '<=', at)]),
      ]),
    )
    .executeTakeFirst();
  return row?.since ?? null;
}

/** Which findings to list. */
export interface FindingFilter {
  readonly organisationId: string;
  readonly sourceId?: string | undefined;
  readonly states?: readonly FindingRow['state'][] | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly severity?: FindingRow['severity'] | undefined;
  /** The gravest first, the newest of one severity first; otherwise by age alone. */
  readonly order?: 'newest' | 'gravest' | undefined;
  /** The id of the last one already seen, by age. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** A severity as a number that grows with it. */
export const severityRank = sql<number>`case finding.severity ${sql.join(
  severities.map((severity, rank) => sql`when ${sql.lit(severity)} then ${sql.lit(rank)}`),
  sql` `,
)} end`;

/** Findings in the order that is asked for, with the key of the source and the name of the line. */
export async function listFindings(
  query: Query,
  { organisationId, sourceId, states, kinds, severity, order, before, limit }: FindingFilter,
): Promise<PlacedFinding[]> {
  return selectPlaced(query)
    .where('finding.organisation_id', '=', organisationId)
    .$if(sourceId !== undefined, (select) => select.where('finding.source_id', '=', sourceId ?? ''))
    .$if(states !== undefined, (select) => select.where('finding.state', 'in', states ?? []))
    .$if(kinds !== undefined, (select) => select.where('finding.kind', 'in', kinds ?? []))
    .$if(severity !== undefined, (select) => select.where('finding.severity', '=', severity ?? 'note'))
    .$if(before !== undefined, (select) => select.where('finding.id', '<', before ?? ''))
    .$if(order === 'gravest', (select) => select.orderBy(severityRank, 'desc'))
    .orderBy('finding.id', 'desc')
    .limit(limit)
    .execute();
}

/** A finding with the key of its source and the name of its line. */
export type PlacedFinding = FindingRow & { readonly source_key: string | null; readonly line_name: string | null };

function selectPlaced(query: Query) {
  return query
    .selectFrom('watch_finding as finding')
    .leftJoin('watch_source as source', 'source.id', 'finding.source_id')
    .leftJoin('watch_line as line', 'line.number', 'finding.line')
    .selectAll('finding')
    .select(['source.key as source_key', 'line.name as line_name']);
}

/** A finding of an organisation by id. */
export async function findFinding(
  query: Query,
  { organisationId, id }: { readonly organisationId: string; readonly id: string },
): Promise<PlacedFinding | undefined> {
  return selectPlaced(query)
    .where('finding.organisation_id', '=', organisationId)
    .where('finding.id', '=', id)
    .executeTakeFirst();
}

/** An artifact that shows a finding, with its last facts. */
export interface FindingArtifact {
  readonly number: number;
  readonly content: string;
  readonly version: string | null;
  readonly quarantined_at: number | null;
  readonly document: string;
}

/** The artifacts of a finding, the first first. */
export async function listFindingArtifacts(query: Query, findingId: string, limit: number): Promise<FindingArtifact[]> {
  return query
    .selectFrom('watch_finding_artifact as link')
    .innerJoin('watch_artifact as artifact', 'artifact.number', 'link.artifact')
    .innerJoin('watch_facts as facts', 'facts.number', 'artifact.facts')
    .select(['artifact.number', 'artifact.content', 'artifact.version', 'artifact.quarantined_at', 'facts.document'])
    .where('link.finding_id', '=', findingId)
    .orderBy('artifact.number')
    .limit(limit)
    .execute();
}
