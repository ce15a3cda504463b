/** Rules for version, serial number, signature algorithm, dates and the list of extensions (RFC 5280, 4.1 and 4.2). */
import { interpretSignatureAlgorithm, type SignatureAlgorithm } from '../../keys/signature-algorithm.ts';
import { type Certificate, isSelfIssued } from '../certificate.ts';
import { isKnownExtension } from '../extensions.ts';
import { extensionOids } from '../oids.ts';
import { error, type LintRule, type LintSubject, warning } from './rule.ts';

/** Rules for every certificate. */
export const basicRules: readonly LintRule[] = [
  error(['version-3', 'RFC 5280, 4.1.2.1'], 'version 3', ({ certificate }) => certificate.version === 3),
  error(
    ['no-unique-ids', 'RFC 5280, 4.1.2.8'],
    'no unique identifiers',
    ({ certificate }) => !certificate.hasUniqueIds,
  ),
  error(['serial-positive', 'RFC 5280, 4.1.2.2'], 'a positive serial number', ({ certificate }) =>
    isPositive(certificate.serialNumber),
  ),
  error(
    ['serial-length', 'RFC 5280, 4.1.2.2'],
    'a serial number of at most 20 octets',
    ({ certificate }) => certificate.serialNumber.length <= 20,
  ),
  warning(
    ['serial-random', 'Baseline Requirements, 7.1'],
    'a serial number of at least 64 random bits',
    ({ certificate }) => certificate.serialNumber.length >= 8,
  ),
  error(
    ['signature-known', 'RFC 5758; RFC 4055; RFC 8410'],
    'ECDSA, RSA or Ed25519 with SHA-2',
    ({ certificate }) => readAlgorithm(certificate) !== undefined,
  ),
  error(['signature-hash', 'RFC 5280, 4.1.1.2'], 'a signature with the hash that was chosen', hasChosenHash),
  error(['signature-form', 'X.690, 8.6; RFC 3279, 2.2.3'], 'a signature of the algorithm it names', ({ certificate }) =>
    hasSignatureForm(certificate),
  ),
  error(
    ['dates-order', 'RFC 5280, 4.1.2.5'],
    'an end after the beginning',
    ({ certificate }) => certificate.notBefore <= certificate.notAfter,
  ),
  error(
    ['extension-critical-known', 'RFC 5280, 4.2'],
    'no critical extension that is unknown',
    ({ certificate: { allExtensions } }) =>
      allExtensions.filter(({ oid, critical }) => critical && !isKnownExtension(oid)).map(({ oid }) => oid),
  ),
  warning(['extension-known', 'RFC 5280, 4.2'], 'extensions that are known', ({ certificate: { allExtensions } }) =>
    allExtensions.filter(({ oid, critical }) => !critical && !isKnownExtension(oid)).map(({ oid }) => oid),
  ),
  error(
    ['extension-not-critical', 'RFC 5280, 4.2.1.1, 4.2.1.2, 4.2.1.15, 4.2.2'],
    'an extension that is not critical',
    ({ certificate: { allExtensions } }) =>
      allExtensions.filter(({ oid, critical }) => critical && neverCritical.includes(oid)).map(({ oid }) => oid),
  ),
  error(
    ['extension-critical', 'RFC 5280, 4.2.1.10, 4.2.1.11, 4.2.1.14'],
    'an extension that is critical',
    ({ certificate: { allExtensions } }) =>
      allExtensions.filter(({ oid, critical }) => !critical && alwaysCritical.includes(oid)).map(({ oid }) => oid),
  ),
  warning(
    [
      'extension-criticality-usual',
      'RFC 5280, 4.2.1.3, 4.2.1.5, 4.2.1.7, 4.2.1.13; RFC 6960, 4.2.2.2.1; RFC 7633, 4.1',
    ],
    'the criticality that the standard advises',
    ({ certificate: { allExtensions } }) =>
      allExtensions
        .filter(({ oid, critical }) => (critical ? rarelyCritical : mostlyCritical).includes(oid))
        .map(({ oid }) => oid),
  ),
  error(
    ['authority-key-present', 'RFC 5280, 4.2.1.1'],
    'an authority key identifier, unless self-issued',
    ({ certificate }) =>
      isSelfIssued(certificate) || certificate.extensions.authorityKeyIdentifier?.value.keyIdentifier !== undefined,
  ),
  warning(
    ['authority-key-alone', 'Baseline Requirements, 7.1.2.11.1'],
    'an authority key identifier by key alone',
    ({ certificate: { extensions } }) => !extensions.authorityKeyIdentifier?.value.issuer,
  ),
  error(
    ['key-identifier-length', 'RFC 5280, 4.2.1.2; RFC 7093'],
    'key identifiers of 1 to 64 octets',
    ({ certificate: { extensions } }) =>
      [extensions.subjectKeyIdentifier?.value, extensions.authorityKeyIdentifier?.value.keyIdentifier].every(
        (one) => !one || (one.length > 0 && one.length <= 64),
      ),
  ),
];

const neverCritical: readonly string[] = [
  extensionOids.authorityKeyIdentifier,
  extensionOids.subjectKeyIdentifier,
  extensionOids.freshestCrl,
  extensionOids.authorityInformationAccess,
  extensionOids.subjectInformationAccess,
];
const alwaysCritical: readonly string[] = [
  extensionOids.nameConstraints,
  extensionOids.policyConstraints,
  extensionOids.inhibitAnyPolicy,
];
const rarelyCritical: readonly string[] = [
  extensionOids.certificatePolicies,
  extensionOids.crlDistributionPoints,
  extensionOids.issuerAlternativeName,
  extensionOids.ocspNoCheck,
  extensionOids.signedCertificateTimestamps,
  extensionOids.tlsFeature,
];
const mostlyCritical: readonly string[] = [extensionOids.policyMappings, extensionOids.keyUsage];

function isPositive(serialNumber: Uint8Array): boolean {
  const first = serialNumber[0] ?? 0;
  return first < 0x80 && (first > 0 || serialNumber.length > 1);
}

/** The algorithm that a certificate is signed with, `undefined` when it is none that is known here. */
export function readAlgorithm({ signatureAlgorithm }: Certificate): SignatureAlgorithm | undefined {
  try {
    return interpretSignatureAlgorithm(signatureAlgorithm);
  } catch {
    // The rule `signature-known` says so.
    return undefined;
  }
}

function hasChosenHash({ certificate, hash }: LintSubject): boolean {
  if (hash === undefined) return true;
  const algorithm = readAlgorithm(certificate);
  return !algorithm || (algorithm.kind !== 'ed25519' && algorithm.hash === hash);
}

/** Whose key it is, is not known here: what is looked at holds for every key of the algorithm. */
function hasSignatureForm(certificate: Certificate): boolean {
  const { signature } = certificate;
  switch (readAlgorithm(certificate)?.kind) {
    case 'ecdsa':
      // Two integers, one octet each at least.
      return signature[0] === 0x30 && signature.length >= 8 && signature.length <= 141;
    case 'ed25519':
      return signature.length === 64;
    case 'rsa-pkcs1':
    case 'rsa-pss':
      return signature.length >= 128 && signature.length <= 1024;
    default:
      return true;
  }
}
