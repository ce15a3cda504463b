/** The rows in which certificates of authorities stand. */
import { createHash } from 'node:crypto';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { formatName, listAttributes } from '@signpost/protocol/x509/name';
import { createId } from '../../storage/ids.ts';
import type { CertificateTable } from '../../storage/tables/pki.ts';

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
  const [commonName = ''] = listAttributes(certificate.subject, 'CN');
  const subject = formatName(certificate.subject);
  return {
    id: createId(facts.at),
    organisation_id: facts.organisationId,
    issuer_id: facts.issuerId,
    subject_authority_id: facts.authorityId,
    profile: facts.profile,
    serial: encodeHex(certificate.serialNumber),
    subject: Buffer.from(certificate.subject.bytes).toString('base64'),
    common_name: commonName,
    names: '[]',
    search: subject.toLowerCase(),
    der: Buffer.from(certificate.bytes).toString('base64'),
    fingerprint: createHash('sha256').update(certificate.bytes).digest('hex'),
    key_id: createHash('sha256').update(certificate.spki).digest('hex'),
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    state: 'valid',
    reason: null,
    revoked_at: null,
    invalid_from: null,
    replaces_id: facts.replacesId ?? null,
    source: facts.source,
    sealed_key: null,
    sealed_password: null,
    acme_account_id: null,
    notice_days: null,
    created_by: facts.createdBy,
    created_at: facts.at,
  };
}
