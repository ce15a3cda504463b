/** Notices that revocation lists end and no newer one came: 30, 14, 7 and 1 days before, and when they are over, each once, on the bus. */
import { systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { findLastTold, listEnding, type PublishedRow } from './store.ts';

/** Days before the end, the nearest first: whoever was down for long is told the most urgent alone. */
const noticeDays = [0, 1, 7, 14, 30] as const;

const action = 'revocation_list.expiring';
const dayMs = 86_400_000;

/**
 * Records `revocation_list.expiring` for each list of an authority that has come nearer to its end than it was told. Silent about distances
 * that are more than a third of a list's time: of those that the server makes by itself, only what it could not make is told.
 */
export async function recordListNotices({ database, now }: { database: Database; now: () => number }): Promise<void> {
  const at = now();
  const furthest = Math.max(...noticeDays) * dayMs;
  for (const row of await listEnding(database.query, at, at + furthest)) {
    const days = noticeDays.find((distance) => row.next_update - at <= distance * dayMs);
    if (days === undefined || row.next_update - row.this_update < 3 * days * dayMs) continue;
    await tell(database, row, { days, at });
  }
}

async function tell(
  database: Database,
  row: PublishedRow,
  { days, at }: { readonly days: number; readonly at: number },
): Promise<void> {
  const { authority_id: id, organisation_id: organisationId, name: authority, number, next_update } = row;
  // A later list is another object, of which nothing was told.
  const objectId = `${id}/${number}`;
  await database.transaction(async (tx) => {
    const told = await findLastTold(tx, action, objectId);
    if (told !== undefined && (JSON.parse(told) as { readonly days: number }).days <= days) return;
    const facts = { authority, number, days, not_after: next_update };
    await recordEvent(tx, { id: createId(at), organisationId, topic: action, payload: facts, at });
    await recordAudit(tx, at, {
      ...{ organisationId, actor: systemActor, action },
      ...{ object: { kind: 'revocation-list', id: objectId }, detail: facts },
    });
  });
}
