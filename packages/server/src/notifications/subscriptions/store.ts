/** SQL of subscriptions. */
import type { Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { MailSubscriptionTable } from '../../storage/tables/notifications.ts';
import type { Tx } from '../parts.ts';

/** A stored subscription. */
export type SubscriptionRow = Selectable<MailSubscriptionTable>;

/** Those of an organisation that are not removed, the oldest first. */
export async function listSubscriptions(query: Query, organisationId: string): Promise<SubscriptionRow[]> {
  return query
    .selectFrom('mail_subscription')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('removed_at', 'is', null)
    .orderBy('id')
    .execute();
}

/** One that is not removed; of that organisation alone where one is named. */
export async function findSubscription(
  query: Query,
  { id, organisationId }: { readonly id: string; readonly organisationId?: string },
): Promise<SubscriptionRow | undefined> {
  return query
    .selectFrom('mail_subscription')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .$if(organisationId !== undefined, (select) => select.where('organisation_id', '=', organisationId ?? ''))
    .executeTakeFirst();
}

/** Adds one. The unique address refuses a second one. */
export async function insertSubscription(tx: Tx, row: SubscriptionRow): Promise<void> {
  await tx.insertInto('mail_subscription').values(row).execute();
}

/** Changes one that is not removed; false when there is none. */
export async function updateSubscription(tx: Tx, id: string, change: Partial<SubscriptionRow>): Promise<boolean> {
  const changed = await tx
    .updateTable('mail_subscription')
    .set(change)
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

/** Takes a code: whoever comes second, or late, gets undefined. */
export async function takeCode(
  tx: Tx,
  { codeHash, now }: { readonly codeHash: string; readonly now: number },
): Promise<SubscriptionRow | undefined> {
  return tx
    .updateTable('mail_subscription')
    .set({ confirmed_at: now, code_hash: null, code_ends_at: null })
    .where('code_hash', '=', codeHash)
    .where('code_ends_at', '>', now)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** How many subscriptions were made since a time, removed ones too: of an organisation, or for an address wherever. */
export async function countMade(
  query: Query,
  where: { readonly since: number } & ({ readonly organisationId: string } | { readonly address: string }),
): Promise<number> {
  const row = await query
    .selectFrom('mail_subscription')
    .select(({ fn }) => fn.countAll<number | string>().as('made'))
    .where('created_at', '>', where.since)
    .$if('organisationId' in where, (select) =>
      select.where('organisation_id', '=', 'organisationId' in where ? where.organisationId : ''),
    )
    .$if('address' in where, (select) => select.where('address', '=', 'address' in where ? where.address : ''))
    .executeTakeFirstOrThrow();
  return Number(row.made);
}

/** The subscriptions of an organisation that were confirmed by `at`, which is when something happened. */
export async function listConfirmed(
  query: Query,
  {
    organisationId,
    kind,
    at,
  }: Pick<SubscriptionRow, 'kind'> & { readonly organisationId: string; readonly at: number },
): Promise<SubscriptionRow[]> {
  return query
    .selectFrom('mail_subscription')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('kind', '=', kind)
    .where('removed_at', 'is', null)
    .where('confirmed_at', '<=', at)
    .orderBy('id')
    .execute();
}

/** The slug of an organisation. */
export async function readOrganisationSlug(query: Query, id: string): Promise<string> {
  const row = await query.selectFrom('organisation').select('slug').where('id', '=', id).executeTakeFirstOrThrow();
  return row.slug;
}

/** Forgets what was removed before a time and has no notice left. */
export async function pruneSubscriptions(query: Query, before: number): Promise<void> {
  await query
    .deleteFrom('mail_subscription')
    .where('removed_at', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('mail_notice')
            .select('mail_notice.id')
            .whereRef('mail_notice.subscription_id', '=', 'mail_subscription.id'),
        ),
      ),
    )
    .execute();
}
