/** Orders read by the account that made them. */
import type { Database } from '../../../storage/database.ts';
import { isId } from '../../../storage/ids.ts';
import { AcmeProblem } from '../problem.ts';
import type { AccountRequest } from '../requests/signed-request.ts';
import type { OrderWithProofs } from './order.ts';
import { findOrder, listOrderAuthorizations, listOrders, type OrderRow } from './store.ts';

const pageSize = 100;

/** An order of the request's account. Throws `malformed` with status 404 when there is none. */
export async function requireOrder(
  { database }: { readonly database: Database },
  { account }: AccountRequest,
  id: string,
): Promise<OrderWithProofs> {
  const order = isId(id) ? await findOrder(database.query, account.id, id) : undefined;
  if (!order) throw new AcmeProblem('malformed', 'this account has no such order', { status: 404 });
  return { order, authorizations: await listOrderAuthorizations(database.query, order.id) };
}

/** A page of the account's orders (RFC 8555, 7.1.2.1), oldest first; `next` is where the next one begins. */
export async function listOrderPage(
  { database }: { readonly database: Database },
  { account }: AccountRequest,
  after: string | undefined,
): Promise<{ readonly orders: readonly OrderRow[]; readonly next: string | undefined }> {
  if (after !== undefined && !isId(after)) throw new AcmeProblem('malformed', 'no such page', { status: 404 });
  const orders = await listOrders(database.query, account.id, { after, limit: pageSize });
  return { orders, next: orders.length === pageSize ? orders.at(-1)?.id : undefined };
}
