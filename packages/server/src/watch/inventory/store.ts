/** SQL of the inventory. */
import { sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WatchScheduleTable } from '../../storage/tables/watch.ts';
import type { Severity } from '../drift/kinds.ts';
import type { SourceRow } from '../sources/store.ts';

/** Sources by key, with their schedules. `search` is in the key. */
export async function searchSources(
  query: Query,
  filter: {
    readonly organisationId: string;
    readonly search: string | undefined;
    readonly after: string | undefined;
    readonly limit: number;
  },
): Promise<(SourceRow & WatchScheduleTable)[]> {
  const pattern = `%${(filter.search ?? '').replaceAll(/[\\%_]/g, '\\$&')}%`;
  return query
    .selectFrom('watch_source as source')
    .innerJoin('watch_schedule as schedule', 'schedule.source_id', 'source.id')
    .selectAll()
    .where('source.organisation_id', '=', filter.organisationId)
    .where('source.removed_at', 'is', null)
    .where('source.key', '>', filter.after ?? '')
    .$if(filter.search !== undefined, (select) =>
      // SQLite has no character that escapes unless it is named.
      select.where(sql<boolean>`source.key like ${pattern} escape '\\'`),
    )
    .orderBy('source.key')
    .limit(filter.limit)
    .execute();
}

/** Findings of a source that nobody decided, by severity. */
export async function countOpen(query: Query, sourceId: string): Promise<Partial<Record<Severity, number>>> {
  const rows = await query
    .selectFrom('watch_finding')
    .select('severity')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('source_id', '=', sourceId)
    .where('state', 'in', ['open', 'acknowledged'])
    .groupBy('severity')
    .execute();
  return Object.fromEntries(rows.map(({ severity, count }) => [severity, Number(count)]));
}

/** Who signs a line, since when and until when. */
export async function listSigners(
  query: Query,
  line: number,
  limit: number,
): Promise<{ document: string; first_at: number; last_at: number; artifacts: number }[]> {
  return query
    .selectFrom('watch_signer_use as usage')
    .innerJoin('watch_signer as signer', 'signer.number', 'usage.signer')
    .select(['signer.document', 'usage.first_at', 'usage.last_at', 'usage.artifacts'])
    .where('usage.line', '=', line)
    .orderBy('usage.last_at', 'desc')
    .orderBy('usage.signer')
    .limit(limit)
    .execute();
}

/** When a line was known for the first time; null: it never was. */
export async function findKnownSince(query: Query, line: number): Promise<number | null> {
  const row = await query
    .selectFrom('watch_revision')
    .select(({ fn }) => fn.min('created_at').as('since'))
    .where('line', '=', line)
    .where('state', 'in', ['established', 'declared'])
    .executeTakeFirst();
  return row?.since ?? null;
}
