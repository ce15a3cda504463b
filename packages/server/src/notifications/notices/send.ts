/** Sends what is due for a subscription: at least once, until it is taken or its time is over. */
import { type AuditEntry, systemActor } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import type { Mailer, MailOutcome } from '../../mail/mailer.ts';
import { mailPauseAfter } from '../../mail/retry.ts';
import type { Job } from '../../storage/jobs.ts';
import { count, type NotificationParts } from '../parts.ts';
import { issueCode } from '../subscriptions/code.ts';
import {
  findSubscription,
  readOrganisationSlug,
  type SubscriptionRow,
  updateSubscription,
} from '../subscriptions/store.ts';
import { composeFindings, composeQuestion, composeTrial, type Sender, type Words } from './compose.ts';
import { listChanges, listDueNotices, type NoticeRow, updateNotices } from './store.ts';

/** One mail tells of so many changes at most. */
const maxNotices = 1000;

/** Runs a job of `mailJobKind`. Throws only when the database does not answer or the server stops: then it is run again. */
export async function runMailJob(parts: NotificationParts, { payload, signal }: Job): Promise<void> {
  const { database, now, mailer, config } = parts;
  const subscription = await findSubscription(database.query, { id: String(payload.subscription) });
  if (!subscription || !mailer) return;
  const organisation = await readOrganisationSlug(database.query, subscription.organisation_id);
  const due = await listDueNotices(database.query, { subscriptionId: subscription.id, now: now(), limit: maxNotices });
  const late = due.filter(({ gives_up_at: end }) => end <= now());
  await bury(parts, subscription, { notices: late, reason: late.at(-1)?.last_error ?? 'too late' });
  const waiting = due.filter((notice) => !late.includes(notice));
  const sending = { parts, mailer, sender: { subscription, organisation, baseUrl: config.baseUrl }, signal };
  for (const notice of waiting.filter(({ kind }) => kind !== 'finding')) await send(sending, [notice]);
  await send(
    sending,
    waiting.filter(({ kind }) => kind === 'finding'),
  );
}

interface Sending {
  readonly parts: NotificationParts;
  readonly mailer: Mailer;
  readonly sender: Sender;
  readonly signal: AbortSignal;
}

async function send({ parts, mailer, sender, signal }: Sending, notices: readonly NoticeRow[]): Promise<void> {
  const [first] = notices;
  if (!first) return;
  const words = await compose(parts, sender, notices);
  const at = parts.now();
  if (!words) {
    const ids = notices.map(({ id }) => id);
    await parts.database.transaction((tx) => updateNotices(tx, ids, { state: 'merged', ended_at: at }));
    return;
  }
  signal.throwIfAborted();
  const outcome = await mailer.send({ ...words, id: first.id, to: sender.subscription.address, at }, signal);
  count(parts.mailAttempts, outcome.kind);
  await settle(parts, sender.subscription, { notices, outcome });
}

/** Undefined when nothing is left to say. */
async function compose(
  { database, now }: NotificationParts,
  sender: Sender,
  notices: readonly NoticeRow[],
): Promise<Words | undefined> {
  const [first] = notices;
  if (first?.kind === 'trial') return composeTrial(sender);
  if (first?.kind === 'question') {
    const code = await database.transaction((tx) => issueCode(tx, sender.subscription.id, now()));
    return code === undefined ? undefined : composeQuestion(sender, code);
  }
  const ids = notices.map(({ id }) => id);
  // What was put under one finding since is told by that one.
  const changes = (await listChanges(database.query, ids)).filter(({ state }) => state !== 'collapsed');
  return changes.length === 0 ? undefined : composeFindings(sender, changes);
}

async function settle(
  parts: NotificationParts,
  subscription: SubscriptionRow,
  { notices, outcome }: { readonly notices: readonly NoticeRow[]; readonly outcome: MailOutcome },
): Promise<void> {
  const { database, now, log } = parts;
  if (outcome.kind === 'refused') return bury(parts, subscription, { notices, reason: outcome.reason });
  const at = now();
  const ids = notices.map(({ id }) => id);
  await database.transaction(async (tx) => {
    if (outcome.kind === 'taken') {
      await updateNotices(tx, ids, { state: 'sent', ended_at: at, last_error: null });
      await updateSubscription(tx, subscription.id, { sent_at: at });
      return;
    }
    const attempts = Math.max(...notices.map((notice) => notice.attempts)) + 1;
    const change = { attempts, last_error: outcome.reason, due_at: at + mailPauseAfter(attempts) };
    await updateNotices(tx, ids, change);
    log.warn({ subscription: subscription.id, attempts, reason: outcome.reason }, 'mail waits: it was not taken');
  });
}

async function bury(
  parts: NotificationParts,
  subscription: SubscriptionRow,
  { notices, reason }: { readonly notices: readonly NoticeRow[]; readonly reason: string },
): Promise<void> {
  if (notices.length === 0) return;
  const at = parts.now();
  const ids = notices.map(({ id }) => id);
  const buried = await parts.database.transaction(async (tx) => {
    const ended = await updateNotices(tx, ids, { state: 'dead', ended_at: at, last_error: reason });
    const entry: AuditEntry = {
      ...{ organisationId: subscription.organisation_id, actor: systemActor, action: 'mail_subscription.gave_up' },
      ...{ object: { kind: 'mail_subscription', id: subscription.id }, outcome: 'refused' },
      detail: { address: subscription.address, notices: ended, reason },
    };
    if (ended > 0) await recordAudits(tx, at, [entry]);
    return ended;
  });
  count(parts.mailAttempts, 'dead', buried);
  parts.log.warn({ subscription: subscription.id, notices: buried, reason }, 'mail was given up');
}
