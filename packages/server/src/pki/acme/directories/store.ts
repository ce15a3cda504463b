/** SQL of ACME directories and of the keys that bind accounts to them. */
import type { Selectable, Transaction, Updateable } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import { KeptRows } from '../../../storage/kept-rows.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { AcmeBindingTable, AcmeDirectoryTable } from '../../../storage/tables/acme.ts';

/** A stored directory, with the name of its authority. */
export type DirectoryRow = Selectable<AcmeDirectoryTable> & { readonly authority_name: string };
const keptDirectories = new KeptRows<DirectoryRow>();

/** A stored binding key. */
export type BindingRow = Selectable<AcmeBindingTable>;

function selectDirectories(query: Query) {
  return query
    .selectFrom('acme_directory')
    .innerJoin('authority', 'authority.id', 'acme_directory.authority_id')
    .selectAll('acme_directory')
    .select('authority.name as authority_name');
}

/** The directory with that name, open or closed. */
export async function findDirectoryRow(
  query: Query,
  organisationId: string,
  name: string,
): Promise<DirectoryRow | undefined> {
  return selectDirectories(query)
    .where('acme_directory.organisation_id', '=', organisationId)
    .where('acme_directory.name', '=', name)
    .executeTakeFirst();
}

/** The same, kept until a directory changes. Not for transactions. */
export async function recallDirectoryRow(
  query: Query,
  organisationId: string,
  name: string,
): Promise<DirectoryRow | undefined> {
  const read = () => findDirectoryRow(query, organisationId, name);
  return keptDirectories.find(query, `${organisationId} ${name}`, read);
}

/** The directory with that id, kept until a directory changes. Not for transactions. */
export async function recallDirectoryRowById(query: Query, id: string): Promise<DirectoryRow | undefined> {
  const read = () => selectDirectories(query).where('acme_directory.id', '=', id).executeTakeFirst();
  return keptDirectories.find(query, id, read);
}

/** All directories of an organisation, by name. */
export async function listDirectoryRows(query: Query, organisationId: string): Promise<DirectoryRow[]> {
  return selectDirectories(query)
    .where('acme_directory.organisation_id', '=', organisationId)
    .orderBy('acme_directory.name')
    .execute();
}

/** The id of an authority of the organisation that is there to issue, or undefined. */
export async function findAuthorityId(query: Query, organisationId: string, name: string): Promise<string | undefined> {
  const row = await query
    .selectFrom('authority')
    .select('id')
    .where('organisation_id', '=', organisationId)
    .where('name', '=', name)
    .where('state', '=', 'active')
    .executeTakeFirst();
  return row?.id;
}

/** Stores a new directory. */
export async function insertDirectory(tx: Transaction<Schema>, row: AcmeDirectoryTable): Promise<void> {
  keptDirectories.forgetAll(tx);
  await tx.insertInto('acme_directory').values(row).execute();
}

/** Changes a directory. */
export async function updateDirectory(
  tx: Transaction<Schema>,
  id: string,
  change: Omit<Updateable<AcmeDirectoryTable>, 'id' | 'organisation_id' | 'name'>,
): Promise<void> {
  keptDirectories.forgetAll(tx);
  await tx.updateTable('acme_directory').set(change).where('id', '=', id).execute();
}

/** Stores a new binding key. */
export async function insertBinding(tx: Transaction<Schema>, row: AcmeBindingTable): Promise<void> {
  await tx.insertInto('acme_binding').values(row).execute();
}

/** The binding key of a directory, revoked or not. */
export async function findBinding(query: Query, directoryId: string, id: string): Promise<BindingRow | undefined> {
  return query
    .selectFrom('acme_binding')
    .selectAll()
    .where('directory_id', '=', directoryId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The binding keys of a directory, oldest first. */
export async function listBindings(query: Query, directoryId: string): Promise<BindingRow[]> {
  return query.selectFrom('acme_binding').selectAll().where('directory_id', '=', directoryId).orderBy('id').execute();
}

/** Gives a key to its first account; false when it has one, or is revoked. */
export async function bindAccount(tx: Transaction<Schema>, id: string, accountId: string): Promise<boolean> {
  const result = await tx
    .updateTable('acme_binding')
    .set({ account_id: accountId })
    .where('id', '=', id)
    // Of two accounts that come with one key, the statement lets one through.
    .where('account_id', 'is', null)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Revokes a key; false when there is none in force. */
export async function revokeBindingRow(
  tx: Transaction<Schema>,
  { directoryId, id, now }: { directoryId: string; id: string; now: number },
): Promise<boolean> {
  const result = await tx
    .updateTable('acme_binding')
    .set({ revoked_at: now })
    .where('directory_id', '=', directoryId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
