/** What RFC 5280, section 4 asks of each certificate by itself. Refused with `certificate_invalid`, which names the clause. */
import { TrustError } from '../errors.ts';
import { type Certificate, isAuthority, isSelfIssued } from './certificate.ts';
import { isKnownExtension } from './extensions.ts';
import { isEmptyName } from './name.ts';
import { assertGeneralName, assertSubtree } from './name-syntax.ts';

/** One rule: what must hold, and where it is written. */
export interface CertificateRule {
  readonly clause: string;
  readonly expected: string;
  readonly holds: (certificate: Certificate) => boolean;
}

/** What RFC 5280, section 6 asks of whoever relies on a certificate, whatever its issuer should have done. */
export const pathRules: readonly CertificateRule[] = [
  rule('4.2', 'no critical extension that is unknown', hasNoUnknown),
];

/** What section 4 asks of issuers, for all certificates, anchors among them. */
export const profileRules: readonly CertificateRule[] = [
  rule('4.1.2.1', 'version 3', ({ version }) => version === 3),
  rule('4.1.2.4', 'an issuer', ({ issuer }) => !isEmptyName(issuer)),
  rule('4.1.2.6', 'an authority with a subject', (one) => !isAuthority(one) || !isEmptyName(one.subject)),
  rule('4.1.2.6', 'critical alternative names where the subject is empty', hasSomeName),
  rule(
    '4.2.1.1',
    'an authority key identifier that is not critical',
    (one) => !one.extensions.authorityKeyIdentifier?.critical,
  ),
  rule(
    '4.2.1.2',
    'a subject key identifier that is not critical',
    (one) => !one.extensions.subjectKeyIdentifier?.critical,
  ),
  rule(
    '4.2.1.2',
    'an authority with a subject key identifier',
    (one) => !isAuthority(one) || !!one.extensions.subjectKeyIdentifier,
  ),
  rule(
    '4.2.1.3',
    'no signing of certificates but by an authority',
    (one) => isAuthority(one) || !signsCertificates(one),
  ),
  rule(
    '4.2.1.9',
    'an authority whose basic constraints are critical',
    (one) => !isAuthority(one) || one.extensions.basicConstraints?.critical === true,
  ),
  rule('4.2.1.9', 'a path length only where certificates are signed', hasUsefulPathLength),
  rule(
    '4.2.1.10',
    'name constraints only in an authority',
    (one) => isAuthority(one) || !one.extensions.nameConstraints,
  ),
  rule('4.2.1.11', 'critical policy constraints', (one) => one.extensions.policyConstraints?.critical !== false),
  rule('4.2.1.14', 'critical inhibition of any policy', (one) => one.extensions.inhibitAnyPolicy?.critical !== false),
  rule('4.2.1.15', 'freshest lists that are not critical', (one) => !one.extensions.freshestCrl?.critical),
  rule('4.2.2.1', 'information access that is not critical', hasOptionalAccess),
];

/**
 * Rules for all below the anchor, which is trusted for what it is: well-known roots have serial number zero, and roots that others
 * have signed too point at no key.
 */
export const subordinateRules: readonly CertificateRule[] = [
  rule('4.1.2.2', 'a positive serial number of at most 20 octets', hasGoodSerial),
  rule('4.2.1.1', 'an authority key identifier, unless self-issued', hasAuthorityKey),
];

/** RFC 5280, 4.2.1.10; CA/Browser Forum allows otherwise. */
export const criticalNameConstraints: CertificateRule = rule(
  '4.2.1.10',
  'critical name constraints',
  (one) => one.extensions.nameConstraints?.critical !== false,
);

function rule(clause: string, expected: string, holds: CertificateRule['holds']): CertificateRule {
  return { clause: `RFC 5280, ${clause}`, expected, holds };
}

/** Throws `certificate_invalid` for the first of `rules` that does not hold, and for names that are not well formed. */
export function assertRules(certificate: Certificate, rules: readonly CertificateRule[]): void {
  const broken = rules.find(({ holds }) => !holds(certificate));
  if (broken) throw new TrustError('certificate_invalid', `expected ${broken.expected} (${broken.clause})`);
  const { subjectAlternativeName, issuerAlternativeName, nameConstraints } = certificate.extensions;
  for (const name of subjectAlternativeName?.value ?? []) assertGeneralName(name);
  for (const name of issuerAlternativeName?.value ?? []) assertGeneralName(name);
  for (const name of nameConstraints?.value.permitted ?? []) assertSubtree(name);
  for (const name of nameConstraints?.value.excluded ?? []) assertSubtree(name);
}

function hasGoodSerial({ serialNumber }: Certificate): boolean {
  // Zero is no positive integer; 20 octets are those of the value, in two's complement.
  const first = serialNumber[0] ?? 0;
  return serialNumber.length <= 20 && first < 0x80 && (first > 0 || serialNumber.length > 1);
}

function hasSomeName({ subject, extensions }: Certificate): boolean {
  return !isEmptyName(subject) || extensions.subjectAlternativeName?.critical === true;
}

function hasNoUnknown({ allExtensions }: Certificate): boolean {
  return allExtensions.every(({ oid, critical }) => !critical || isKnownExtension(oid));
}

function hasAuthorityKey(certificate: Certificate): boolean {
  const { authorityKeyIdentifier } = certificate.extensions;
  return isSelfIssued(certificate) || authorityKeyIdentifier?.value.keyIdentifier !== undefined;
}

/** Whether the key usage says that certificates are signed; without the extension it says nothing. */
export function signsCertificates({ extensions }: Certificate): boolean {
  return extensions.keyUsage?.value.has('keyCertSign') === true;
}

function hasUsefulPathLength(certificate: Certificate): boolean {
  const { basicConstraints, keyUsage } = certificate.extensions;
  if (basicConstraints?.value.pathLength === undefined) return true;
  return basicConstraints.value.isAuthority && keyUsage?.value.has('keyCertSign') === true;
}

function hasOptionalAccess({ extensions }: Certificate): boolean {
  return !extensions.authorityInformationAccess?.critical && !extensions.subjectInformationAccess?.critical;
}
