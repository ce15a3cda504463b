/** Announcements: who is going to sign from when on, said before it happens. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { AnnouncementRow } from '../learning/store.ts';
import type { WatchParts } from '../parts.ts';
import { needsTwoFor } from '../policies/two-people.ts';
import type { AnnouncedSigners } from '../recording/teach.ts';
import { readSource } from '../sources/source.ts';
import { endAnnouncement, insertAnnouncement } from './store.ts';

/** What is announced. */
export interface AnnouncementRequest {
  readonly sourceId: string;
  readonly signers: AnnouncedSigners;
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

const maxAnnouncementMs = 180 * 24 * 3_600_000;

/** Announces signers. Throws `not_found` for a source that is not watched, `invalid` for a time that is past or too long, or for nobody; `forbidden` where two people accept signers. */
export async function announce(
  { database, now }: WatchParts,
  caller: Caller,
  { sourceId, signers, from, to, reason }: AnnouncementRequest,
): Promise<AnnouncementRow> {
  return database.transaction(async (tx) => {
    const at = now();
    const source = await readSource(tx, caller.organisationId, sourceId);
    if (to <= Math.max(from, at) || to - from > maxAnnouncementMs) {
      throw new Refusal('invalid', 'expected an end in the future, within 180 days of the beginning', {
        rule: 'watch-announcement-time',
      });
    }
    if (signers.identities.length + signers.keys.length === 0) {
      throw new Refusal('invalid', 'expected an identity or a key', { rule: 'watch-announcement-signers' });
    }
    if (await needsTwoFor(tx, caller.organisationId, source.key)) {
      throw new Refusal('forbidden', 'expected a source for whose signers one person may speak', {
        rule: 'watch-two-people',
        hint: 'have two people accept the finding when the signer arrives',
      });
    }
    const row: AnnouncementRow = {
      ...{ id: createId(at), source_id: sourceId, signers: encodePlain(signers), valid_from: from, valid_to: to },
      ...{ reason, actor: JSON.stringify(caller.actor), created_at: at, ended_at: null },
    };
    await insertAnnouncement(tx, row);
    const detail = { source: source.key, reason, until: new Date(to).toISOString() };
    const object = { kind: 'watch_announcement', id: row.id };
    await recordAudit(tx, at, { ...caller, action: 'watch_announcement.added', object, detail });
    return row;
  });
}

/** Takes an announcement back. Throws `not_found` for one that is over. */
export async function withdrawAnnouncement(
  { database, now }: WatchParts,
  caller: Caller,
  { sourceId, id }: { readonly sourceId: string; readonly id: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const source = await readSource(tx, caller.organisationId, sourceId);
    if (!(await endAnnouncement(tx, { sourceId, id, now: at }))) {
      throw new Refusal('not_found', 'no such announcement in force');
    }
    const object = { kind: 'watch_announcement', id };
    const detail = { source: source.key };
    await recordAudit(tx, at, { ...caller, action: 'watch_announcement.ended', object, detail });
  });
}
