/** Verifies the bundles of a document: one of them must hold, and which do not is told. */
import { TrustError } from '@signpost/protocol/errors';
import type { Artifact } from '@signpost/protocol/sigstore/artifact';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { extractBundles } from '@signpost/protocol/sigstore/extract-bundles';
import type { TrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { type VerifiedBundle, verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import type { RequiredSigner } from '@signpost/protocol/sigstore/verify-signer';

/** What the bundles of a document must be good for. */
export interface DocumentRequirements {
  readonly artifact: Artifact;
  readonly trustedRoot: TrustedRoot;
  readonly signer: RequiredSigner;
  /** Unix milliseconds. */
  readonly now: number;
}

/** What became of each bundle. */
export interface VerifiedDocument {
  /** At least one. */
  readonly verified: readonly VerifiedBundle[];
  readonly refused: readonly TrustError[];
}

/**
 * Verifies every bundle in a document, in any form that `extractBundles` takes. Throws the TrustError of the only bundle, or of the
 * first of several, when none holds.
 */
export async function verifyDocument(
  bytes: Uint8Array,
  { artifact, trustedRoot, signer, now }: DocumentRequirements,
): Promise<VerifiedDocument> {
  const bundles = extractBundles(bytes);
  const verified: VerifiedBundle[] = [];
  const refused: TrustError[] = [];
  for (const text of bundles) {
    try {
      verified.push(await verifyBundle(parseBundle(text), { artifact, trustedRoot, signer, now }));
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      refused.push(error);
    }
  }
  const [first, ...others] = refused;
  if (verified.length > 0 || !first) return { verified, refused };
  if (others.length === 0) throw first;
  throw new TrustError(first.code, `none of ${refused.length} bundles: ${first.message}`, { cause: first });
}
