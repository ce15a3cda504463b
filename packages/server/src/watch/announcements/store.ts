/** SQL of announcements, as people make, list and end them. */
import { sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { AnnouncementRow } from '../learning/store.ts';
import type { Tx } from '../parts.ts';

/** Adds an announcement. */
export async function insertAnnouncement(tx: Tx, row: AnnouncementRow): Promise<void> {
  await tx.insertInto('watch_announcement').values(row).execute();
}

/** Ends an announcement; false when there is none that is not over. */
export async function endAnnouncement(
  tx: Tx,
  { sourceId, id, now }: { readonly sourceId: string; readonly id: string; readonly now: number },
): Promise<boolean> {
  const ended = await tx
    .updateTable('watch_announcement')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where('source_id', '=', sourceId)
    .where('ended_at', 'is', null)
    .where('valid_to', '>', now)
    .executeTakeFirst();
  return ended.numUpdatedRows === 1n;
}

/** Which announcements to list. */
export interface AnnouncementFilter {
  readonly organisationId: string;
  readonly sourceId: string | undefined;
  /** `vouch`: by whom a known signer vouches for another one; `announcement`: what people said themselves. */
  readonly kind: 'announcement' | 'vouch' | undefined;
  /** Only those that still count or will, at `now` (Unix ms). */
  readonly openAt: number | undefined;
  /** The id of the last one seen. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** An announcement with the key of its source. */
export type ListedAnnouncement = AnnouncementRow & { readonly key: string };

/** Announcements of sources that are watched, the newest first. */
export async function listSaid(query: Query, filter: AnnouncementFilter): Promise<ListedAnnouncement[]> {
  const { organisationId, sourceId, kind, openAt, before, limit } = filter;
  // A member's name, never part of a text: there its quotes would be escaped.
  const isVouch = sql<boolean>`announcement.signers like ${'%"vouch":%'}`;
  return query
    .selectFrom('watch_announcement as announcement')
    .innerJoin('watch_source as source', 'source.id', 'announcement.source_id')
    .selectAll('announcement')
    .select('source.key')
    .where('source.organisation_id', '=', organisationId)
    .where('source.removed_at', 'is', null)
    .$if(sourceId !== undefined, (select) => select.where('announcement.source_id', '=', sourceId ?? ''))
    .$if(kind === 'vouch', (select) => select.where(isVouch))
    .$if(kind === 'announcement', (select) => select.where(({ not }) => not(isVouch)))
    .$if(openAt !== undefined, (select) =>
      select.where('announcement.ended_at', 'is', null).where('announcement.valid_to', '>', openAt ?? 0),
    )
    .$if(before !== undefined, (select) => select.where('announcement.id', '<', before ?? ''))
    .orderBy('announcement.id', 'desc')
    .limit(limit)
    .execute();
}
