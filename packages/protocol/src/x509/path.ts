/** Path validation (RFC 5280, 6.1, with the policy processing of RFC 9618), all but the signatures. */
import { TrustError } from '../errors.ts';
import { parseSubjectKey } from '../keys/subject-key.ts';
import { type Certificate, isSelfIssued } from './certificate.ts';
import type { NameConstraints } from './constraint-extensions.ts';
import { formatName, isSameName } from './name.ts';
import { assertPermitted } from './name-constraints.ts';
import { purposes } from './oids.ts';
import { PolicyGraph, type PolicyInputs } from './policy-graph.ts';
import {
  assertRules,
  type CertificateRule,
  criticalNameConstraints,
  pathRules,
  profileRules,
  subordinateRules,
} from './profile.ts';
import { assertServerName, type ServerName } from './server-name.ts';
import { webAnchorRules, webRules, webServerRules } from './web-profile.ts';

/** How much is asked of each certificate by itself. */
export type Profile = 'path' | 'rfc5280' | 'web';

/** What a path must be good for. */
export interface PathRequirements {
  /** Unix ms; every certificate, the anchor too, is valid then. */
  readonly at: number;
  /**
   * `rfc5280` unless said otherwise: all of sections 4 and 6. `web` adds the CA/Browser Forum's rules for servers on the web.
   * `path` asks what section 6 asks and no more, for authorities that are older or less careful than section 4.
   */
  readonly profile?: Profile;
  /** A dotted purpose of extended key usage, such as `purposes.serverAuth`. Authorities that name purposes must name it too. */
  readonly purpose?: string;
  readonly server?: ServerName;
  readonly policies?: PolicyInputs;
  /** How many certificates may stand between the last one and the anchor, self-issued ones not counted; 8 by default. */
  readonly maxIntermediates?: number;
}

/** Intermediates that are taken when nobody says how many. */
export const defaultMaxIntermediates = 8;

/** The path's end, what stands between, and the anchor. */
interface Parts {
  readonly last: Certificate;
  /** From the anchor's on downwards: the issuer of each is the one before it. */
  readonly descending: readonly Certificate[];
  readonly anchor: Certificate;
}

/**
 * Throws unless `path`, from the certificate in question up to the anchor, is one (`certificate_invalid`,
 * `certificate_expired`, `algorithm_unsupported`) and good for what is asked (`name_mismatch`). Signatures are not looked
 * at. Returns the policies that it is valid for.
 */
export function assertPath(path: readonly Certificate[], requirements: PathRequirements): ReadonlySet<string> {
  const parts = splitPath(path);
  const profile = requirements.profile ?? 'rfc5280';
  for (const certificate of path) assertCertificate(certificate, requirements.at, commonRules[profile]);
  if (profile !== 'path') for (const certificate of path.slice(0, -1)) assertRules(certificate, subordinateRules);
  assertNames(parts.descending);
  assertAuthorities(parts);
  assertPathLength(parts, requirements.maxIntermediates ?? defaultMaxIntermediates);
  assertNameConstraints(parts);
  assertPurpose(parts, requirements.purpose);
  if (profile === 'web') {
    assertRules(parts.anchor, webAnchorRules);
    assertRules(parts.last, webServerRules);
  }
  if (requirements.server) assertServerName(parts.last, requirements.server);
  return assertPolicies(parts, requirements.policies ?? {});
}

function splitPath(path: readonly Certificate[]): Parts {
  const descending = [...path].reverse();
  const [anchor] = descending;
  const last = path[0];
  if (!anchor || !last || path.length < 2) throw new TypeError('expected a certificate and an anchor');
  return { last, descending, anchor };
}

/** Rules for every certificate of a path. */
const commonRules: Readonly<Record<Profile, readonly CertificateRule[]>> = {
  path: pathRules,
  rfc5280: [...pathRules, ...profileRules, criticalNameConstraints],
  web: [...pathRules, ...profileRules, ...webRules],
};

function assertCertificate(certificate: Certificate, at: number, rules: readonly CertificateRule[]): void {
  assertRules(certificate, rules);
  assertValidity(certificate, at);
  assertKey(certificate);
}

/** RFC 5280, 4.1.2.5: both ends belong to the period, and seconds have no parts. */
function assertValidity({ notBefore, notAfter, subject }: Certificate, at: number): void {
  const second = Math.floor(at / 1000) * 1000;
  if (second >= notBefore && second <= notAfter) return;
  const [from, to] = [notBefore, notAfter].map((time) => new Date(time).toISOString());
  throw new TrustError('certificate_expired', `expected a time from ${from} to ${to} for ${formatName(subject)}`);
}

function assertKey({ spki }: Certificate): void {
  const key = parseSubjectKey(spki);
  if (key.kind === 'rsa' && key.modulusBits < 2048) {
    throw new TrustError('algorithm_unsupported', `expected RSA of at least 2048 bits, got ${key.modulusBits}`);
  }
}

/** RFC 5280, 6.1.3 (a) (4). */
function assertNames(descending: readonly Certificate[]): void {
  for (const [index, issuer] of descending.slice(0, -1).entries()) {
    const subject = descending[index + 1];
    if (subject && !isSameName(subject.issuer, issuer.subject)) {
      throw new TrustError('certificate_invalid', 'expected each issuer to be the subject above');
    }
  }
}

/** RFC 5280, 6.1.4 (k) and (n). */
function assertAuthorities({ descending }: Parts): void {
  for (const { extensions, subject } of descending.slice(0, -1)) {
    if (!extensions.basicConstraints?.value.isAuthority) {
      throw new TrustError('certificate_invalid', `expected an authority, got ${formatName(subject)}`);
    }
    if (extensions.keyUsage && !extensions.keyUsage.value.has('keyCertSign')) {
      throw new TrustError('certificate_invalid', `expected a key that signs certificates, got ${formatName(subject)}`);
    }
  }
}

/** RFC 5280, 6.1.4 (l) and (m), and the anchor's own limit. */
function assertPathLength({ descending, anchor }: Parts, maxIntermediates: number): void {
  let left = maxIntermediates;
  for (const authority of descending.slice(0, -1)) {
    if (authority !== anchor && !isSelfIssued(authority)) left--;
    if (left < 0) throw new TrustError('certificate_invalid', 'expected fewer intermediates: path length exceeded');
    left = Math.min(left, authority.extensions.basicConstraints?.value.pathLength ?? Infinity);
  }
}

/** RFC 5280, 6.1.3 (b) and (c), 6.1.4 (g), and the anchor's own constraints (RFC 5937). */
function assertNameConstraints({ descending, last }: Parts): void {
  const above: NameConstraints[] = [];
  for (const [index, certificate] of descending.entries()) {
    if (index > 0 && (certificate === last || !isSelfIssued(certificate))) assertPermitted(certificate, above);
    const { nameConstraints } = certificate.extensions;
    if (nameConstraints) above.push(nameConstraints.value);
  }
}

/** RFC 5280, 4.2.1.12; that authorities bind those below to their own purposes is what all validators do. */
function assertPurpose({ descending }: Parts, purpose: string | undefined): void {
  if (purpose === undefined) return;
  for (const { extensions, subject } of descending) {
    const found = extensions.extendedKeyUsage?.value;
    if (found && !found.includes(purpose) && !found.includes(purposes.any)) {
      throw new TrustError('name_mismatch', `expected the purpose ${purpose} for ${formatName(subject)}`);
    }
  }
}

/** RFC 5280, 6.1.3 (d) to (f), 6.1.4 (a) and (b), 6.1.5 (a), (b) and (g). The anchor's policies are not looked at. */
function assertPolicies({ descending, last }: Parts, inputs: PolicyInputs): ReadonlySet<string> {
  const certificates = descending.slice(1);
  const graph = new PolicyGraph(certificates.length, inputs);
  for (const [index, certificate] of certificates.entries()) {
    if (!graph.enter(certificate, index + 1)) throw new TrustError('certificate_invalid', 'expected a valid policy');
    if (certificate !== last && !graph.leave(certificate)) {
      throw new TrustError('certificate_invalid', 'expected no mapping of any policy');
    }
  }
  const policies = graph.finish(last);
  if (!policies) throw new TrustError('certificate_invalid', 'expected an acceptable policy');
  return policies;
}
