/** Orders read by the account that made them. */
import type { Database } from '../../../storage/database.ts';
import { isId } from '../../../storage/ids.ts';
import { AcmeProblem } from '../problem.ts';
import { findName } from '../renewal/certificate-id.ts';
import type { AccountRequest } from '../requests/signed-request.ts';
import { type AuthorizationRow, findOrder, listOrderAuthorizations, listOrders, type OrderRow } from './store.ts';

/** An order with the authorisations that it needs. */
export interface OrderWithProofs {
  readonly order: OrderRow;
  readonly authorizations: readonly AuthorizationRow[];
  /** The name of the certificate that it replaces (RFC 9773, 5). */
  readonly replaces: string | undefined;
}

const pageSize = 100;

/** An order of the request's account. Throws `malformed` with status 404 when there is none. */
export async function requireOrder(
  dependencies: { readonly database: Database },
  request: AccountRequest,
  id: string,
): Promise<OrderWithProofs> {
  const order = isId(id) ? await findOrder(dependencies.database.query, request.account.id, id) : undefined;
  if (!order) throw new AcmeProblem('malformed', 'this account has no such order', { status: 404 });
  return readProofs(dependencies, request, order);
}

/** What belongs to an order of the request's account. */
export async function readProofs(
  { database: { query } }: { readonly database: Database },
  { directory }: Pick<AccountRequest, 'directory'>,
  order: OrderRow,
): Promise<OrderWithProofs> {
  const { id, replaces_id: replacesId } = order;
  const replaces = replacesId === null ? undefined : await findName(query, directory.organisationId, replacesId);
  return { order, authorizations: await listOrderAuthorizations(query, id), replaces };
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
