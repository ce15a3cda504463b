/** SQL of the life cycle of certificates. */
import { sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { CertificateRow } from '../records/certificate-row.ts';

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
