/** Verifies a Sigstore bundle (docs/protocol/bundles.md): who signed the artifact, when, and where that is on record. */
import type { VerifiedCosignature } from '../tlog/cosignature.ts';
import type { Artifact } from './artifact.ts';
import type { Bundle } from './bundle.ts';
import { type ProvenTime, takeBundleSteps } from './bundle-steps.ts';
import { defaultMinimums, type EvidenceMinimums } from './identity-policy.ts';
import type { TrustedRoot } from './trusted-root.ts';
import type { VerifiedCertificateTimestamp } from './verify-certificate-timestamps.ts';
import { type VerifiedContent, verifyContent } from './verify-content.ts';
import type { VerifiedLogEntry } from './verify-log-entry.ts';
import { beginSignerCheck, type RequiredSigner, type VerifiedSigner } from './verify-signer.ts';
import type { WitnessQuorum } from './verify-witnesses.ts';

declare const verified: unique symbol;

/** A bundle that was verified for an artifact. Only `verifyBundle` makes one. */
export interface VerifiedBundle {
  readonly [verified]: true;
  readonly signer: VerifiedSigner;
  /** When the signature is proven to have been there; at least one for a certificate's. */
  readonly times: readonly ProvenTime[];
  readonly logEntries: readonly VerifiedLogEntry[];
  /** By the witnesses that were asked for. */
  readonly cosignatures: readonly VerifiedCosignature[];
  /** The logs that promised to publish the certificate. */
  readonly scts: readonly VerifiedCertificateTimestamp[];
  readonly content: VerifiedContent;
}

/** What a bundle must be good for. */
export interface BundleRequirements {
  readonly artifact: Artifact;
  readonly trustedRoot: TrustedRoot;
  readonly signer: RequiredSigner;
  /** Unix ms: nothing may have been signed after it, but for a minute of other clocks. Without it, the future is not looked at. */
  readonly now?: number;
  /** Takes entries that a log has only promised to include, which is all that many bundles of version 0.1 have; false by default. */
  readonly acceptPromises?: boolean;
  /** Witnesses that must have cosigned each log entry's checkpoint; none unless given. */
  readonly witnesses?: WitnessQuorum;
}

/**
 * The bundle, verified for the artifact: times, signer, log entries, content, in this order. Throws a TrustError with the code of the
 * first step that fails; a TypeError for digests of a wrong length, and what a stream throws.
 */
export async function verifyBundle(bundle: Bundle, requirements: BundleRequirements): Promise<VerifiedBundle> {
  const { trustedRoot, artifact, signer, now, acceptPromises = false, witnesses } = requirements;
  const verified = await takeBundleSteps(bundle, {
    ...{ trustedRoot, minimums: chooseMinimums(signer), now, acceptPromises, witnesses },
    signer: beginSignerCheck(bundle.signer, signer, trustedRoot),
    content: { isLate: artifact.kind === 'stream', verify: (key) => verifyContent(bundle.content, key, artifact) },
  });
  return verified as unknown as VerifiedBundle;
}

function chooseMinimums(signer: RequiredSigner): EvidenceMinimums {
  return signer.kind === 'policy' ? signer.policy : (signer.minimums ?? defaultMinimums);
}
