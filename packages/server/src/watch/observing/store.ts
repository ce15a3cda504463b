/** SQL of looking: who is due, who holds it, what is known of a source's names, and what was asked for. */
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { WatchScheduleTable } from '../../storage/tables/watch.ts';
import { isUnverifiable } from '../observations/store.ts';
import type { Tx } from '../parts.ts';
import type { SourceRow } from '../sources/store.ts';

/** A source that is due, with its schedule. */
export type DueSource = SourceRow & WatchScheduleTable;

/** Sources that are due and that nobody holds, the longest due first; none of `awayHosts`. */
export async function listDue(
  query: Query,
  { now, awayHosts, limit }: { readonly now: number; readonly awayHosts: readonly string[]; readonly limit: number },
): Promise<DueSource[]> {
  return query
    .selectFrom('watch_schedule as schedule')
    .innerJoin('watch_source as source', 'source.id', 'schedule.source_id')
    .selectAll()
    .where('schedule.due_at', '<=', now)
    .where((row) => row.or([row('schedule.lease_until', 'is', null), row('schedule.lease_until', '<', now)]))
    .where('source.removed_at', 'is', null)
    .$if(awayHosts.length > 0, (select) => select.where('schedule.host', 'not in', awayHosts))
    .orderBy('schedule.due_at')
    .orderBy('schedule.source_id')
    .limit(limit)
    .execute();
}

/** The right to look at a source, until somebody else has taken it. */
export interface Lease {
  readonly sourceId: string;
  readonly number: number;
}

/** Takes a source; undefined: somebody else was faster. */
export async function takeLease(
  query: Query,
  due: Pick<DueSource, 'source_id' | 'lease'>,
  { now, until, host }: { readonly now: number; readonly until: number; readonly host: string },
): Promise<Lease | undefined> {
  const taken = await query
    .updateTable('watch_schedule')
    .set({ lease: due.lease + 1, lease_until: until, host })
    .where('source_id', '=', due.source_id)
    // Of two who read the same row only one finds its number unchanged.
    .where('lease', '=', due.lease)
    .where((row) => row.or([row('lease_until', 'is', null), row('lease_until', '<', now)]))
    .executeTakeFirst();
  return taken.numUpdatedRows === 1n ? { sourceId: due.source_id, number: due.lease + 1 } : undefined;
}

/** Holds it for longer; false when somebody else has taken it. */
export async function renewLease(query: Query, lease: Lease, until: number): Promise<boolean> {
  return updateHeld(query, lease, { lease_until: until });
}

/** Changes the schedule of a source that is held; false when it no longer is. */
export async function updateHeld(query: Query, lease: Lease, set: Partial<WatchScheduleTable>): Promise<boolean> {
  const updated = await query
    .updateTable('watch_schedule')
    .set(set)
    .where('source_id', '=', lease.sourceId)
    .where('lease', '=', lease.number)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/** How far looking is behind. */
export interface Lag {
  /** When the one that waits longest was due, Unix ms; null: nobody waits. */
  readonly oldest: number | null;
  readonly waiting: number;
}

/** How many sources wait to be looked at, and since when. */
export async function measureLag(query: Query, now: number): Promise<Lag> {
  const row = await selectWaiting(query, now)
    .select(({ fn }) => [fn.min('due_at').as('oldest'), fn.countAll<number>().as('waiting')])
    .executeTakeFirst();
  return { oldest: row?.oldest ?? null, waiting: Number(row?.waiting ?? 0) };
}

function selectWaiting(query: Query, now: number): SelectQueryBuilder<Schema, 'watch_schedule', object> {
  return query
    .selectFrom('watch_schedule')
    .where('due_at', '<=', now)
    .where((row) => row.or([row('lease_until', 'is', null), row('lease_until', '<', now)]));
}

/** Sources of each organisation, and how many of them do not answer. */
export async function countSchedules(
  query: Query,
  organisationId?: string,
): Promise<{ organisation_id: string; sources: number; unanswered: number }[]> {
  const rows = await query
    .selectFrom('watch_source as source')
    .innerJoin('watch_schedule as schedule', 'schedule.source_id', 'source.id')
    .select('organisation_id')
    .select(({ fn }) => [
      fn.countAll<number>().as('sources'),
      fn.count<number>('schedule.unknown_since').as('unanswered'),
    ])
    .where('removed_at', 'is', null)
    .$if(organisationId !== undefined, (rows) => rows.where('organisation_id', '=', organisationId ?? ''))
    .groupBy('organisation_id')
    .execute();
  return rows.map((row) => ({ ...row, sources: Number(row.sources), unanswered: Number(row.unanswered) }));
}

/** An artifact of a source as it was seen last. */
export interface SeenArtifact {
  readonly content: string;
  readonly version: string | null;
  /** The name of its line. */
  readonly line: string;
  readonly first_seen_at: number;
  readonly seen_at: number;
}

/** All artifacts of a source, in the order in which they were seen last. */
export async function listSeen(query: Query, sourceId: string): Promise<SeenArtifact[]> {
  return query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_observation as seen', 'seen.sequence', 'artifact.last_sequence')
    .select(['artifact.content', 'artifact.version', 'artifact.first_seen_at', 'line.name as line', 'seen.seen_at'])
    .where('line.source_id', '=', sourceId)
    .orderBy('artifact.last_sequence')
    .execute();
}

/** Where each tag of a source leads. */
export async function listTagEnds(query: Query, sourceId: string): Promise<{ name: string; content: string }[]> {
  return query
    .selectFrom('watch_tag as tag')
    .select(['tag.name', 'tag.content'])
    .where('tag.source_id', '=', sourceId)
    .where('tag.number', '=', (own) =>
      own
        .selectFrom('watch_tag as last')
        .select(({ fn }) => fn.max('last.number').as('number'))
        .whereRef('last.source_id', '=', 'tag.source_id')
        .whereRef('last.name', '=', 'tag.name'),
    )
    .execute();
}

/** The contents of a source whose signatures could not be read when they were seen last. */
export async function listUnread(query: Query, sourceId: string): Promise<string[]> {
  const rows = await query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_facts as facts', 'facts.number', 'artifact.facts')
    .select('artifact.content')
    .where('line.source_id', '=', sourceId)
    // Inside of a string of JSON the quotes would be escaped.
    .where(sql<boolean>`facts.document like '%"signatures":"unknown"%'`)
    .execute();
  return rows.map(({ content }) => content);
}

/** The contents of watched sources that show what cannot be verified, those that were seen last first; at most `limit` of them. */
export async function listUnverifiable(
  query: Query,
  { organisationId, limit }: { readonly organisationId: string; readonly limit: number },
): Promise<{ source_id: string; content: string }[]> {
  return query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_source as source', 'source.id', 'line.source_id')
    .innerJoin('watch_facts as facts', 'facts.number', 'artifact.facts')
    .select(['line.source_id', 'artifact.content'])
    .where('source.organisation_id', '=', organisationId)
    .where('source.removed_at', 'is', null)
    .where(isUnverifiable)
    .orderBy('artifact.last_sequence', 'desc')
    .limit(limit)
    .execute();
}

/** Something that somebody asked to be looked at. */
export interface WatchRequest {
  readonly label: string;
  readonly content: string;
}

/** What was asked of a source before `until`. */
export async function listRequests(query: Query, sourceId: string, until: number): Promise<WatchRequest[]> {
  return query
    .selectFrom('watch_request')
    .select(['label', 'content'])
    .where('source_id', '=', sourceId)
    .where('requested_at', '<=', until)
    .orderBy('requested_at')
    .execute();
}

/** How much waits to be looked at in a source. */
export async function countRequests(query: Query, sourceId: string): Promise<number> {
  const row = await query
    .selectFrom('watch_request')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('source_id', '=', sourceId)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Notes what somebody asks for, and that the source is due. */
export async function insertRequest(
  tx: Tx,
  { sourceId, now, ...request }: WatchRequest & { readonly sourceId: string; readonly now: number },
): Promise<void> {
  await tx
    .insertInto('watch_request')
    .values({ source_id: sourceId, ...request, requested_at: now })
    .onConflict((conflict) => conflict.columns(['source_id', 'label', 'content']).doUpdateSet({ requested_at: now }))
    .execute();
}

/** Makes a source due at `at`, unless it is before. */
export async function hasten(query: Query, sourceId: string, at: number): Promise<void> {
  await query
    .updateTable('watch_schedule')
    .set({ due_at: at })
    .where('source_id', '=', sourceId)
    .where('due_at', '>', at)
    .execute();
}

/** Forgets what was asked for until `until`. */
export async function deleteRequests(query: Query, sourceId: string, until: number): Promise<void> {
  await query
    .deleteFrom('watch_request')
    .where('source_id', '=', sourceId)
    .where('requested_at', '<=', until)
    .execute();
}
