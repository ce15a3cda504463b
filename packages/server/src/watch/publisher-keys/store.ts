/** SQL of publishers' keys. */
import type { Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WatchPublisherKeyTable } from '../../storage/tables/watch.ts';
import { isUnverifiable } from '../observations/store.ts';
import type { Tx } from '../parts.ts';

/** A stored key. */
export type PublisherKeyRow = Selectable<WatchPublisherKeyTable>;

/** The keys of a source, the oldest first. */
export async function listPublisherKeys(query: Query, sourceId: string): Promise<PublisherKeyRow[]> {
  return query
    .selectFrom('watch_publisher_key')
    .selectAll()
    .where('source_id', '=', sourceId)
    .where('removed_at', 'is', null)
    .orderBy('id')
    .execute();
}

/** The keys of the source that an organisation watches under `key`, the oldest first. */
export async function listKeysOf(
  query: Query,
  { organisationId, key }: { readonly organisationId: string; readonly key: string },
): Promise<{ id: string; document: string }[]> {
  return query
    .selectFrom('watch_publisher_key as named')
    .innerJoin('watch_source as source', 'source.id', 'named.source_id')
    .select(['named.id', 'named.document'])
    .where('source.organisation_id', '=', organisationId)
    .where('source.key', '=', key)
    .where('source.removed_at', 'is', null)
    .where('named.removed_at', 'is', null)
    .orderBy('named.id')
    .execute();
}

/** Adds a key. The unique key of the source refuses a second one. */
export async function insertPublisherKey(tx: Tx, row: PublisherKeyRow): Promise<void> {
  await tx.insertInto('watch_publisher_key').values(row).execute();
}

/** Removes a key; undefined when there is none. */
export async function removeKeyRow(
  tx: Tx,
  { sourceId, id, now }: { readonly sourceId: string; readonly id: string; readonly now: number },
): Promise<PublisherKeyRow | undefined> {
  return tx
    .updateTable('watch_publisher_key')
    .set({ removed_at: now })
    .where('id', '=', id)
    .where('source_id', '=', sourceId)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Contents of a source with a signature that could not be judged when they were seen last, the newest first. */
export async function listUnjudged(query: Query, sourceId: string, limit: number): Promise<string[]> {
  const rows = await query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_facts as facts', 'facts.number', 'artifact.facts')
    .select('artifact.content')
    .where('line.source_id', '=', sourceId)
    .where(isUnverifiable)
    .orderBy('artifact.last_sequence', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ content }) => content);
}
