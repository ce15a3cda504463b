/** A certificate as the database keeps it: its DER, and what is looked for, derived from the DER alone. */
import { hash } from 'node:crypto';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { formatName, listAttributes } from '@signpost/protocol/x509/name';
import type { Selectable } from 'kysely';
import type { Actor } from '../../audit/audit.ts';
import type { CertificateTable } from '../../storage/tables/pki.ts';
import { formatNameText } from '../profiles/name-text.ts';

/** A stored certificate. */
export type CertificateRow = Selectable<CertificateTable>;

/** What stands in no certificate. */
export interface RowFacts {
  readonly id: string;
  readonly organisationId: string;
  /** The authority of ours that signed it; null when somebody else did. */
  readonly issuerId: string | null;
  /** The authority whose key it certifies. */
  readonly subjectAuthorityId?: string | null;
  readonly profile: string;
  readonly source: CertificateRow['source'];
  readonly createdBy: string;
  /** Unix ms. */
  readonly at: number;
  readonly replacesId?: string | null;
  readonly acmeAccountId?: string | null;
  /** Sealed for `certificateKeyPlace(id)`. */
  readonly sealedKey?: string | null;
  readonly sealedPassword?: string | null;
}

/** The columns that follow from the DER; a consistency check computes them again. */
export type DerivedColumns = Pick<
  CertificateRow,
  | 'serial'
  | 'subject'
  | 'common_name'
  | 'names'
  | 'search'
  | 'der'
  | 'fingerprint'
  | 'key_id'
  | 'not_before'
  | 'not_after'
>;

/** What is sealed where: the vault's purpose and reference of a certificate's private key (PKCS#8). */
export function certificateKeyPlace(id: string): { readonly purpose: string; readonly reference: string } {
  return { purpose: 'certificate-key', reference: `certificate/${id}` };
}

/** The row of a certificate that is valid from now on. */
export function createCertificateRow(certificate: Certificate, facts: RowFacts): CertificateRow {
  return completeRow(deriveColumns(certificate), facts);
}

/** The same from columns that are derived already. */
export function completeRow(derived: DerivedColumns, facts: RowFacts): CertificateRow {
  return {
    id: facts.id,
    organisation_id: facts.organisationId,
    issuer_id: facts.issuerId,
    subject_authority_id: facts.subjectAuthorityId ?? null,
    profile: facts.profile,
    ...derived,
    state: 'valid',
    reason: null,
    revoked_at: null,
    invalid_from: null,
    replaces_id: facts.replacesId ?? null,
    source: facts.source,
    sealed_key: facts.sealedKey ?? null,
    sealed_password: facts.sealedPassword ?? null,
    acme_account_id: facts.acmeAccountId ?? null,
    notice_days: null,
    created_by: facts.createdBy,
    created_at: facts.at,
  };
}

/** The columns that follow from the DER. */
export function deriveColumns(certificate: Certificate): DerivedColumns {
  const { subject, extensions, bytes, spki } = certificate;
  const names = (extensions.subjectAlternativeName?.value ?? []).map(formatNameText);
  const commonName = listAttributes(subject, 'CN').at(-1) ?? '';
  const columns = {
    serial: formatSerial(certificate.serialNumber),
    subject: formatName(subject),
    common_name: clean(commonName),
    names: JSON.stringify(names.map(clean)),
    fingerprint: hash('sha256', bytes),
    key_id: hash('sha256', spki),
  };
  const { serial, fingerprint } = columns;
  return {
    ...columns,
    search: clean([columns.subject, commonName, ...names, serial, fingerprint].join('\n').toLowerCase()),
    der: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'),
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
  };
}

/** A serial number as rows have it: lower-case hex of the number, without the octet that only carries the sign. */
export function formatSerial(content: Uint8Array): string {
  return encodeHex(content.length > 1 && content[0] === 0 ? content.subarray(1) : content);
}

/** Who did it, in one column: `person:<id>`, `api-key:<id>`, `system`. */
export function formatActor({ kind, id }: Actor): string {
  return id === null ? kind : `${kind}:${id}`;
}

// Imported certificates hold what their issuers let through; PostgreSQL takes no U+0000.
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd');
}
