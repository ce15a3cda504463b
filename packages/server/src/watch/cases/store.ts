/** SQL of cases: artifacts that show findings which nobody decided. */
import type { Query } from '../../storage/database.ts';
import { type FindingRow, severityRank } from '../findings/store.ts';

/** An artifact that shows something. */
export interface CaseRow {
  readonly number: number;
  readonly content: string;
  readonly version: string | null;
  readonly line: string;
  readonly source_id: string;
  readonly key: string;
}

/** Artifacts with open findings, the newest first, or those with the gravest; those before the artifact `before`. */
export async function listCases(
  query: Query,
  filter: {
    readonly organisationId: string;
    readonly order?: 'newest' | 'gravest';
    /** Those with a finding of one of these. */
    readonly severities?: readonly FindingRow['severity'][];
    readonly before: number | undefined;
    readonly limit: number;
  },
): Promise<CaseRow[]> {
  return query
    .selectFrom('watch_finding_artifact as link')
    .innerJoin('watch_finding as finding', 'finding.id', 'link.finding_id')
    .innerJoin('watch_artifact as artifact', 'artifact.number', 'link.artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_source as source', 'source.id', 'line.source_id')
    .select(['artifact.number', 'artifact.content', 'artifact.version', 'line.name as line'])
    .select(['source.id as source_id', 'source.key'])
    .groupBy(['artifact.number', 'artifact.content', 'artifact.version', 'line.name', 'source.id', 'source.key'])
    .where('finding.organisation_id', '=', filter.organisationId)
    .where('finding.state', 'in', ['open', 'acknowledged'])
    .$if(filter.severities !== undefined, (select) => select.where('finding.severity', 'in', filter.severities ?? []))
    .$if(filter.before !== undefined, (select) => select.where('artifact.number', '<', filter.before ?? 0))
    .$if(filter.order === 'gravest', (select) => select.orderBy(({ fn }) => fn.max(severityRank), 'desc'))
    .orderBy('artifact.number', 'desc')
    .limit(filter.limit)
    .execute();
}

/** How many artifacts have open findings of one of these severities. */
export async function countCases(
  query: Query,
  { organisationId, severities }: { organisationId: string; severities: readonly FindingRow['severity'][] },
): Promise<number> {
  const row = await query
    .selectFrom('watch_finding_artifact as link')
    .innerJoin('watch_finding as finding', 'finding.id', 'link.finding_id')
    .select(({ fn }) => fn.count<number>('link.artifact').distinct().as('count'))
    .where('finding.organisation_id', '=', organisationId)
    .where('finding.state', 'in', ['open', 'acknowledged'])
    .where('finding.severity', 'in', severities)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** The open findings of artifacts. */
export async function listCaseFindings(
  query: Query,
  artifacts: readonly number[],
): Promise<(FindingRow & { readonly artifact: number })[]> {
  if (artifacts.length === 0) return [];
  return query
    .selectFrom('watch_finding as finding')
    .innerJoin('watch_finding_artifact as link', 'link.finding_id', 'finding.id')
    .selectAll('finding')
    .select('link.artifact')
    .where('link.artifact', 'in', artifacts)
    .where('finding.state', 'in', ['open', 'acknowledged'])
    .orderBy('finding.id')
    .execute();
}
