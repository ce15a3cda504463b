/** SQL of authorities, and of the certificates that certify them. */
import type { Selectable, Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { AuthorityTable } from '../../storage/tables/pki.ts';
import type { CertificateRow } from '../records/certificate-row.ts';

/** A stored authority. */
export type AuthorityRow = Selectable<AuthorityTable>;

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

/** All authorities of an organisation by name. */
export async function listAuthorities(query: Query, organisationId: string): Promise<AuthorityRow[]> {
  return query
    .selectFrom('authority')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('name')
    .execute();
}

/**
 * Notes that an authority has a further certificate: one that waited becomes active below `issuerId`, and the request is
 * answered. Returns the row as it is then; undefined when the authority has ended.
 */
export async function certifyAuthority(
  tx: Transaction<Schema>,
  row: AuthorityRow,
  issuerId: string,
): Promise<AuthorityRow | undefined> {
  return (
    tx
      .updateTable('authority')
      .set((eb) => ({
        parent_id: eb.case().when('state', '=', 'pending').then(issuerId).else(eb.ref('parent_id')).end(),
        state: 'active',
        request: null,
      }))
      .where('id', '=', row.id)
      .where('organisation_id', '=', row.organisation_id)
      // What has ended stays ended, whatever is brought to it.
      .where('state', 'in', ['pending', 'active'])
      .returningAll()
      .executeTakeFirst()
  );
}

/** Notes what an authority asks of whoever signs it; undefined when the authority has ended. */
export async function updateRequest(
  tx: Transaction<Schema>,
  row: AuthorityRow,
  request: string,
): Promise<AuthorityRow | undefined> {
  return tx
    .updateTable('authority')
    .set({ request })
    .where('id', '=', row.id)
    .where('organisation_id', '=', row.organisation_id)
    .where('state', 'in', ['pending', 'active'])
    .returningAll()
    .executeTakeFirst();
}

/** The authorities of all organisations whose keys the vault opens. */
export async function listSealedAuthorities(query: Query): Promise<Pick<AuthorityRow, 'name' | 'key_id'>[]> {
  return query
    .selectFrom('authority')
    .select(['name', 'key_id'])
    .where('sealed_key', 'is not', null)
    .where('state', '<>', 'revoked')
    .orderBy('id')
    .execute();
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

/** In how many parts an authority publishes its revocation list; 1 when there is but the one. */
export async function readListParts(query: Query, authorityId: string): Promise<number> {
  const row = await query
    .selectFrom('revocation_state')
    .select('shards')
    .where('authority_id', '=', authorityId)
    .executeTakeFirst();
  return row?.shards ?? 1;
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

/** Lets `successorId` issue for an authority; null: nobody else. */
export async function updateSuccessor(
  tx: Transaction<Schema>,
  { id, organisation_id }: AuthorityRow,
  successorId: string | null,
): Promise<void> {
  await tx
    .updateTable('authority')
    .set({ successor_id: successorId })
    .where('id', '=', id)
    .where('organisation_id', '=', organisation_id)
    .execute();
}

/** Several authorities of one organisation, at one moment. */
export interface AuthoritySet {
  readonly organisationId: string;
  readonly ids: readonly string[];
  /** Unix ms. */
  readonly at: number;
}

/** How many certificates that `ids` issued are neither revoked nor expired, leaving out those of roots for themselves. */
export async function countValidBelow(query: Query, { organisationId, ids, at }: AuthoritySet): Promise<number> {
  const { count } = await query
    .selectFrom('certificate')
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('organisation_id', '=', organisationId)
    .where('issuer_id', 'in', ids)
    .where(({ eb }) =>
      eb.or([eb('subject_authority_id', 'is', null), eb('subject_authority_id', '<>', eb.ref('issuer_id'))]),
    )
    .where('state', '<>', 'revoked')
    .where('not_after', '>=', at)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Whether an authority has a certificate left that is neither revoked nor over at `at`. */
export async function hasCertificateInForce(
  query: Query,
  { organisationId, authorityId }: { readonly organisationId: string; readonly authorityId: string },
  at: number,
): Promise<boolean> {
  const row = await query
    .selectFrom('certificate')
    .select('id')
    .where('organisation_id', '=', organisationId)
    .where('subject_authority_id', '=', authorityId)
    .where('state', '=', 'valid')
    .where('not_after', '>=', at)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends those that are not ended yet, retired ones too when they are revoked; returns them as they are then. */
export async function endAuthorities(
  tx: Transaction<Schema>,
  { organisationId, ids, at }: AuthoritySet,
  state: 'retired' | 'revoked',
): Promise<AuthorityRow[]> {
  const before = state === 'retired' ? (['pending', 'active'] as const) : (['pending', 'active', 'retired'] as const);
  return tx
    .updateTable('authority')
    .set({ state, ended_at: at, request: null })
    .where('organisation_id', '=', organisationId)
    .where('id', 'in', ids)
    .where('state', 'in', before)
    .returningAll()
    .execute();
}

/** A revocation of many certificates. */
export interface SetRevocation extends AuthoritySet {
  readonly reason: string;
  readonly invalidFrom: number | null;
}

/** Revokes what `ids` issued and is not revoked, holds among them; returns how many. */
export async function revokeIssued(tx: Transaction<Schema>, revocation: SetRevocation): Promise<number> {
  return revokeWhere(tx, revocation, 'issuer_id');
}

/** Revokes the certificates of `ids` themselves. */
export async function revokeAuthorityCertificates(tx: Transaction<Schema>, revocation: SetRevocation): Promise<number> {
  return revokeWhere(tx, revocation, 'subject_authority_id');
}

async function revokeWhere(
  tx: Transaction<Schema>,
  { organisationId, ids, at, reason, invalidFrom }: SetRevocation,
  column: 'issuer_id' | 'subject_authority_id',
): Promise<number> {
  const changed = await tx
    .updateTable('certificate')
    .set({ state: 'revoked', reason, revoked_at: at, invalid_from: invalidFrom })
    .where('organisation_id', '=', organisationId)
    .where(column, 'in', ids)
    .where('state', '<>', 'revoked')
    .executeTakeFirst();
  return Number(changed.numUpdatedRows);
}
