/** The rules on signatures: who signed the artifact, with how much evidence, and how long ago. */
import { TrustError } from '../../errors.ts';
import { encodeTime } from '../../json/time.ts';
import { verifyIdentity } from '../../sigstore/verify-identity.ts';
import { formatDuration, isRecent } from '../duration.ts';
import type { ArtifactEvidence, Judged, VerifiedSignature } from '../evidence.ts';
import type { SignatureRule, SignerRule } from '../policy.ts';
import type { Finding } from '../verdict.ts';
import { listSome } from './listing.ts';

/** Holds the signatures of an artifact against the rule. */
export function judgeSignature(rule: SignatureRule, artifact: ArtifactEvidence, now: number): readonly Finding[] {
  const accepted = acceptSigners(rule, artifact.signatures, (signature) => signature);
  const base = { rule: 'signature', artifact: artifact.name, expected: describeSigners(rule) } as const;
  if (accepted.values.length === 0) {
    return [{ ...base, ...accepted.refusal, hint: 'signpost evidence attach VERSION BUNDLE --project PROJECT' }];
  }
  const found = listSome([...new Set(accepted.values.map(describeSigner))]);
  return [{ ...base, outcome: 'met', found, hint: undefined }, ...judgeAge(rule, { artifact, now }, accepted.values)];
}

/** What of `items` was signed by somebody whom the rule names; when nothing was, why. */
export function acceptSigners<T>(
  rule: SignerRule,
  items: readonly Judged<T>[],
  signatureOf: (value: T) => VerifiedSignature,
): { readonly values: readonly T[]; readonly refusal: Pick<Finding, 'outcome' | 'found'> } {
  const values: T[] = [];
  const reasons: string[] = [];
  for (const item of items) {
    const reason = item.state === 'verified' ? findFault(rule, signatureOf(item.value)) : item.reason;
    if (item.state === 'verified' && reason === undefined) values.push(item.value);
    else reasons.push(`${item.document}: ${reason}`);
  }
  const outcome = items.some(({ state }) => state === 'unknown') ? 'unknown' : 'unmet';
  return { values, refusal: { outcome, found: reasons.length === 0 ? 'none' : listSome(reasons) } };
}

/** Why a verified signature does not count; absent when it does. */
function findFault(rule: SignerRule, signature: VerifiedSignature): string | undefined {
  return findRootFault(rule, signature) ?? findSignerFault(rule, signature) ?? findShortage(rule, signature);
}

/** Whoever runs an authority decides what its certificates say: one root's word is not another's. */
function findRootFault({ trustRoots }: SignerRule, { trustRoot }: VerifiedSignature): string | undefined {
  if (trustRoots.length === 0 || trustRoots.includes(trustRoot)) return undefined;
  return `expected trust root ${trustRoots.join(' or ')}, got ${trustRoot}`;
}

function findSignerFault(rule: SignerRule, { signer }: VerifiedSignature): string | undefined {
  if (signer.kind === 'key') {
    return rule.keys.some(({ keyId }) => keyId === signer.keyId) ? undefined : `signed by key ${signer.keyId}`;
  }
  try {
    verifyIdentity(signer.claims, rule);
    return undefined;
  } catch (error) {
    if (error instanceof TrustError) return error.message;
    throw error;
  }
}

/** A key has no certificate, and so nobody promised to log one. */
function findShortage(rule: SignerRule, signature: VerifiedSignature): string | undefined {
  const counts = [
    ['log entries', rule.logEntries, signature.logEntries],
    ['promises to log the certificate', signature.signer.kind === 'key' ? 0 : rule.scts, signature.scts],
    ['timestamps', rule.timestamps, signature.timestamps],
  ] as const;
  const short = counts.find(([, least, got]) => got < least);
  return short && `expected ${short[1]} ${short[0]}, got ${short[2]}`;
}

function judgeAge(
  { maxAgeMs }: SignatureRule,
  { artifact, now }: { readonly artifact: ArtifactEvidence; readonly now: number },
  signatures: readonly VerifiedSignature[],
): readonly Finding[] {
  if (maxAgeMs === undefined) return [];
  const times = signatures.flatMap(({ signedAt }) => (signedAt === undefined ? [] : [signedAt]));
  const latest = Math.max(...times);
  const isFresh = times.length > 0 && isRecent(latest, { maxAgeMs, now });
  return [
    {
      rule: 'signature-age',
      artifact: artifact.name,
      outcome: isFresh ? 'met' : 'unmet',
      expected: `a signature of the last ${formatDuration(maxAgeMs)}`,
      found: times.length > 0 ? `signed ${encodeTime(latest)}` : 'no proven time',
      hint: isFresh ? undefined : 'sign the artifact again, or build it anew',
    },
  ];
}

function describeSigners({ identities, keys }: SignerRule): string {
  const names = [
    ...identities.map(({ issuer }) => `an identity by ${issuer}`),
    ...keys.map(({ name }) => `key ${name}`),
  ];
  return `a signature by ${[...new Set(names)].join(' or ')}`;
}

function describeSigner({ signer }: VerifiedSignature): string {
  return signer.kind === 'key' ? `key ${signer.keyId}` : `${signer.claims.subject.value} (${signer.claims.issuer})`;
}
