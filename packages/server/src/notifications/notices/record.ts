/** From events to notices: durable before an event counts as taken, and once however often it comes. */
import type { Event } from '../../storage/bus.ts';
import type { Severity } from '../../watch/drift/kinds.ts';
import { isAtLeast } from '../../watch/findings/severity.ts';
import type { NotificationParts } from '../parts.ts';
import { listConfirmed } from '../subscriptions/store.ts';
import { queueNotice } from './queue.ts';
import { findChange } from './store.ts';

const prefix = 'watch.finding.';
/** What one finding says for many is told by that one. */
const untold: readonly string[] = ['collapsed'];

/** Notes what happened to a finding for those who want to know; nobody, without a server of mail. */
export async function recordNotices(parts: NotificationParts, event: Event): Promise<void> {
  const { database, now, mailer, wakeWorker } = parts;
  const { organisationId, topic, payload, at } = event;
  const [act, finding] = [topic.slice(prefix.length), payload.finding];
  if (!mailer || organisationId === null || !topic.startsWith(prefix) || untold.includes(act)) return;
  if (typeof finding !== 'string') return;
  const severity = payload.severity as Severity;
  const noted = await database.transaction(async (tx) => {
    const all = await listConfirmed(tx, { organisationId, kind: 'watch.finding', at });
    const wanting = all.filter((one) => isAtLeast(severity, one.least_severity));
    const change = wanting.length > 0 ? await findChange(tx, { finding, act, at }) : undefined;
    if (change === undefined) return 0;
    const saying = { kind: 'finding', findingId: finding, change } as const;
    let queued = 0;
    for (const one of wanting) if (await queueNotice(tx, one, { saying, now: now() })) queued += 1;
    return queued;
  });
  if (noted > 0) wakeWorker();
}
