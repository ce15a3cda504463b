/** SQL of the rules of issuing: an organisation's name policy, and its own profiles. */
import type { Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { CertificateProfileTable, NamePolicyTable } from '../../storage/tables/pki.ts';

/** The policy that the organisation decided on, or undefined. */
export async function findNamePolicy(query: Query, organisationId: string): Promise<NamePolicyTable | undefined> {
  return query.selectFrom('name_policy').selectAll().where('organisation_id', '=', organisationId).executeTakeFirst();
}

/** Puts a policy in the place of the one before. */
export async function writeNamePolicy(tx: Transaction<Schema>, row: NamePolicyTable): Promise<void> {
  const { document, changed_at } = row;
  await tx
    .insertInto('name_policy')
    .values(row)
    .onConflict((conflict) => conflict.column('organisation_id').doUpdateSet({ document, changed_at }))
    .execute();
}

/** The profiles of the organisation itself, by name. */
export async function listOwnProfiles(query: Query, organisationId: string): Promise<CertificateProfileTable[]> {
  return query
    .selectFrom('certificate_profile')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('name')
    .execute();
}

/** Adds a profile. Fails on a unique constraint when the name is taken. */
export async function insertProfile(tx: Transaction<Schema>, row: CertificateProfileTable): Promise<void> {
  await tx.insertInto('certificate_profile').values(row).execute();
}

/** Takes a profile away; false when there is none of that name. */
export async function removeProfile(tx: Transaction<Schema>, organisationId: string, name: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('certificate_profile')
    .where('organisation_id', '=', organisationId)
    .where('name', '=', name)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
