/** SQL of certificates as ACME looks for them: by what stands in them. */
import type { Query } from '../../../storage/database.ts';
import type { CertificateRow } from '../../records/certificate-row.ts';

/** The leaf certificates of an organisation with that serial number, of whatever issuer of ours. */
export async function listBySerial(query: Query, organisationId: string, serial: string): Promise<CertificateRow[]> {
  return query
    .selectFrom('certificate')
    .innerJoin('authority', 'authority.id', 'certificate.issuer_id')
    .selectAll('certificate')
    .where('authority.organisation_id', '=', organisationId)
    .where('certificate.serial', '=', serial)
    .where('certificate.subject_authority_id', 'is', null)
    .execute();
}

/** The state of the authority that issued a certificate. */
export async function findIssuerState(query: Query, { issuer_id }: CertificateRow): Promise<string | undefined> {
  const row = await query.selectFrom('authority').select('state').where('id', '=', issuer_id).executeTakeFirst();
  return row?.state;
}

/** Whether an order is to replace the certificate, or has: one that is valid, or open at `now` (RFC 9773, 5: any that is not invalid). */
export async function isClaimed(query: Query, certificateId: string, now: number): Promise<boolean> {
  const row = await query
    .selectFrom('acme_order')
    .select('id')
    .where('replaces_id', '=', certificateId)
    .where((order) =>
      order.or([
        order('state', '=', 'valid'),
        order.and([order('state', 'in', ['pending', 'ready']), order('expires_at', '>', now)]),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether a valid order has replaced the certificate already. */
export async function isReplaced(query: Query, certificateId: string): Promise<boolean> {
  const row = await query
    .selectFrom('acme_order')
    .select('id')
    .where('replaces_id', '=', certificateId)
    .where('state', '=', 'valid')
    .executeTakeFirst();
  return row !== undefined;
}
