/** SQL of notices. */
import { type Selectable, sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { MailNoticeTable } from '../../storage/tables/notifications.ts';
import type { Tx } from '../parts.ts';

/** A stored notice. */
export type NoticeRow = Selectable<MailNoticeTable>;

/** Adds a notice; false when this change is noted for the subscription already, however often it is told. */
export async function insertNotice(tx: Tx, row: NoticeRow): Promise<boolean> {
  const added = await tx
    .insertInto('mail_notice')
    .values(row)
    .onConflict((conflict) => conflict.columns(['subscription_id', 'finding_id', 'change']).doNothing())
    .executeTakeFirst();
  return added.numInsertedOrUpdatedRows === 1n;
}

/** The number in the history of a finding of what happened to it at a time; undefined when nothing did. */
export async function findChange(
  query: Query,
  { finding, act, at }: { readonly finding: string; readonly act: string; readonly at: number },
): Promise<number | undefined> {
  const row = await query
    .selectFrom('watch_finding_event')
    .select(({ fn }) => fn.max('number').as('number'))
    .where('finding_id', '=', finding)
    .where(sql<boolean>`act = ${act}`)
    .where('created_at', '=', at)
    .executeTakeFirst();
  return row?.number ?? undefined;
}

/** Subscriptions with something that is due. */
export async function listDue(query: Query, now: number): Promise<{ id: string; organisation_id: string }[]> {
  return (
    query
      .selectFrom('mail_notice as notice')
      .innerJoin('mail_subscription as subscription', 'subscription.id', 'notice.subscription_id')
      .select(['subscription.id', 'subscription.organisation_id'])
      .distinct()
      // A literal, so that the partial index is used.
      .where('notice.state', '=', sql.lit('waiting'))
      .where('notice.due_at', '<=', now)
      .where('subscription.removed_at', 'is', null)
      .execute()
  );
}

/** What is due of a subscription, the oldest first. */
export async function listDueNotices(
  query: Query,
  { subscriptionId, now, limit }: { readonly subscriptionId: string; readonly now: number; readonly limit: number },
): Promise<NoticeRow[]> {
  return query
    .selectFrom('mail_notice')
    .selectAll()
    .where('state', '=', sql.lit('waiting'))
    .where('due_at', '<=', now)
    .where('subscription_id', '=', subscriptionId)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Changes notices that wait. Returns how many. */
export async function updateNotices(tx: Tx, ids: readonly string[], change: Partial<NoticeRow>): Promise<number> {
  if (ids.length === 0) return 0;
  const changed = await tx
    .updateTable('mail_notice')
    .set(change)
    .where('id', 'in', ids)
    .where('state', '=', sql.lit('waiting'))
    .executeTakeFirst();
  return Number(changed.numUpdatedRows);
}

/** A change of a finding, with the finding as it is now. */
export interface FindingChange {
  readonly finding: string;
  readonly act: string;
  readonly at: number;
  readonly kind: string;
  readonly severity: 'note' | 'low' | 'medium' | 'high' | 'critical';
  readonly state: string;
  readonly document: string;
  readonly source: string | null;
  readonly line: string | null;
}

/** What notices tell of, the oldest change first. */
export async function listChanges(query: Query, ids: readonly string[]): Promise<FindingChange[]> {
  return query
    .selectFrom('mail_notice as notice')
    .innerJoin('watch_finding as finding', 'finding.id', 'notice.finding_id')
    .innerJoin('watch_finding_event as event', (join) =>
      join.onRef('event.finding_id', '=', 'notice.finding_id').onRef('event.number', '=', 'notice.change'),
    )
    .leftJoin('watch_source as source', 'source.id', 'finding.source_id')
    .leftJoin('watch_line as line', 'line.number', 'finding.line')
    .select(['finding.id as finding', 'event.act', 'event.created_at as at', 'finding.kind', 'finding.severity'])
    .select(['finding.state', 'finding.document', 'source.key as source', 'line.name as line'])
    .where('notice.id', 'in', ids)
    .orderBy('event.created_at')
    .orderBy('notice.id')
    .execute();
}

/** The newest trial of a subscription, by when it was due; undefined when there was none. */
export async function findLastTrial(query: Query, subscriptionId: string): Promise<NoticeRow | undefined> {
  return query
    .selectFrom('mail_notice')
    .selectAll()
    .where('subscription_id', '=', subscriptionId)
    .where('kind', '=', 'trial')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** How many notices there are in a state that is not the usual end. */
export async function countNotices(query: Query): Promise<{ state: 'waiting' | 'dead'; notices: number }[]> {
  const rows = await query
    .selectFrom('mail_notice')
    .select(({ fn }) => ['state', fn.countAll<number | string>().as('notices')])
    .where('state', 'in', ['waiting', 'dead'])
    .groupBy('state')
    .execute();
  return rows.map(({ state, notices }) => ({ state: state === 'dead' ? 'dead' : 'waiting', notices: Number(notices) }));
}

/** Removes what waits for a subscription. */
export async function deleteWaiting(tx: Tx, subscriptionId: string): Promise<void> {
  await tx
    .deleteFrom('mail_notice')
    .where('subscription_id', '=', subscriptionId)
    .where('state', '=', sql.lit('waiting'))
    .execute();
}

/** Removes notices that ended before a time. */
export async function pruneNotices(query: Query, before: number): Promise<void> {
  await query.deleteFrom('mail_notice').where('ended_at', '<', before).execute();
}
