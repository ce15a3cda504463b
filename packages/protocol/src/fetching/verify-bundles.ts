/** The verifier of fetched evidence by Sigstore bundles: for signers that a policy names, or a key. */
import { TrustError } from '../errors.ts';
import { parseBundle } from '../sigstore/bundle.ts';
import { extractBundles } from '../sigstore/extract-bundles.ts';
import { type BundleRequirements, type VerifiedBundle, verifyBundle } from '../sigstore/verify-bundle.ts';
import type { EvidenceVerifier } from './fetch-verified.ts';

/** A verifier that wants one bundle to hold; the version is the tag that the signer's certificate names. */
export function createBundleVerifier(requirements: Omit<BundleRequirements, 'artifact'>): EvidenceVerifier {
  return async (artifact, documents) => {
    let refusal: TrustError | undefined;
    for (const bundle of documents.flatMap(extractBundles)) {
      try {
        return describe(await verifyBundle(parseBundle(bundle), { ...requirements, artifact }));
      } catch (error) {
        if (!(error instanceof TrustError)) throw error;
        refusal ??= error;
      }
    }
    throw refusal ?? new TrustError('fetch_failed', 'expected a bundle, got none');
  };
}

function describe({ signer, times }: VerifiedBundle) {
  const signedAt = times.length === 0 ? undefined : Math.min(...times.map(({ time }) => time));
  const ref = signer.kind === 'certificate' ? signer.claims.sourceRepositoryRef : undefined;
  return { signedAt, version: ref === undefined ? undefined : parseTagVersion(ref) };
}

/** `refs/tags/v1.2.3` is 1.2.3; any other ref names no version. */
export function parseTagVersion(ref: string): string | undefined {
  return /^refs\/tags\/v?([0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?)$/.exec(ref)?.[1];
}
