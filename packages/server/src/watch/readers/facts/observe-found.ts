/** Evidence held against the trusted roots of whoever watches. */
import type { BuilderTable } from '@signpost/protocol/sigstore/builder-table';
import type { TrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import type { FoundSignature } from './found-signature.ts';
import type { JudgingContext } from './judge-signature.ts';
import { type BundleFacts, observeBundles } from './observe-bundles.ts';

/** What every reader judges evidence by. */
export interface EvidenceParts {
  /** Those of an organisation, at the moment. */
  readonly readTrustedRoots: (organisationId: string) => Promise<readonly TrustedRoot[]>;
  readonly builders: BuilderTable;
  readonly now: () => number;
}

/** What was found beside an artifact, and for whom it is judged. */
export interface FoundEvidence extends Pick<JudgingContext, 'content' | 'digests'> {
  readonly organisationId: string;
  readonly found: readonly FoundSignature[];
}

/** Judges it by the roots that the organisation trusts now. Throws nothing for what others wrote. */
export async function observeFound(
  { readTrustedRoots, builders, now }: EvidenceParts,
  { organisationId, found, ...artifact }: FoundEvidence,
): Promise<BundleFacts> {
  const trustedRoots = await readTrustedRoots(organisationId);
  return observeBundles(found, { ...artifact, trustedRoots, builders, now: now() });
}
