/** SQL of the certificates of ACME accounts. */
import type { Query } from '../../../storage/database.ts';
import type { CertificateRow } from '../../records/certificate-row.ts';

/** A certificate that was issued to the account, or undefined. */
export async function findOwnCertificate(
  query: Query,
  accountId: string,
  id: string,
): Promise<CertificateRow | undefined> {
  return query
    .selectFrom('certificate')
    .selectAll()
    .where('acme_account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Whether the account holds a valid proof for a name, unexpired at `now`. */
export async function hasProof(
  query: Query,
  {
    accountId,
    kind,
    value,
    wildcard,
    now,
  }: {
    accountId: string;
    kind: 'dns' | 'ip';
    value: string;
    wildcard: boolean;
    now: number;
  },
): Promise<boolean> {
  const row = await query
    .selectFrom('acme_authorization')
    .select('id')
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .where('value', '=', value)
    .where('wildcard', '=', wildcard ? 1 : 0)
    .where('state', '=', 'valid')
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}
