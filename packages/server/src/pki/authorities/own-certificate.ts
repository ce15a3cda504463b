/** The rows in which certificates of authorities stand. */
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { createId } from '../../storage/ids.ts';
import type { CertificateTable } from '../../storage/tables/pki.ts';
import { createCertificateRow } from '../records/certificate-row.ts';

/** What the certificate itself does not say. */
export interface OwnCertificateFacts {
  readonly organisationId: string;
  /** Null when nobody here issued it. */
  readonly issuerId: string | null;
  readonly authorityId: string;
  readonly profile: 'root' | 'intermediate';
  readonly source: CertificateTable['source'];
  readonly replacesId?: string | null;
  readonly createdBy: string;
  readonly at: number;
}

/** The row of an authority's certificate. */
export function describeOwnCertificate(certificate: Certificate, facts: OwnCertificateFacts): CertificateTable {
  const { authorityId, ...others } = facts;
  return createCertificateRow(certificate, { ...others, id: createId(facts.at), subjectAuthorityId: authorityId });
}
