/** SQL of certificates: inserted many at once, found, moved from state to state. */
import type { Query } from '../../storage/database.ts';
import { insertRows } from '../../storage/row-inserts.ts';
import type { CertificateRow } from './certificate-row.ts';

/** Stores certificates in `transaction`. A serial number that the issuer has used violates a unique constraint. */
export async function insertCertificates(transaction: Query, rows: readonly CertificateRow[]): Promise<void> {
  await insertRows(transaction, 'certificate', rows);
}

/**
 * The certificate of exactly these bytes (hex SHA-256) that an authority of the organisation has issued, whatever its state, or
 * undefined. Its serial number leads to it: an index by fingerprint would cost each certificate as much as its row does.
 */
export async function findIssued(
  query: Query,
  organisationId: string,
  { serial, fingerprint }: Pick<CertificateRow, 'serial' | 'fingerprint'>,
): Promise<CertificateRow | undefined> {
  return query
    .selectFrom('authority')
    .innerJoin('certificate', 'certificate.issuer_id', 'authority.id')
    .selectAll('certificate')
    .where('authority.organisation_id', '=', organisationId)
    .where('certificate.serial', '=', serial)
    .where('certificate.fingerprint', '=', fingerprint)
    .executeTakeFirst();
}

/** The certificate of that organisation, or undefined. */
export async function findCertificate(
  query: Query,
  organisationId: string,
  id: string,
): Promise<CertificateRow | undefined> {
  return query
    .selectFrom('certificate')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** What is logged of a certificate; `issuer` is the id of the key that signed it. */
export type IssuedRow = Pick<CertificateRow, 'organisation_id' | 'serial' | 'fingerprint' | 'reason' | 'revoked_at'> & {
  readonly issuer: string;
};

/** Parameters of one statement. */
const idsAtOnce = 500;

/** Certificates that authorities of this server issued, by their own ids or those of the authorities that they certify, oldest first. */
export async function listIssued(
  query: Query,
  { ids, authorityIds }: { readonly ids: ReadonlySet<string>; readonly authorityIds: ReadonlySet<string> },
): Promise<IssuedRow[]> {
  const rows: IssuedRow[] = [];
  for (const [column, wanted] of [
    ['certificate.id', [...ids]],
    ['certificate.subject_authority_id', [...authorityIds]],
  ] as const) {
    for (let at = 0; at < wanted.length; at += idsAtOnce) {
      const part = await query
        .selectFrom('certificate')
        .innerJoin('authority', 'authority.id', 'certificate.issuer_id')
        .select(['certificate.organisation_id', 'certificate.serial', 'certificate.fingerprint', 'certificate.reason'])
        .select(['certificate.revoked_at', 'authority.key_id as issuer'])
        .where(column, 'in', wanted.slice(at, at + idsAtOnce))
        .orderBy('certificate.id')
        .execute();
      rows.push(...part);
    }
  }
  return rows;
}
