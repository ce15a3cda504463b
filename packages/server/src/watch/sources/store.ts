/** SQL of sources. */
import type { Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WatchSourceTable } from '../../storage/tables/watch.ts';
import type { Tx } from '../parts.ts';
import { hostOf } from './source-host.ts';

/** A stored source. */
export type SourceRow = Selectable<WatchSourceTable>;

/** A source of an organisation that is watched, by id. */
export async function findSource(
  query: Query,
  { organisationId, id }: { readonly organisationId: string; readonly id: string },
): Promise<SourceRow | undefined> {
  return query
    .selectFrom('watch_source')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
}

/** The last source of a key, also one that was removed. */
export async function findSourceByKey(
  query: Query,
  { organisationId, key }: { readonly organisationId: string; readonly key: string },
): Promise<SourceRow | undefined> {
  return query
    .selectFrom('watch_source')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('key', '=', key)
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

/** Adds a source that is due at once. */
export async function insertSource(tx: Tx, row: SourceRow, intervalMs: number): Promise<void> {
  await tx.insertInto('watch_source').values(row).execute();
  await tx
    .insertInto('watch_schedule')
    .values({
      ...{ source_id: row.id, due_at: row.created_at, interval_ms: intervalMs, validators: null, failures: 0 },
      ...{
        answered_at: null,
        unknown_since: null,
        unknown_reason: null,
        host: hostOf(row.key),
        lease: 0,
        lease_until: null,
      },
      ...{ looked_at: null, listed_at: null, skipped: 0, unread: 0, in_use_at: null },
    })
    .execute();
}

/** Nobody looks at what is removed. */
const never = Number.MAX_SAFE_INTEGER;

/** Marks a source as removed, or with null as watched again and due at `dueAt`. */
export async function setRemoved(tx: Tx, id: string, removedAt: number | null, dueAt: number = never): Promise<void> {
  await tx.updateTable('watch_source').set({ removed_at: removedAt }).where('id', '=', id).execute();
  await tx
    .updateTable('watch_schedule')
    .set({ due_at: removedAt === null ? dueAt : never, looked_at: null })
    .where('source_id', '=', id)
    .execute();
}

/** How many sources an organisation watches. */
export async function countSources(query: Query, organisationId: string): Promise<number> {
  const row = await query
    .selectFrom('watch_source')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('organisation_id', '=', organisationId)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Sources of an organisation by key. */
export async function listSources(
  query: Query,
  filter: { readonly organisationId: string; readonly after?: string | undefined; readonly limit: number },
): Promise<SourceRow[]> {
  return query
    .selectFrom('watch_source')
    .selectAll()
    .where('organisation_id', '=', filter.organisationId)
    .where('removed_at', 'is', null)
    .where('key', '>', filter.after ?? '')
    .orderBy('key')
    .limit(filter.limit)
    .execute();
}

/** Makes a source a mirror of another, or with null of none. */
export async function setMirror(tx: Tx, id: string, of: string | null): Promise<void> {
  await tx.updateTable('watch_source').set({ mirror_of: of }).where('id', '=', id).execute();
}

/** A source with its mirrors, those that are watched; nothing but itself when it has none. */
export async function listGroup(query: Query, id: string): Promise<SourceRow[]> {
  return query
    .selectFrom('watch_source')
    .selectAll()
    .where((row) => row.or([row('id', '=', id), row('mirror_of', '=', id)]))
    .where('removed_at', 'is', null)
    .orderBy('key')
    .execute();
}

/** The lines of a source by name. */
export async function listLines(query: Query, sourceId: string): Promise<{ number: number; name: string }[]> {
  return query
    .selectFrom('watch_line')
    .select(['number', 'name'])
    .where('source_id', '=', sourceId)
    .orderBy('name')
    .execute();
}
