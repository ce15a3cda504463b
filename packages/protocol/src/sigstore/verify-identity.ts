/** Whether a signer is one of those that a policy names (docs/protocol/identity-policy.md). */
import { TrustError } from '../errors.ts';
import type { ClaimName, SignerClaims } from './claims.ts';
import type { IdentityPolicy, SignerIdentity } from './identity-policy.ts';
import { isRuleMet, type TextRule } from './text-rule.ts';

/** A rule that does not hold. */
export interface IdentityMismatch {
  readonly claim: 'issuer' | 'subject' | 'workflow' | ClaimName;
  readonly expected: string;
  /** `undefined`: the certificate does not say. */
  readonly got: string | undefined;
}

/**
 * The identity of the policy that the signer is. Throws `identity_mismatch` with the rules that do not hold; where the
 * policy names several identities, those of the one that comes nearest.
 */
export function verifyIdentity(
  claims: SignerClaims,
  { identities }: Pick<IdentityPolicy, 'identities'>,
): SignerIdentity {
  let nearest: readonly IdentityMismatch[] | undefined;
  for (const identity of identities) {
    const mismatches = findIdentityMismatches(claims, identity);
    if (mismatches.length === 0) return identity;
    if (nearest === undefined || mismatches.length < nearest.length) nearest = mismatches;
  }
  const reason = (nearest ?? []).map(describeMismatch).join('; ') || 'expected an identity in the policy, got none';
  throw new TrustError('identity_mismatch', reason);
}

/** The rules of `identity` that do not hold for the signer, in the order of the policy's page. */
export function findIdentityMismatches(claims: SignerClaims, identity: SignerIdentity): readonly IdentityMismatch[] {
  const mismatches: IdentityMismatch[] = [];
  if (claims.issuer !== identity.issuer) {
    mismatches.push({ claim: 'issuer', expected: quote(identity.issuer), got: claims.issuer });
  }
  const { subject, workflow } = identity;
  if (subject && !(claims.subject.kind === subject.kind && isRuleMet(subject.rule, claims.subject.value))) {
    const expected = `${describeKind(subject.kind)} ${describeRule(subject.rule)}`;
    mismatches.push({ claim: 'subject', expected, got: claims.subject.value });
  }
  if (workflow !== undefined && !isWorkflow(claims, workflow)) {
    mismatches.push({ claim: 'workflow', expected: quote(workflow), got: claims.buildConfigUri });
  }
  for (const [claim, rules] of identity.claims) {
    const got = claims[claim];
    if (got !== undefined && rules.some((rule) => isRuleMet(rule, got))) continue;
    mismatches.push({ claim, expected: rules.map(describeRule).join(' or '), got });
  }
  return mismatches;
}

/** `<repository>/<path>@<ref>`; GitLab writes two slashes. The repository is the certificate's own claim, not a guess. */
function isWorkflow({ buildConfigUri, sourceRepositoryUri }: SignerClaims, path: string): boolean {
  if (buildConfigUri === undefined || sourceRepositoryUri === undefined) return false;
  return ['/', '//'].some((slash) => buildConfigUri.startsWith(`${sourceRepositoryUri}${slash}${path}@`));
}

function describeMismatch({ claim, expected, got }: IdentityMismatch): string {
  return `expected ${claim} ${expected}, got ${got === undefined ? 'none' : quote(got)}`;
}

function describeRule(rule: TextRule): string {
  return typeof rule === 'string' ? quote(rule) : `like ${quote(rule.pattern)}`;
}

function describeKind(kind: 'uri' | 'email' | 'other-name'): string {
  return { uri: 'the URI', email: 'the mailbox', 'other-name': 'the user name' }[kind];
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 300));
}
