/** SQL of authorities, and of the certificates that certify them. */
import type { Selectable, Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { AuthorityTable, CertificateTable } from '../../storage/tables/pki.ts';

/** A stored authority. */
export type AuthorityRow = Selectable<AuthorityTable>;
/** A stored certificate. */
export type CertificateRow = Selectable<CertificateTable>;

/** The authority by id or by name, in its organisation. */
export async function findAuthority(
  query: Query,
  organisationId: string,
  which: { readonly id: string } | { readonly name: string },
): Promise<AuthorityRow | undefined> {
  const [column, value] = 'id' in which ? (['id', which.id] as const) : (['name', which.name] as const);
  return query
    .selectFrom('authority')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where(column, '=', value)
    .executeTakeFirst();
}

/** Adds an authority. Fails on a unique constraint for a name or key that the organisation has already. */
export async function insertAuthority(tx: Transaction<Schema>, row: AuthorityTable): Promise<void> {
  await tx.insertInto('authority').values(row).execute();
}

/** The certificates of all authorities of an organisation, newest first. */
export async function listAuthorityCertificates(query: Query, organisationId: string): Promise<CertificateRow[]> {
  return query
    .selectFrom('certificate')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('subject_authority_id', 'is not', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

/** Adds the certificate of an authority. */
export async function insertAuthorityCertificate(tx: Transaction<Schema>, row: CertificateTable): Promise<void> {
  await tx.insertInto('certificate').values(row).execute();
}

/** The slug of an organisation, which stands in its addresses. */
export async function readOrganisationSlug(query: Query, organisationId: string): Promise<string> {
  const row = await query
    .selectFrom('organisation')
    .select('slug')
    .where('id', '=', organisationId)
    .executeTakeFirstOrThrow();
  return row.slug;
}
