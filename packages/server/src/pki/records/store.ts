/** SQL of certificates: inserted many at once, found, moved from state to state. */
import type { Query } from '../../storage/database.ts';
import type { CertificateRow } from './certificate-row.ts';

// 27 columns; SQLite takes 32,766 parameters, PostgreSQL 65,535.
const rowsPerStatement = 500;

/** Stores certificates in `transaction`. A serial number that the issuer has used violates a unique constraint. */
export async function insertCertificates(transaction: Query, rows: readonly CertificateRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += rowsPerStatement) {
    await transaction
      .insertInto('certificate')
      .values(rows.slice(at, at + rowsPerStatement))
      .execute();
  }
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
