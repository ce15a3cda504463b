/** Puts notices where they wait, and asks for the job that sends them. */
import { mailPatienceMs } from '../../mail/retry.ts';
import { createId } from '../../storage/ids.ts';
import { enqueueJob } from '../../storage/jobs.ts';
import type { NotificationParts, Tx } from '../parts.ts';
import type { SubscriptionRow } from '../subscriptions/store.ts';
import { insertNotice, listDue, type NoticeRow } from './store.ts';

/** The kind of job that sends what is due for one subscription. */
export const mailJobKind = 'notifications.mail';

const dayMs = 86_400_000;
/** When the mail of a day goes out, in UTC. */
const digestHour = 6;
/** Between two mails of what is told at once: what comes meanwhile is told together. */
const gatherMs = 60_000;

/** What is to be said. */
export type Saying =
  | { readonly kind: 'question' | 'trial' }
  | { readonly kind: 'finding'; readonly findingId: string; readonly change: number };

/** Queues a notice, and the job for what need not wait for its hour. False when it was queued before. */
export async function queueNotice(
  tx: Tx,
  subscription: SubscriptionRow,
  { saying, now }: { readonly saying: Saying; readonly now: number },
): Promise<boolean> {
  const dueAt = saying.kind === 'finding' ? dueOf(subscription, now) : now;
  const row: NoticeRow = {
    ...{ id: createId(now), subscription_id: subscription.id, kind: saying.kind, state: 'waiting' },
    ...(saying.kind === 'finding'
      ? { finding_id: saying.findingId, change: saying.change }
      : { finding_id: null, change: null }),
    // A question that comes after a day would ask of what is over.
    ...{ due_at: dueAt, gives_up_at: dueAt + (saying.kind === 'finding' ? mailPatienceMs : dayMs) },
    ...{ attempts: 0, last_error: null, ended_at: null },
  };
  if (!(await insertNotice(tx, row))) return false;
  const isLater = saying.kind === 'finding' && subscription.pace === 'daily';
  if (!isLater) await requestMail(tx, subscription, { runAt: dueAt, now });
  return true;
}

function dueOf({ pace, sent_at: sentAt }: SubscriptionRow, now: number): number {
  if (pace === 'immediately') return Math.max(now, (sentAt ?? 0) + gatherMs);
  const today = Math.floor(now / dayMs) * dayMs + digestHour * 3_600_000;
  return today > now ? today : today + dayMs;
}

async function requestMail(
  tx: Tx,
  { id, organisation_id: organisationId }: { readonly id: string; readonly organisation_id: string },
  { runAt, now }: { readonly runAt: number; readonly now: number },
): Promise<void> {
  const job = { id: createId(now), organisationId, kind: mailJobKind, payload: { subscription: id }, runAt, now };
  // One that is under way takes what is due when it begins; the rest is asked for by the clock.
  await enqueueJob(tx, { ...job, dedupeKey: `${mailJobKind}/${id}` });
}

/** Asks for jobs for whatever is due by the clock: digests, and what the server of mail did not take. */
export async function requestDueMail({
  database,
  now,
  wakeWorker,
}: Pick<NotificationParts, 'database' | 'now' | 'wakeWorker'>): Promise<void> {
  const due = await listDue(database.query, now());
  if (due.length === 0) return;
  await database.transaction(async (tx) => {
    for (const one of due) await requestMail(tx, one, { runAt: now(), now: now() });
  });
  wakeWorker();
}
