/** A second look at every certificate of an authority before anybody sees it. */
import type { SignatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { lintCertificate } from '@signpost/protocol/x509/lint/lint-certificate';
import { verifyCertificate, verifySigned } from '@signpost/protocol/x509/verify-certificate';
import { Refusal } from '../../errors.ts';
import { knownWeakRule, type WeakKeys } from '../profiles/weak-keys.ts';

/** What else a certificate is held against. */
interface Known {
  readonly weakKeys: WeakKeys;
  /** What was chosen to sign it, where it was signed here. */
  readonly algorithm?: SignatureAlgorithm;
}

/**
 * Throws TrustError or `trust_refused`, rule `lint` or `key-known-weak`, unless `certificate` is one of RFC 5280 and continues `chain` (its issuer first, the root last; empty for a
 * root, which signs itself).
 */
export async function assertSound(
  certificate: Certificate,
  chain: readonly Certificate[],
  known: Known,
): Promise<void> {
  assertLint(certificate, chain, known);
  const anchor = chain.at(-1);
  if (!anchor) return verifySigned(certificate, await importPublicKey(certificate.spki));
  const at = Math.max(certificate.notBefore, ...chain.map(({ notBefore }) => notBefore));
  const pool = { anchors: [anchor], intermediates: chain.slice(0, -1) };
  await verifyCertificate(certificate, pool, { at, maxIntermediates: chain.length });
}

function assertLint(certificate: Certificate, [issuer]: readonly Certificate[], { weakKeys, algorithm }: Known): void {
  const findings = lintCertificate(certificate, {
    kind: issuer ? 'intermediate' : 'root',
    isKnownWeak: (key) => weakKeys.has(key),
    ...(issuer && { issuer }),
    ...(algorithm && 'hash' in algorithm && { hash: algorithm.hash }),
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const [first] = errors.map(({ rule, message, clause }) => `${rule}: ${message} (${clause})`);
  throw new Refusal('trust_refused', `${first ?? ''}${errors.length > 1 ? `, and ${errors.length - 1} more` : ''}`, {
    rule: errors[0]?.rule === knownWeakRule ? knownWeakRule : 'lint',
  });
}
