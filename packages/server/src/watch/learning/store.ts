/** SQL of decisions, revisions and announcements. */
import type { Insertable, Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { WatchAnnouncementTable, WatchDecisionTable, WatchRevisionTable } from '../../storage/tables/watch.ts';
import type { Tx } from '../parts.ts';

/** A stored decision. */
export type DecisionRow = Selectable<WatchDecisionTable>;
/** A stored revision. */
export type RevisionRow = Selectable<WatchRevisionTable>;
/** A stored announcement. */
export type AnnouncementRow = Selectable<WatchAnnouncementTable>;

/** The revision in force; undefined: the line is new. */
export async function findLatestRevision(query: Query, line: number): Promise<RevisionRow | undefined> {
  return query
    .selectFrom('watch_revision')
    .selectAll()
    .where('line', '=', line)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** All revisions of a line, the oldest first. */
export async function listRevisions(query: Query, line: number): Promise<RevisionRow[]> {
  return query.selectFrom('watch_revision').selectAll().where('line', '=', line).orderBy('version').execute();
}

/** Adds a revision. The unique version refuses a second one. */
export async function insertRevision(tx: Tx, row: Insertable<Schema['watch_revision']>): Promise<void> {
  await tx.insertInto('watch_revision').values(row).execute();
}

/** All decisions of a line, the oldest first. */
export async function listDecisions(query: Query, line: number): Promise<DecisionRow[]> {
  return query.selectFrom('watch_decision').selectAll().where('line', '=', line).orderBy('number').execute();
}

/** Adds a decision. The unique number refuses a second one. */
export async function insertDecision(tx: Tx, row: Insertable<Schema['watch_decision']>): Promise<void> {
  await tx.insertInto('watch_decision').values(row).execute();
}

/** Announcements of a source that are in force. */
export async function listAnnouncements(
  query: Query,
  { sourceId, now }: { readonly sourceId: string; readonly now: number },
): Promise<AnnouncementRow[]> {
  return query
    .selectFrom('watch_announcement')
    .selectAll()
    .where('source_id', '=', sourceId)
    .where('valid_to', '>', now)
    .where('valid_from', '<=', now)
    .where('ended_at', 'is', null)
    .orderBy('id')
    .execute();
}

/** What an artifact of a line was when a sighting was the last one. */
export interface SightedRow {
  readonly sequence: number;
  readonly seen_at: number;
  readonly artifact: number;
  readonly document: string;
}

/** Sightings of a line until one of them, the oldest first. */
export async function listSightings(query: Query, line: number): Promise<SightedRow[]> {
  return query
    .selectFrom('watch_observation as seen')
    .innerJoin('watch_artifact as artifact', 'artifact.number', 'seen.artifact')
    .innerJoin('watch_facts as facts', 'facts.number', 'seen.facts')
    .select(['seen.sequence', 'seen.seen_at', 'seen.artifact', 'facts.document'])
    .where('artifact.line', '=', line)
    .orderBy('seen.sequence')
    .execute();
}
