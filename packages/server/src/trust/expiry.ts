/** Freeze protection: a trust list runs out, and says so in time. */
import { systemActor } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { createId } from '../storage/ids.ts';
import { recordEvent } from '../storage/outbox.ts';
import { isAudited, listLatestTrustLists } from './store.ts';
import type { TrustDependencies } from './trust-lists.ts';

/** `red` is below 30 days or expired, `yellow` below 90. */
export type TrafficLight = 'green' | 'yellow' | 'red' | 'none';

const dayMs = 86_400_000;

const crossings = [
  { days: 90, action: 'trust.expiry_warning_90' },
  { days: 30, action: 'trust.expiry_warning_30' },
  { days: 0, action: 'trust.expired' },
] as const;

/** The light for a list that expires at `expiresAt` (Unix milliseconds); `none` without a list. */
export function trafficLight(expiresAt: number | undefined, now: number): TrafficLight {
  if (expiresAt === undefined) return 'none';
  const days = (expiresAt - now) / dayMs;
  if (days <= 30) return 'red';
  return days <= 90 ? 'yellow' : 'green';
}

/** Audits and publishes, once each, that a list in force came within 90, 30 or 0 days of its end. Run it by the hour. */
export async function recordExpiryCrossings({ database, now }: TrustDependencies): Promise<void> {
  const at = now();
  for (const list of await listLatestTrustLists(database.query)) {
    const id = `${list.organisation_id}/${list.version}`;
    for (const { days, action } of crossings) {
      if (list.expires_at - at > days * dayMs) continue;
      await database.transaction(async (tx) => {
        if (await isAudited(tx, action, id)) return;
        const payload = { trust_version: list.version, expires_at: new Date(list.expires_at).toISOString() };
        await recordEvent(tx, { id: createId(at), organisationId: list.organisation_id, topic: action, payload, at });
        await recordAudit(tx, at, {
          organisationId: list.organisation_id,
          actor: systemActor,
          action,
          object: { kind: 'trust-list', id },
          detail: payload,
        });
      });
    }
  }
}
