/** SQL of access by client certificate. */
import type { Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { ClientAccessTable } from '../../storage/tables/access.ts';
import type { CertificateRow } from '../records/certificate-row.ts';

/** A stored rule. */
export type ClientAccessRow = Selectable<ClientAccessTable>;

/** A rule with the name of its authority. */
export type NamedAccessRow = ClientAccessRow & { readonly authority: string };

/** A rule with what its maker is at present; `maker` is undefined for a rule that the server made. */
export type HeldAccessRow = ClientAccessRow & {
  readonly maker: { readonly role: 'admin' | 'manager' | 'viewer' | null; readonly disabled: boolean } | undefined;
};

/** Adds a rule. Throws a unique violation when one in force has the same match. */
export async function insertAccess(query: Query, row: ClientAccessRow): Promise<void> {
  await query.insertInto('client_access').values(row).execute();
}

/** The rules of an organisation that were not removed, oldest first. */
export async function listAccess(query: Query, organisationId: string): Promise<NamedAccessRow[]> {
  return query
    .selectFrom('client_access')
    .innerJoin('authority', 'authority.id', 'client_access.authority_id')
    .where('client_access.organisation_id', '=', organisationId)
    .where('client_access.revoked_at', 'is', null)
    .selectAll('client_access')
    .select('authority.name as authority')
    .orderBy('client_access.id')
    .execute();
}

/** The rules for certificates of an authority that are neither removed nor expired, oldest first; none once it is revoked. */
export async function listHeldAccess(
  query: Query,
  { organisationId, authorityId, now }: { organisationId: string; authorityId: string; now: number },
): Promise<HeldAccessRow[]> {
  const rows = await query
    .selectFrom('client_access')
    .innerJoin('authority', 'authority.id', 'client_access.authority_id')
    .leftJoin('person', 'person.id', 'client_access.created_by')
    .leftJoin('membership', (join) =>
      join
        .onRef('membership.person_id', '=', 'client_access.created_by')
        .onRef('membership.organisation_id', '=', 'client_access.organisation_id'),
    )
    .where('client_access.organisation_id', '=', organisationId)
    .where('client_access.authority_id', '=', authorityId)
    .where('authority.state', '!=', 'revoked')
    .where('client_access.revoked_at', 'is', null)
    .where(({ eb, or }) => or([eb('client_access.expires_at', 'is', null), eb('client_access.expires_at', '>', now)]))
    .selectAll('client_access')
    .select(['membership.role as maker_role', 'person.disabled_at as maker_disabled_at'])
    .orderBy('client_access.id')
    .execute();
  return rows.map(({ maker_role: role, maker_disabled_at: disabledAt, ...row }) => ({
    ...row,
    maker: row.created_by === null ? undefined : { role, disabled: disabledAt !== null },
  }));
}

/** Removes a rule of the organisation. Whether there was one. */
export async function removeAccess(
  query: Query,
  { id, organisationId, now }: { id: string; organisationId: string; now: number },
): Promise<boolean> {
  const result = await query
    .updateTable('client_access')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('organisation_id', '=', organisationId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Notes the use of a rule, unless a use after `staleBefore` is noted: many requests cost one write. */
export async function touchAccess(
  query: Query,
  { id, now, staleBefore }: { id: string; now: number; staleBefore: number },
): Promise<void> {
  await query
    .updateTable('client_access')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where(({ eb, or }) => or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', staleBefore)]))
    .execute();
}

/** Whether a certificate was issued by somebody who is an admin now, or by the server itself, which asked for proofs of the names. */
export async function isByAdmin(
  query: Query,
  { organisation_id: organisationId, created_by: createdBy }: Pick<CertificateRow, 'organisation_id' | 'created_by'>,
): Promise<boolean> {
  if (createdBy === 'system') return true;
  const [kind, id = ''] = createdBy.split(':');
  if (kind !== 'person') return false;
  const row = await query
    .selectFrom('membership')
    .innerJoin('person', 'person.id', 'membership.person_id')
    .where('membership.organisation_id', '=', organisationId)
    .where('membership.person_id', '=', id)
    .where('membership.role', '=', 'admin')
    .where('person.disabled_at', 'is', null)
    .select('person.id')
    .executeTakeFirst();
  return row !== undefined;
}

/** How many of these certificates are valid: neither revoked nor held. */
export async function countValid(query: Query, ids: readonly string[]): Promise<number> {
  const row = await query
    .selectFrom('certificate')
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('id', 'in', [...ids])
    .where('state', '=', 'valid')
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** The id of the organisation with this slug. Throws when there is none. */
export async function findOrganisationId(query: Query, slug: string): Promise<string> {
  const row = await query.selectFrom('organisation').select('id').where('slug', '=', slug).executeTakeFirstOrThrow();
  return row.id;
}
