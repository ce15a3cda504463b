/** A second look at every certificate of an authority before anybody sees it. */
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { assertRules, profileRules } from '@signpost/protocol/x509/profile';
import { verifyCertificate, verifySigned } from '@signpost/protocol/x509/verify-certificate';

/**
 * Throws TrustError unless `certificate` is one of RFC 5280 and continues `chain` (its issuer first, the root last; empty for a
 * root, which signs itself).
 */
export async function assertSound(certificate: Certificate, chain: readonly Certificate[]): Promise<void> {
  assertRules(certificate, profileRules);
  const anchor = chain.at(-1);
  if (!anchor) return verifySigned(certificate, await importPublicKey(certificate.spki));
  const at = Math.max(certificate.notBefore, ...chain.map(({ notBefore }) => notBefore));
  const pool = { anchors: [anchor], intermediates: chain.slice(0, -1) };
  await verifyCertificate(certificate, pool, { at, maxIntermediates: chain.length });
}
