/** Holds a release policy against files on this machine: signatures, provenance and SBOMs, without a server. */
import { encodeHex } from '@signpost/protocol/bytes/hex';
import builders from '@signpost/protocol/data/builders.json' with { type: 'json' };
import { TrustError } from '@signpost/protocol/errors';
import { evaluatePolicy } from '@signpost/protocol/policy/evaluate';
import type { ArtifactEvidence, Judged, SbomFacts } from '@signpost/protocol/policy/evidence';
import { type GivenDocument, gatherEvidence, type NamedTrustedRoot } from '@signpost/protocol/policy/gather';
import type { ReleasePolicy } from '@signpost/protocol/policy/policy';
import type { Verdict } from '@signpost/protocol/policy/verdict';
import { inspectSbom } from '@signpost/protocol/sbom/inspect';
import { parseSbom } from '@signpost/protocol/sbom/parse-sbom';
import type { Digests } from '@signpost/protocol/sigstore/artifact';
import { parseBuilderTable } from '@signpost/protocol/sigstore/builder-table';
import type { JsonObject } from '../http/answer.ts';

/** An artifact by its digests; SHA-256 must be among them. */
export interface DigestedArtifact {
  readonly name: string;
  readonly digests: Digests & { readonly sha256: Uint8Array };
}

/** What there is to judge by. */
export interface LocalEvidence {
  readonly bundles: readonly GivenDocument[];
  readonly sboms: readonly GivenDocument[];
  readonly trustedRoots: readonly NamedTrustedRoot[];
  /** Unix milliseconds. */
  readonly now: number;
}

/** A verdict, and the facts that it was given on. */
export interface LocalJudgement {
  readonly verdict: Verdict;
  readonly facts: readonly ArtifactEvidence[];
}

/**
 * Judges the artifacts as a release of a server would be. What only a server has, its scanner, vulnerability data and trust list, counts
 * as not there.
 */
export async function judgeArtifacts(
  policy: ReleasePolicy,
  artifacts: readonly DigestedArtifact[],
  { bundles, sboms, trustedRoots, now }: LocalEvidence,
): Promise<LocalJudgement> {
  const facts: ArtifactEvidence[] = [];
  const context = { trustedRoots, builders: parseBuilderTable(builders), now };
  for (const { name, digests } of artifacts) {
    facts.push({
      ...{ name, sha256: encodeHex(digests.sha256) },
      ...(await gatherEvidence(policy, bundles, { ...context, digests })),
      sboms: sboms.map((document) => judgeSbom(document, digests, now)),
      scan: { state: 'unknown' },
    });
  }
  return { verdict: evaluatePolicy(policy, { artifacts: facts, approvals: 0 }, { now }), facts };
}

function judgeSbom({ name, bytes }: GivenDocument, digests: Digests, now: number): Judged<SbomFacts> {
  try {
    const sbom = parseSbom(bytes);
    const artifact = Object.fromEntries(Object.entries(digests).map(([hash, digest]) => [hash, encodeHex(digest)]));
    const findings = inspectSbom(sbom, { artifact, now });
    const errors = findings.filter(({ severity }) => severity === 'error');
    const explain = (all: typeof findings) => all.map(({ rule, examples }) => `${rule}: ${examples.join(', ')}`);
    if (errors.length > 0) return { state: 'refused', document: name, reason: explain(errors).join('; ') };
    return {
      state: 'verified',
      document: name,
      value: {
        format: sbom.format.standard === 'SPDX' ? 'spdx' : 'cyclonedx',
        components: sbom.components.length,
        gaps: explain(findings.filter(({ rule }) => rule.startsWith('ntia_'))),
        vulnerabilities: undefined,
      },
    };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return { state: 'refused', document: name, reason: `${error.code}: ${error.message}` };
  }
}

/** Throws `policy_denied` with the findings that are not met, unless every rule is. */
export function assertPassed({ result, findings }: Verdict): void {
  if (result === 'passed') return;
  const unmet = findings.filter(({ outcome }) => outcome !== 'met');
  const reasons = unmet.map(({ rule, expected, found }) => `${rule}: expected ${expected}, got ${found}`);
  throw new TrustError('policy_denied', reasons.join('; '));
}

/** A verdict as the server writes it. */
export function describeVerdict({ result, mode, findings }: Verdict): JsonObject {
  return {
    ...{ result, mode },
    findings: findings.map(({ rule, artifact, outcome, expected, found, hint }) => ({
      rule,
      ...(artifact !== undefined && { artifact }),
      ...{ outcome, expected, found },
      ...(hint !== undefined && { hint }),
    })),
  };
}
