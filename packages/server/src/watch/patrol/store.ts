/** SQL of what is looked at over many sources at once. */
import type { Query } from '../../storage/database.ts';
import type { DriftKind } from '../drift/kinds.ts';
import type { PlacedFinding } from '../findings/store.ts';

/** Organisations that watch something. */
export async function listWatching(query: Query): Promise<string[]> {
  const rows = await query
    .selectFrom('watch_source')
    .select('organisation_id')
    .distinct()
    .where('removed_at', 'is', null)
    .orderBy('organisation_id')
    .execute();
  return rows.map(({ organisation_id }) => organisation_id);
}

/** Findings of some kinds that were not decided, seen since a time. */
export async function listUndecided(
  query: Query,
  {
    organisationId,
    kinds,
    since,
  }: { readonly organisationId: string; readonly kinds: readonly DriftKind[]; readonly since: number },
): Promise<PlacedFinding[]> {
  return selectFindings(query)
    .where('finding.organisation_id', '=', organisationId)
    .where('finding.kind', 'in', kinds)
    .where('finding.state', 'in', ['open', 'collapsed'])
    .where('finding.last_seen_at', '>=', since)
    .orderBy('finding.id')
    .execute();
}

/** Acceptances whose end is past. */
export async function listExpired(query: Query, now: number, limit: number): Promise<PlacedFinding[]> {
  return selectFindings(query)
    .where('finding.state', '=', 'accepted')
    .where('finding.expires_at', '<=', now)
    .orderBy('finding.expires_at')
    .limit(limit)
    .execute();
}

function selectFindings(query: Query) {
  return query
    .selectFrom('watch_finding as finding')
    .leftJoin('watch_source as source', 'source.id', 'finding.source_id')
    .leftJoin('watch_line as line', 'line.number', 'finding.line')
    .selectAll('finding')
    .select(['source.key as source_key', 'line.name as line_name']);
}

/** How many sources of an organisation answered since a time. */
export async function countAnswered(query: Query, organisationId: string, since: number): Promise<number> {
  const row = await query
    .selectFrom('watch_source as source')
    .innerJoin('watch_schedule as schedule', 'schedule.source_id', 'source.id')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('source.organisation_id', '=', organisationId)
    .where('source.removed_at', 'is', null)
    .where('schedule.answered_at', '>=', since)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Whether the newest artifact of a line, or one in use, shows a finding. */
export async function isStillShown(query: Query, findingId: string, line: number): Promise<boolean> {
  const shown = await query
    .selectFrom('watch_finding_artifact as link')
    .innerJoin('watch_artifact as artifact', 'artifact.number', 'link.artifact')
    .select('artifact.number')
    .where('link.finding_id', '=', findingId)
    .where((row) =>
      row.or([
        row('artifact.in_use', '=', 1),
        row('artifact.number', '=', (last) =>
          last
            .selectFrom('watch_artifact as newest')
            .select(({ fn }) => fn.max('newest.number').as('number'))
            .where('newest.line', '=', line),
        ),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return shown !== undefined;
}
