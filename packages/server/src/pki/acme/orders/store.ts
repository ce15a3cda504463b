/** SQL of orders and authorisations. What must not race stands in the statements. */
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { AcmeAuthorizationTable, AcmeOrderTable } from '../../../storage/tables/acme.ts';

/** A stored order. */
export type OrderRow = Selectable<AcmeOrderTable>;
/** A stored authorisation. */
export type AuthorizationRow = Selectable<AcmeAuthorizationTable>;

/** Stores an order with the authorisations that it needs; those of `known` are there already. */
export async function insertOrder(
  tx: Transaction<Schema>,
  order: OrderRow,
  { known, added }: { known: readonly AuthorizationRow[]; added: readonly AuthorizationRow[] },
): Promise<void> {
  await tx.insertInto('acme_order').values(order).execute();
  if (added.length > 0) {
    await tx
      .insertInto('acme_authorization')
      .values([...added])
      .execute();
  }
  const links = [...known, ...added].map(({ id }) => ({ order_id: order.id, authorization_id: id }));
  await tx.insertInto('acme_order_authorization').values(links).execute();
}

/** An order of an account. */
export async function findOrder(query: Query, accountId: string, id: string): Promise<OrderRow | undefined> {
  return query
    .selectFrom('acme_order')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The newest order of an account for the same things that is still open at `now`. */
export async function findOpenOrder(
  query: Query,
  wanted: Pick<OrderRow, 'account_id' | 'identifiers' | 'profile' | 'not_after' | 'replaces_id'>,
  now: number,
): Promise<OrderRow | undefined> {
  const orders = await query
    .selectFrom('acme_order')
    .selectAll()
    .where('account_id', '=', wanted.account_id)
    .where('state', 'in', ['pending', 'ready'])
    .where('expires_at', '>', now)
    .where('identifiers', '=', wanted.identifiers)
    .where('profile', '=', wanted.profile)
    .orderBy('id', 'desc')
    .execute();
  const { not_after, replaces_id } = wanted;
  return orders.find((order) => order.not_after === not_after && order.replaces_id === replaces_id);
}

/** A page of an account's orders, oldest first. */
export async function listOrders(
  query: Query,
  accountId: string,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<OrderRow[]> {
  let rows = query.selectFrom('acme_order').selectAll().where('account_id', '=', accountId);
  if (after !== undefined) rows = rows.where('id', '>', after);
  return rows.orderBy('id').limit(limit).execute();
}

/** A page of a directory's orders, newest first. */
export async function listDirectoryOrders(
  query: Query,
  directoryId: string,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<OrderRow[]> {
  let rows = query
    .selectFrom('acme_order')
    .innerJoin('acme_account', 'acme_account.id', 'acme_order.account_id')
    .selectAll('acme_order')
    .where('acme_account.directory_id', '=', directoryId);
  if (before !== undefined) rows = rows.where('acme_order.id', '<', before);
  return rows.orderBy('acme_order.id', 'desc').limit(limit).execute();
}

/** The authorisations of an order. */
export async function listOrderAuthorizations(query: Query, orderId: string): Promise<AuthorizationRow[]> {
  return query
    .selectFrom('acme_order_authorization as link')
    .innerJoin('acme_authorization', 'acme_authorization.id', 'link.authorization_id')
    .selectAll('acme_authorization')
    .where('link.order_id', '=', orderId)
    .orderBy('acme_authorization.id')
    .execute();
}

/** Gives an order its certificate; false when it is not ready any more, so that of two callers one wins. */
export async function completeOrder(
  tx: Transaction<Schema>,
  { id, certificateId, now }: { id: string; certificateId: string; now: number },
): Promise<boolean> {
  const result = await tx
    .updateTable('acme_order')
    .set({ state: 'valid', certificate_id: certificateId })
    .where('id', '=', id)
    .where('state', '=', 'ready')
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** An authorisation of an account. */
export async function findAuthorization(
  query: Query,
  accountId: string,
  id: string,
): Promise<AuthorizationRow | undefined> {
  return query
    .selectFrom('acme_authorization')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** An authorisation whoever has it. */
export async function findAuthorizationById(query: Query, id: string): Promise<AuthorizationRow | undefined> {
  return query.selectFrom('acme_authorization').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Valid and pending authorisations of an account for one of `values`, unexpired at `now`, oldest first. */
export async function listUsableAuthorizations(
  query: Query,
  accountId: string,
  { values, now }: { values: readonly string[]; now: number },
): Promise<AuthorizationRow[]> {
  return query
    .selectFrom('acme_authorization')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('value', 'in', [...values])
    .where('state', 'in', ['valid', 'pending'])
    .where('expires_at', '>', now)
    .orderBy('id')
    .execute();
}

/** Notes which challenge the client chose; false when it chose before, or the authorisation is not pending any more. */
export async function attemptAuthorization(
  tx: Transaction<Schema>,
  { id, type, now }: { id: string; type: string; now: number },
): Promise<boolean> {
  const result = await tx
    .updateTable('acme_authorization')
    .set({ attempted: type })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('attempted', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Ends an authorisation that is pending, or valid when it is deactivated; false when it was ended before. */
export async function moveAuthorization(
  tx: Transaction<Schema>,
  id: string,
  { from, change }: { from: readonly AuthorizationRow['state'][]; change: Partial<AuthorizationRow> },
): Promise<boolean> {
  const result = await tx
    .updateTable('acme_authorization')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Makes the pending orders ready that this authorisation was the last for. */
export async function readyOrders(tx: Transaction<Schema>, authorizationId: string): Promise<void> {
  await tx
    .updateTable('acme_order')
    .set({ state: 'ready' })
    .where('state', '=', 'pending')
    .where('id', 'in', selectOrderIds(tx, authorizationId))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('acme_order_authorization as link')
            .innerJoin('acme_authorization as needed', 'needed.id', 'link.authorization_id')
            .select(sql`1`.as('one'))
            .whereRef('link.order_id', '=', 'acme_order.id')
            .where('needed.state', '<>', 'valid'),
        ),
      ),
    )
    .execute();
}

/** Ends the open orders that need this authorisation. */
export async function failOrders(tx: Transaction<Schema>, authorizationId: string, error: string): Promise<void> {
  await tx
    .updateTable('acme_order')
    .set({ state: 'invalid', error })
    .where('state', 'in', ['pending', 'ready'])
    .where('id', 'in', selectOrderIds(tx, authorizationId))
    .execute();
}

/** What the untried authorisations of a directory's accounts offer: each list of challenges once, as stored. */
export async function listOffers(tx: Transaction<Schema>, directoryId: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('acme_authorization')
    .select('challenges')
    .distinct()
    .where('account_id', 'in', selectAccountIds(tx, directoryId))
    .where('state', '=', 'pending')
    .where('attempted', 'is', null)
    .execute();
  return rows.map(({ challenges }) => challenges);
}

/** Has untried authorisations of a directory's accounts offer `to` instead of `from`. */
export async function replaceOffer(
  tx: Transaction<Schema>,
  directoryId: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  if (from === to) return;
  await tx
    .updateTable('acme_authorization')
    .set({ challenges: to })
    .where('account_id', 'in', selectAccountIds(tx, directoryId))
    .where('state', '=', 'pending')
    .where('attempted', 'is', null)
    .where('challenges', '=', from)
    .execute();
}

/** What is to end of a directory's authorisations: proofs and attempts by `attempted`, and untried ones that offer only `offers`. */
export interface EndingProofs {
  readonly attempted: readonly string[];
  readonly offers: readonly string[];
  readonly error: string;
}

/** Ends pending and valid authorisations of a directory's accounts, and first the open orders that need them. */
export async function endProofs(tx: Transaction<Schema>, directoryId: string, ending: EndingProofs): Promise<void> {
  const ids = tx
    .selectFrom('acme_authorization')
    .select('id')
    .where('account_id', 'in', selectAccountIds(tx, directoryId))
    .where('state', 'in', ['pending', 'valid'])
    .where((row) =>
      row.or([
        row('attempted', 'in', [...ending.attempted]),
        ...(ending.offers.length === 0
          ? []
          : [row.and([row('attempted', 'is', null), row('challenges', 'in', [...ending.offers])])]),
      ]),
    );
  await tx
    .updateTable('acme_order')
    .set({ state: 'invalid', error: ending.error })
    .where('state', 'in', ['pending', 'ready'])
    .where(
      'id',
      'in',
      tx.selectFrom('acme_order_authorization').select('order_id').where('authorization_id', 'in', ids),
    )
    .execute();
  await tx
    .updateTable('acme_authorization')
    .set({
      state: sql`case when state = 'valid' then 'deactivated' else 'invalid' end`,
      error: sql`case when state = 'valid' then null else ${ending.error} end`,
    })
    .where('id', 'in', ids)
    .execute();
}

function selectAccountIds(query: Query, directoryId: string) {
  return query.selectFrom('acme_account').select('id').where('directory_id', '=', directoryId);
}

function selectOrderIds(query: Query, authorizationId: string) {
  return query
    .selectFrom('acme_order_authorization')
    .select('order_id')
    .where('authorization_id', '=', authorizationId);
}

/** Removes open and failed orders, and authorisations, that expired before `before`. */
export async function pruneOrders(tx: Transaction<Schema>, before: number): Promise<void> {
  await tx.deleteFrom('acme_order').where('expires_at', '<', before).where('state', '<>', 'valid').execute();
  await tx.deleteFrom('acme_authorization').where('expires_at', '<', before).execute();
}
