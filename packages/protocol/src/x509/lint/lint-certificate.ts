/** A second look at a certificate before it leaves: RFC 5280's rules for issuers, and those of neighbouring standards. */
import type { HashName } from '../../keys/signature-algorithm.ts';
import { parseSubjectKey, type SubjectKey } from '../../keys/subject-key.ts';
import type { Certificate } from '../certificate.ts';
import { alternativeNameRules } from './alternative-name-rules.ts';
import { basicRules } from './basic-rules.ts';
import { constraintRules } from './constraint-rules.ts';
import { issuerRules } from './issuer-rules.ts';
import { keyRules } from './key-rules.ts';
import { locationRules } from './location-rules.ts';
import { nameRules } from './name-rules.ts';
import { applyRule, type CertificateKind, type Finding, type LintRule } from './rule.ts';
import { usageRules } from './usage-rules.ts';

/** All rules, in the order in which their findings are listed. */
export const lintRules: readonly LintRule[] = [
  ...basicRules,
  ...nameRules,
  ...keyRules,
  ...usageRules,
  ...alternativeNameRules,
  ...constraintRules,
  ...locationRules,
  ...issuerRules,
];

/** What else is known about a certificate. */
export interface LintOptions {
  /** Then the certificate is held against its issuer, too. */
  readonly issuer?: Certificate;
  /** Then it must be fit for that. */
  readonly kind?: CertificateKind;
  /** Then the signature must be by this hash: that of the profile, or the one that is chosen without. */
  readonly hash?: HashName;
  /** Whether a key is on a list of those that others have, such as Debian's of CVE-2008-0166. None comes with this library. */
  readonly isKnownWeak?: (key: SubjectKey) => boolean;
}

/**
 * All that is wrong with `certificate`, nothing when all is well; it never throws. DER, versions, dates in the right type and
 * duplicates are the parser's affair: what breaks those never becomes a `Certificate`. Signatures are not looked at.
 */
export function lintCertificate(certificate: Certificate, options: LintOptions = {}): readonly Finding[] {
  const { issuer, kind, hash, isKnownWeak = isNeverKnown } = options;
  // The issuer's name is what it is: its own certificate answers for it.
  const attributes = certificate.subject.relativeNames.flat();
  const keys = { key: readKey(certificate), issuerKey: issuer && recallKey(issuer) };
  const subject = { certificate, issuer, kind, attributes, hash, isKnownWeak, ...keys };
  const findings: Finding[] = [];
  for (const rule of lintRules) applyRule(rule, subject, findings);
  return findings;
}

function isNeverKnown(): boolean {
  return false;
}

/** Keys of issuers, which stand beside many certificates. */
const issuerKeys = new WeakMap<Certificate, SubjectKey>();

function recallKey(issuer: Certificate): SubjectKey | undefined {
  const key = issuerKeys.get(issuer) ?? readKey(issuer);
  if (key) issuerKeys.set(issuer, key);
  return key;
}

function readKey({ spki }: Certificate): SubjectKey | undefined {
  try {
    return parseSubjectKey(spki);
  } catch {
    // The rule `key-readable` says so.
    return undefined;
  }
}
