/** SQL of the life cycle of certificates. */
import { sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { CertificateRow, DerivedColumns } from '../records/certificate-row.ts';

/** Those of the keys (hex SHA-256 of the SPKI) for which some certificate was revoked as compromised, in any organisation. */
export async function listCompromisedKeys(query: Query, keyIds: readonly string[]): Promise<string[]> {
  const rows = await query
    .selectFrom('certificate')
    .select('key_id')
    .distinct()
    .where('key_id', 'in', [...new Set(keyIds)])
    // A literal, so that the partial index is used.
    .where('reason', '=', sql.lit('keyCompromise'))
    .execute();
  return rows.map(({ key_id }) => key_id);
}

/** A move from one state to another. */
export interface StateChange {
  readonly from: readonly CertificateRow['state'][];
  readonly to: Pick<CertificateRow, 'state' | 'reason' | 'revoked_at' | 'invalid_from'>;
}

/** Moves a certificate if it still stands in one of the states `from`; false when another was faster. */
export async function moveCertificate(
  query: Query,
  where: { readonly organisationId: string; readonly id: string },
  change: StateChange,
): Promise<boolean> {
  const { numUpdatedRows } = await query
    .updateTable('certificate')
    .set(change.to)
    .where('organisation_id', '=', where.organisationId)
    .where('id', '=', where.id)
    // What is revoked stays revoked, and as it was: decided here, not by the caller.
    .where('state', 'in', change.from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Which certificates to list. */
export interface CertificateFilter {
  readonly organisationId: string;
  /** Text that subject, names, serial number or fingerprint hold; case does not matter. */
  readonly search?: string | undefined;
  /** `expired` are the valid and held ones whose time is over. */
  readonly state?: 'valid' | 'held' | 'revoked' | 'expired' | undefined;
  readonly profile?: string | undefined;
  /** The name of the issuer. */
  readonly authority?: string | undefined;
  /** Unix ms, inclusive. */
  readonly expiresFrom?: number | undefined;
  readonly expiresUntil?: number | undefined;
  /** The newest first, or the one that ends first. */
  readonly order: 'newest' | 'expiry';
  /** The id of the last one seen in that order. */
  readonly after?: string | undefined;
  readonly now: number;
  readonly limit: number;
}

/** A certificate with the name of its issuer, null when nobody here issued it. */
export type ListedCertificate = Omit<CertificateRow, 'search'> & { readonly authority: string | null };

/** Certificates that match, in the order that is asked for; those of one end in the order of their ids. */
export async function listCertificates(query: Query, filter: CertificateFilter): Promise<ListedCertificate[]> {
  const { organisationId, state, profile, authority, expiresFrom, expiresUntil, order, after, now, limit } = filter;
  const pattern = filter.search === undefined ? undefined : toPattern(filter.search);
  return selectListed(query)
    .where('certificate.organisation_id', '=', organisationId)
    .$if(pattern !== undefined, (q) => q.where(sql<boolean>`certificate.search like ${pattern} escape '\\'`))
    .$if(state === 'expired', (q) =>
      q.where('certificate.state', '<>', 'revoked').where('certificate.not_after', '<', now),
    )
    .$if(state === 'valid' || state === 'held', (q) => q.where('certificate.not_after', '>=', now))
    .$if(state !== undefined && state !== 'expired', (q) => q.where('certificate.state', '=', state as 'valid'))
    .$if(profile !== undefined, (q) => q.where('certificate.profile', '=', profile ?? ''))
    .$if(authority !== undefined, (q) => q.where('authority.name', '=', authority ?? ''))
    .$if(expiresFrom !== undefined, (q) => q.where('certificate.not_after', '>=', expiresFrom ?? 0))
    .$if(expiresUntil !== undefined, (q) => q.where('certificate.not_after', '<=', expiresUntil ?? 0))
    .$if(after !== undefined && order === 'newest', (q) => q.where('certificate.id', '<', after ?? ''))
    .$if(after !== undefined && order === 'expiry', (q) => q.where(endsAfter(organisationId, after ?? '')))
    .$if(order === 'newest', (q) => q.orderBy('certificate.id', 'desc'))
    .$if(order === 'expiry', (q) => q.orderBy('certificate.not_after').orderBy('certificate.id'))
    .limit(limit)
    .execute();
}

/** No certificate is ever deleted and its end never changes, so the last one seen says where to go on. */
function endsAfter(organisationId: string, id: string) {
  return sql<boolean>`(certificate.not_after, certificate.id) > (
    select last.not_after, last.id from certificate as last
    where last.organisation_id = ${organisationId} and last.id = ${id})`;
}

/** The certificate with the name of its issuer. */
export async function findListed(
  query: Query,
  organisationId: string,
  id: string,
): Promise<ListedCertificate | undefined> {
  return selectListed(query)
    .where('certificate.organisation_id', '=', organisationId)
    .where('certificate.id', '=', id)
    .executeTakeFirst();
}

/** The ids of the certificates that renew this one, oldest first. */
export async function listReplacements(query: Query, id: string): Promise<string[]> {
  const rows = await query.selectFrom('certificate').select('id').where('replaces_id', '=', id).orderBy('id').execute();
  return rows.map((row) => row.id);
}

function selectListed(query: Query) {
  return query
    .selectFrom('certificate')
    .leftJoin('authority', 'authority.id', 'certificate.issuer_id')
    .selectAll('certificate')
    .select('authority.name as authority');
}

/** What stands for itself in a pattern is found as it is. */
function toPattern(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
}

/** That the certificate `one` has no valid successor: no renewal, and of what the server made for itself not the next one of its kind. */
export const isFollowedByNone = sql<boolean>`not exists (
    select next.id from certificate as next where next.replaces_id = one.id and next.state = 'valid'
  ) and not exists (
    select next.id from certificate as next
    where one.source = 'system' and one.subject_authority_id is null and next.issuer_id = one.issuer_id
      and next.profile = one.profile and next.subject = one.subject and next.not_after > one.not_after
      and next.source = 'system' and next.state = 'valid'
  )`;

/** What a notice says about a certificate. */
export type ExpiringCertificate = Pick<
  CertificateRow,
  'id' | 'organisation_id' | 'serial' | 'fingerprint' | 'not_after'
>;

/**
 * Valid certificates that end until `until`, live at least `minLifetime` ms, were not told so, and have no valid successor. What the server made for
 * itself is followed by the next one of its kind.
 */
export async function listExpiring(
  query: Query,
  asked: {
    readonly days: number;
    readonly until: number;
    readonly now: number;
    readonly minLifetime: number;
    readonly limit: number;
  },
): Promise<ExpiringCertificate[]> {
  return query
    .selectFrom('certificate as one')
    .select(['one.id', 'one.organisation_id', 'one.serial', 'one.fingerprint', 'one.not_after'])
    .where('one.state', '=', 'valid')
    .where('one.not_after', '>=', asked.now)
    .where('one.not_after', '<=', asked.until)
    .where(({ eb }) => eb(eb('one.not_after', '-', eb.ref('one.not_before')), '>=', asked.minLifetime))
    .where(({ or, eb }) => or([eb('one.notice_days', 'is', null), eb('one.notice_days', '>', asked.days)]))
    .where(isFollowedByNone)
    .orderBy('one.not_after')
    .limit(asked.limit)
    .execute();
}

/** Notes the last notice given. */
export async function markNotice(query: Query, { ids, days }: { ids: readonly string[]; days: number }): Promise<void> {
  await query.updateTable('certificate').set({ notice_days: days }).where('id', 'in', ids).execute();
}

/** Certificates of an organisation in the order of their ids, from `after` on. */
export async function readCertificatePage(
  query: Query,
  { organisationId, after, limit }: { readonly organisationId: string; readonly after: string; readonly limit: number },
): Promise<CertificateRow[]> {
  return query
    .selectFrom('certificate')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Writes columns again that follow from the DER, unless the DER has changed since. */
export async function rewriteDerived(
  query: Query,
  { id, der, ...columns }: Pick<CertificateRow, 'id'> & DerivedColumns,
): Promise<boolean> {
  const { numUpdatedRows } = await query
    .updateTable('certificate')
    .set(columns)
    .where('id', '=', id)
    .where('der', '=', der)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
