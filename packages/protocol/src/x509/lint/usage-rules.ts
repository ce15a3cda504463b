/** Rules for what a key may do: basic constraints, key usage and purposes agree (RFC 5280, 4.2.1.3, 4.2.1.9, 4.2.1.12). */
import { isAuthority } from '../certificate.ts';
import { purposes } from '../oids.ts';
import type { KeyUsage } from '../usage-extensions.ts';
import { type CertificateKind, error, type LintRule, type LintSubject, warning } from './rule.ts';

/** Rules for authorities, users, and for what a certificate is said to be for. */
export const usageRules: readonly LintRule[] = [
  error(
    ['authority-constraints-critical', 'RFC 5280, 4.2.1.9'],
    'critical basic constraints',
    ({ certificate }) => !isAuthority(certificate) || certificate.extensions.basicConstraints?.critical === true,
  ),
  error(
    ['authority-key-usage', 'RFC 5280, 4.2.1.3'],
    'an authority that signs certificates',
    (subject) => !isAuthority(subject.certificate) || hasUsage(subject, 'keyCertSign'),
  ),
  error(
    ['authority-subject-key', 'RFC 5280, 4.2.1.2'],
    'an authority with a subject key identifier',
    (subject) => !isAuthority(subject.certificate) || subject.certificate.extensions.subjectKeyIdentifier !== undefined,
  ),
  warning(
    ['user-subject-key', 'RFC 5280, 4.2.1.2'],
    'a subject key identifier',
    ({ certificate }) => isAuthority(certificate) || certificate.extensions.subjectKeyIdentifier !== undefined,
  ),
  error(
    ['user-signs-nothing', 'RFC 5280, 4.2.1.3 and 4.2.1.9'],
    'no signing of certificates but by an authority',
    (subject) => isAuthority(subject.certificate) || !hasUsage(subject, 'keyCertSign'),
  ),
  warning(
    ['user-no-lists', 'RFC 5280, 4.2.1.3'],
    'no signing of revocation lists but by an authority',
    (subject) => isAuthority(subject.certificate) || !hasUsage(subject, 'cRLSign'),
  ),
  warning(
    ['user-key-usage', 'RFC 5280, 4.2.1.3'],
    'key usage',
    ({ certificate }) => certificate.extensions.keyUsage !== undefined,
  ),
  error(
    ['path-length', 'RFC 5280, 4.2.1.9'],
    'a path length only where certificates are signed',
    (subject) =>
      subject.certificate.extensions.basicConstraints?.value.pathLength === undefined ||
      (isAuthority(subject.certificate) && hasUsage(subject, 'keyCertSign')),
  ),
  error(
    ['key-usage-fits-key', 'RFC 3279, 2.3.1; RFC 8813, 3; RFC 8410, 5'],
    'usages that the key can have',
    (subject) => impossibleUsages(subject).filter((usage) => hasUsage(subject, usage)),
  ),
  error(
    ['key-usage-agreement', 'RFC 5280, 4.2.1.3'],
    'limits to en- or deciphering only with key agreement',
    (subject) =>
      hasUsage(subject, 'keyAgreement') || !(hasUsage(subject, 'encipherOnly') || hasUsage(subject, 'decipherOnly')),
  ),
  error(['purpose-fits-usage', 'RFC 5280, 4.2.1.12'], 'key usage that serves each purpose', (subject) =>
    listPurposes(subject).filter((purpose) => !isServed(purpose, subject)),
  ),
  error(['purpose-once', 'RFC 5280, 4.2.1.12'], 'each purpose once', (subject) =>
    listPurposes(subject).filter((purpose, index, all) => all.indexOf(purpose) !== index),
  ),
  error(
    ['purpose-explicit', 'Baseline Requirements, 7.1.2.7.10'],
    'purposes by name',
    (subject) => !listPurposes(subject).includes(purposes.any),
  ),
  error(
    ['timestamping-alone', 'RFC 3161, 2.3'],
    'timestamping as the only purpose, and critical',
    (subject) =>
      isAuthority(subject.certificate) ||
      !listPurposes(subject).includes(purposes.timeStamping) ||
      (listPurposes(subject).length === 1 && subject.certificate.extensions.extendedKeyUsage?.critical === true),
  ),
  warning(
    ['responder-alone', 'Baseline Requirements, 7.1.2.8.5'],
    'OCSP signing as the only purpose',
    (subject) =>
      isAuthority(subject.certificate) ||
      !listPurposes(subject).includes(purposes.ocspSigning) ||
      listPurposes(subject).length === 1,
  ),
  error(
    ['no-check-responder', 'RFC 6960, 4.2.2.2.1'],
    'the mark of OCSP responders only on them',
    (subject) => !subject.certificate.extensions.ocspNoCheck || listPurposes(subject).includes(purposes.ocspSigning),
  ),
  error(
    ['kind-authority', 'RFC 5280, 4.2.1.9'],
    'an authority just where one is wanted',
    ({ certificate, kind }) => kind === undefined || isAuthority(certificate) === authorityKinds.includes(kind),
  ),
  error(['kind-purpose', 'RFC 5280, 4.2.1.12'], 'the purpose that is wanted', (subject) => {
    const wanted = subject.kind && kindPurposes[subject.kind];
    return wanted === undefined || listPurposes(subject).includes(wanted);
  }),
  warning(
    ['root-purpose', 'Baseline Requirements, 7.1.2.1.2'],
    'a root without purposes',
    ({ certificate, kind }) => kind !== 'root' || !certificate.extensions.extendedKeyUsage,
  ),
];

const authorityKinds: readonly CertificateKind[] = ['root', 'intermediate'];

const kindPurposes: Partial<Record<CertificateKind, string>> = {
  server: purposes.serverAuth,
  client: purposes.clientAuth,
  email: purposes.emailProtection,
  'code-signing': purposes.codeSigning,
  timestamping: purposes.timeStamping,
  'ocsp-responder': purposes.ocspSigning,
};

/** "Key usage bits that may be consistent", one of which must be set where there is key usage at all. */
const servingUsages: Readonly<Record<string, readonly KeyUsage[]>> = {
  [purposes.serverAuth]: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
  [purposes.clientAuth]: ['digitalSignature', 'keyAgreement'],
  [purposes.codeSigning]: ['digitalSignature'],
  [purposes.emailProtection]: ['digitalSignature', 'contentCommitment', 'keyEncipherment', 'keyAgreement'],
  [purposes.timeStamping]: ['digitalSignature', 'contentCommitment'],
  [purposes.ocspSigning]: ['digitalSignature', 'contentCommitment'],
};

function hasUsage({ certificate }: LintSubject, usage: KeyUsage): boolean {
  return certificate.extensions.keyUsage?.value.has(usage) === true;
}

function listPurposes({ certificate }: LintSubject): readonly string[] {
  return certificate.extensions.extendedKeyUsage?.value ?? [];
}

/** Purposes of authorities bind those below them, not their own keys. */
function isServed(purpose: string, subject: LintSubject): boolean {
  const usages = servingUsages[purpose];
  if (!usages || isAuthority(subject.certificate) || !subject.certificate.extensions.keyUsage) return true;
  return usages.some((usage) => hasUsage(subject, usage));
}

function impossibleUsages({ key }: LintSubject): readonly KeyUsage[] {
  switch (key?.kind) {
    case 'ecdsa':
      return ['keyEncipherment', 'dataEncipherment'];
    case 'rsa':
      return ['keyAgreement', 'encipherOnly', 'decipherOnly'];
    case 'ed25519':
      return ['keyEncipherment', 'dataEncipherment', 'keyAgreement', 'encipherOnly', 'decipherOnly'];
    default:
      return [];
  }
}
