/** SQL of gates: what is known of a digest. */
import { sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { FindingRow } from '../findings/store.ts';
import type { ArtifactRow } from '../observations/store.ts';
import type { Tx } from '../parts.ts';

/** An artifact with its line and its last facts. */
export interface PlacedArtifact extends ArtifactRow {
  readonly line_name: string;
  readonly document: string;
}

/** The artifacts of a source that have a content: one for each line and version. */
export async function listByContent(query: Query, sourceId: string, content: string): Promise<PlacedArtifact[]> {
  return query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_facts as facts', 'facts.number', 'artifact.facts')
    .selectAll('artifact')
    .select(['line.name as line_name', 'facts.document'])
    .where('artifact.content', '=', content)
    .where('line.source_id', '=', sourceId)
    .orderBy('artifact.number')
    .execute();
}

/** The last facts of an artifact whose signatures could be read and judged, and when they were last seen. */
export async function findHeldFacts(
  query: Query,
  artifact: number,
): Promise<{ document: string; seen_at: number } | undefined> {
  return query
    .selectFrom('watch_observation as seen')
    .innerJoin('watch_facts as facts', 'facts.number', 'seen.facts')
    .select(['facts.document', 'seen.seen_at'])
    .where('seen.artifact', '=', artifact)
    .where(sql<boolean>`facts.document not like '%"signatures":"unknown"%'`)
    .where(sql<boolean>`facts.document not like '%"outcome":"unverifiable"%'`)
    .orderBy('seen.sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Whether somebody of an organisation rejected a content, in whatever source: the same bytes are the same attack. */
export async function isQuarantined(query: Query, organisationId: string, content: string): Promise<boolean> {
  const row = await query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_source as source', 'source.id', 'line.source_id')
    .select('artifact.number')
    .where('artifact.content', '=', content)
    .where('artifact.quarantined_at', 'is not', null)
    .where('source.organisation_id', '=', organisationId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The findings that artifacts show. */
export async function listShown(query: Query, artifacts: readonly number[]): Promise<FindingRow[]> {
  return query
    .selectFrom('watch_finding as finding')
    .innerJoin('watch_finding_artifact as link', 'link.finding_id', 'finding.id')
    .selectAll('finding')
    .distinct()
    .where('link.artifact', 'in', artifacts)
    .orderBy('finding.id')
    .execute();
}

/** Kinds of findings of the whole organisation that are open. */
export async function listSystemKinds(query: Query, organisationId: string): Promise<string[]> {
  const rows = await query
    .selectFrom('watch_finding')
    .select('kind')
    .where('organisation_id', '=', organisationId)
    .where('source_id', 'is', null)
    .where('state', 'in', ['open', 'acknowledged'])
    .execute();
  return rows.map(({ kind }) => kind);
}

/** The lines of a source, the first first. */
export async function listLinesByAge(
  query: Query,
  sourceId: string,
): Promise<{ number: number; name: string; created_at: number }[]> {
  return query
    .selectFrom('watch_line')
    .select(['number', 'name', 'created_at'])
    .where('source_id', '=', sourceId)
    .orderBy('created_at')
    .orderBy('number')
    .execute();
}

/** Notes that a gate asks for a source, at most once an hour. */
export async function noteUse(query: Query | Tx, sourceId: string, now: number): Promise<void> {
  await query
    .updateTable('watch_schedule')
    .set({ in_use_at: now })
    .where('source_id', '=', sourceId)
    .where((row) => row.or([row('in_use_at', 'is', null), row('in_use_at', '<', now - 3_600_000)]))
    .execute();
}
