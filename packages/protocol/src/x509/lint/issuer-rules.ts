/** Rules for a certificate beside its issuer's (RFC 5280, 4.1.2.4, 4.2.1.1, 6.1). */
import { compareBytes } from '../../asn1/writer.ts';
import { TrustError } from '../../errors.ts';
import { listHashes } from '../../keys/signature-algorithm.ts';
import { type Certificate, isAuthority, isSelfIssued } from '../certificate.ts';
import { assertPermitted } from '../name-constraints.ts';
import { purposes } from '../oids.ts';
import { signsCertificates } from '../profile.ts';
import { readAlgorithm } from './basic-rules.ts';
import { error, type LintRule, type LintSubject, warning } from './rule.ts';

type Pair = (certificate: Certificate, issuer: Certificate) => boolean | readonly string[];

/** Rules that ask nothing where the issuer is not known. */
export const issuerRules: readonly LintRule[] = [
  error(['issuer-name', 'RFC 5280, 4.1.2.4 and 4.1.2.6'], "the issuer's subject, octet by octet", (subject) =>
    beside(subject, (certificate, issuer) => compareBytes(certificate.issuer.bytes, issuer.subject.bytes) === 0),
  ),
  error(['issuer-authority', 'RFC 5280, 6.1.4 (k) and (n)'], 'an issuer that signs certificates', (subject) =>
    beside(subject, (_, issuer) => isAuthority(issuer) && (!issuer.extensions.keyUsage || signsCertificates(issuer))),
  ),
  error(['issuer-key', 'RFC 5280, 4.2.1.1'], "the issuer's key identifier", (subject) =>
    beside(subject, pointsAtIssuer),
  ),
  error(['issuer-algorithm', 'RFC 5280, 4.1.1.2'], "a signature of the issuer's kind of key", fitsKey),
  warning(['issuer-hash', 'SP 800-57, 5.6.1; RFC 5480, 4'], "a hash as strong as the issuer's key", hasStrongHash),
  error(['issuer-outlived', 'RFC 5280, 6.1.3 (a)(2)'], 'an end not after that of the issuer', (subject) =>
    beside(subject, (certificate, issuer) => certificate.notAfter <= issuer.notAfter),
  ),
  warning(['issuer-begun', 'RFC 5280, 6.1.3 (a)(2)'], 'a beginning not before that of the issuer', (subject) =>
    beside(subject, (certificate, issuer) => certificate.notBefore >= issuer.notBefore),
  ),
  error(['issuer-path-length', 'RFC 5280, 4.2.1.9'], "a path length below the issuer's", (subject) =>
    beside(subject, keepsPathLength),
  ),
  error(
    ['issuer-purposes', 'RFC 5280, 4.2.1.12; Baseline Requirements, 7.1.2.6'],
    'purposes that the issuer has',
    (subject) => beside(subject, listForeignPurposes),
  ),
  error(['issuer-constraints', 'RFC 5280, 4.2.1.10'], 'names that the issuer may speak for', (subject) =>
    beside(subject, listForbidden),
  ),
  error(
    ['self-signed-issuer', 'RFC 5280, 4.2.1.1'],
    'a root whose authority key is its own',
    ({ certificate, kind }) =>
      kind !== 'root' || (isSelfIssued(certificate) && pointsAtIssuer(certificate, certificate)),
  ),
];

/** What a rule says about a certificate and its issuer; nothing where the issuer is not known. */
function beside({ certificate, issuer }: LintSubject, rule: Pair): boolean | readonly string[] {
  return !issuer || rule(certificate, issuer);
}

function pointsAtIssuer({ extensions }: Certificate, issuer: Certificate): boolean {
  const pointed = extensions.authorityKeyIdentifier?.value.keyIdentifier;
  const own = issuer.extensions.subjectKeyIdentifier?.value;
  return !pointed || !own || compareBytes(pointed, own) === 0;
}

function fitsKey({ certificate, issuerKey }: LintSubject): boolean {
  const algorithm = readAlgorithm(certificate);
  return !algorithm || !issuerKey || algorithm.kind.startsWith(issuerKey.kind);
}

function hasStrongHash({ certificate, issuerKey }: LintSubject): boolean {
  const algorithm = readAlgorithm(certificate);
  if (algorithm?.kind !== 'ecdsa' || issuerKey?.kind !== 'ecdsa') return true;
  return listHashes(issuerKey).includes(algorithm.hash);
}

/** Self-issued ones, such as those of a new key under the old one, do not count. */
function keepsPathLength(certificate: Certificate, issuer: Certificate): boolean {
  const above = issuer.extensions.basicConstraints?.value.pathLength;
  const own = certificate.extensions.basicConstraints?.value.pathLength;
  if (above === undefined || !isAuthority(certificate) || isSelfIssued(certificate)) return true;
  return above > 0 && (own === undefined || own < above);
}

function listForeignPurposes(certificate: Certificate, issuer: Certificate): readonly string[] {
  const above = issuer.extensions.extendedKeyUsage?.value;
  const own = certificate.extensions.extendedKeyUsage?.value;
  if (!above || above.includes(purposes.any)) return [];
  return own ? own.filter((purpose) => !above.includes(purpose)) : ['no purposes'];
}

function listForbidden(certificate: Certificate, issuer: Certificate): readonly string[] {
  const constraints = issuer.extensions.nameConstraints?.value;
  if (!constraints || isSelfIssued(certificate)) return [];
  try {
    assertPermitted(certificate, [constraints]);
    return [];
  } catch (cause) {
    if (cause instanceof TrustError) return [cause.message];
    throw cause;
  }
}
