/** The verifier of what is fetched: by signers, or by a policy of releases. */
import { createHash } from 'node:crypto';
import type { EvidenceVerifier } from '@signpost/protocol/fetching/fetch-verified';
import { createBundleVerifier, parseTagVersion } from '@signpost/protocol/fetching/verify-bundles';
import type { ReleasePolicy } from '@signpost/protocol/policy/policy';
import type { Artifact } from '@signpost/protocol/sigstore/artifact';
import { assertPassed, type DigestedArtifact, judgeArtifacts } from './judge-artifacts.ts';
import type { Requirement } from './required-signer.ts';
import type { ChosenTrustedRoot } from './trusted-root-source.ts';

/** A verifier for the requirement, under the trusted root. `now` in Unix milliseconds. */
export function createFetchVerifier(
  requirement: Requirement,
  { trustedRoot, now }: { readonly trustedRoot: ChosenTrustedRoot; readonly now: number },
): EvidenceVerifier {
  if (requirement.kind === 'release') return createPolicyVerifier(requirement.policy, { trustedRoot, now });
  return createBundleVerifier({ trustedRoot: trustedRoot.root, signer: requirement, now });
}

function createPolicyVerifier(
  policy: ReleasePolicy,
  { trustedRoot, now }: { readonly trustedRoot: ChosenTrustedRoot; readonly now: number },
): EvidenceVerifier {
  return async (artifact, documents) => {
    const bundles = documents.map((bytes, index) => ({ name: `bundle ${index + 1}`, bytes }));
    const evidence = { bundles, sboms: [], trustedRoots: [trustedRoot], now };
    const { verdict, facts } = await judgeArtifacts(policy, [describe(artifact)], evidence);
    assertPassed(verdict);
    const signatures = facts.flatMap(({ signatures: all }) =>
      all.flatMap((one) => (one.state === 'verified' ? [one.value] : [])),
    );
    const times = signatures.flatMap(({ signedAt }) => signedAt ?? []);
    const refs = signatures.flatMap(({ signer }) =>
      signer.kind === 'certificate' ? (signer.claims.sourceRepositoryRef ?? []) : [],
    );
    return {
      signedAt: times.length === 0 ? undefined : Math.min(...times),
      version: refs[0] === undefined ? undefined : parseTagVersion(refs[0]),
    };
  };
}

function describe(artifact: Artifact): DigestedArtifact {
  if (artifact.kind === 'stream') throw new TypeError('expected bytes or digests');
  const name = 'the artifact';
  if (artifact.kind === 'bytes') {
    const digest = (hash: string) => Uint8Array.from(createHash(hash).update(artifact.bytes).digest());
    return { name, digests: { sha256: digest('sha256'), sha384: digest('sha384'), sha512: digest('sha512') } };
  }
  const { sha256, ...others } = artifact.digests;
  if (sha256 === undefined) throw new TypeError('expected SHA-256 among the digests');
  return { name, digests: { ...others, sha256 } };
}
