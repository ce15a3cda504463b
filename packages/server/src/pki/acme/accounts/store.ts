/** SQL of ACME accounts. */
import type { Selectable, Transaction } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import { KeptRows } from '../../../storage/kept-rows.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { AcmeAccountTable } from '../../../storage/tables/acme.ts';

const kept = new KeptRows<AccountRow>();

/** A stored account. */
export type AccountRow = Selectable<AcmeAccountTable>;

/** The account of a directory with that id, whatever its state. */
export async function findAccount(query: Query, directoryId: string, id: string): Promise<AccountRow | undefined> {
  return query
    .selectFrom('acme_account')
    .selectAll()
    .where('directory_id', '=', directoryId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The account with that id, kept until it changes. Not for transactions. */
export async function recallAccount(query: Query, id: string): Promise<AccountRow | undefined> {
  return kept.find(query, id, () =>
    query.selectFrom('acme_account').selectAll().where('id', '=', id).executeTakeFirst(),
  );
}

/** The account of a directory with that key, whatever its state. */
export async function findAccountByKey(
  query: Query,
  directoryId: string,
  thumbprint: string,
): Promise<AccountRow | undefined> {
  return query
    .selectFrom('acme_account')
    .selectAll()
    .where('directory_id', '=', directoryId)
    .where('thumbprint', '=', thumbprint)
    .executeTakeFirst();
}

/** A page of a directory's accounts, newest first. */
export async function listAccounts(
  query: Query,
  directoryId: string,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<AccountRow[]> {
  let rows = query.selectFrom('acme_account').selectAll().where('directory_id', '=', directoryId);
  if (before !== undefined) rows = rows.where('id', '<', before);
  return rows.orderBy('id', 'desc').limit(limit).execute();
}

/** Stores a new account. */
export async function insertAccount(tx: Transaction<Schema>, row: AccountRow): Promise<void> {
  await tx.insertInto('acme_account').values(row).execute();
}

/** Changes an account that is valid and still has the key that it was read with; false when it is not, or has another. */
export async function updateAccount(
  tx: Transaction<Schema>,
  { id, thumbprint }: Pick<AccountRow, 'id' | 'thumbprint'>,
  change: Partial<Pick<AcmeAccountTable, 'contacts' | 'state' | 'thumbprint' | 'jwk'>>,
): Promise<boolean> {
  kept.forget(tx, id);
  const result = await tx
    .updateTable('acme_account')
    .set(change)
    .where('id', '=', id)
    .where('state', '=', 'valid')
    // A key that was given up in the meantime has no more say, also over who comes after it.
    .where('thumbprint', '=', thumbprint)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
