/** A verdict as a statement that others can check (SLSA Verification Summary Attestation, slsa.dev/verification_summary/v1). */
import { createSummaryStatement, signStatement } from '@signpost/protocol/intoto/write-statement';
import { Refusal } from '../../errors.ts';
import { requireTrust } from '../../releases/lifecycle/manifest.ts';
import { openSharedSigner, type SigningKeyDependencies } from '../../trust/signing-keys.ts';
import type { GateVerdict } from './verdict.ts';

/** Who states it. */
export interface SummaryParts extends SigningKeyDependencies {
  readonly baseUrl: string | undefined;
}

/**
 * Signs a verdict with the organisation's key for everything; what is warned of has passed. Throws `conflict`, rule `watch-verdict-unknown`,
 * where nothing is known to state, `trust_refused` without a usable key, `vault_locked`.
 */
export async function signVerdict(
  parts: SummaryParts,
  organisationId: string,
  { key, content, judged, outcome, level, policy, judgedAt }: GateVerdict,
): Promise<string> {
  if (content === undefined || judged === 'unknown' || outcome === 'unknown') {
    throw new Refusal('conflict', 'expected a verdict, and nothing is known to state', {
      rule: 'watch-verdict-unknown',
    });
  }
  const { query } = parts.database;
  const trust = await requireTrust(query, organisationId, parts.now());
  const signer = await openSharedSigner(parts, organisationId, { query, trust });
  const isPassed = judged !== 'deny';
  const statement = createSummaryStatement([{ name: key, digests: new Map([['sha256', content]]) }], {
    verifierId: parts.baseUrl ?? `urn:signpost:key:${signer.keyId}`,
    ...{ verifierVersions: {}, timeVerified: judgedAt, resourceUri: key },
    policy: { uri: undefined, digests: new Map([['sha256', policy.sha256]]) },
    ...{ inputAttestations: [], result: isPassed ? 'PASSED' : 'FAILED', slsaVersion: '1.1' },
    verifiedLevels: isPassed ? [`SLSA_BUILD_LEVEL_${level}`] : ['FAILED'],
  });
  return signStatement(statement, [signer]);
}
