/** Holds a policy against what is known of a release. Deny by default: what is demanded and not shown is unmet. */
import type { ArtifactEvidence, ReleaseEvidence } from './evidence.ts';
import type { ReleasePolicy } from './policy.ts';
import { judgeProvenance } from './rules/provenance.ts';
import { judgeSbom } from './rules/sbom.ts';
import { judgeScan } from './rules/scan.ts';
import { judgeSignature } from './rules/signature.ts';
import { createVerdict, type Finding, type Override, type Verdict } from './verdict.ts';

/** When a policy is asked, and what was decided beside it. */
export interface Evaluation {
  /** Unix milliseconds. */
  readonly now: number;
  readonly overrides?: readonly Override[];
}

/** The verdict of `policy` on a release. Asks nothing and waits for nothing: the same facts give the same verdict. */
export function evaluatePolicy(
  policy: ReleasePolicy,
  evidence: ReleaseEvidence,
  { now, overrides = [] }: Evaluation,
): Verdict {
  const findings = evidence.artifacts.flatMap((artifact) => judgeArtifact(policy, artifact, now));
  return createVerdict([...findings, ...judgeRelease(policy, evidence)], { mode: policy.mode, overrides, now });
}

function judgeArtifact(policy: ReleasePolicy, artifact: ArtifactEvidence, now: number): readonly Finding[] {
  return [
    ...(policy.signature ? judgeSignature(policy.signature, artifact, now) : []),
    ...(policy.provenance ? judgeProvenance(policy.provenance, artifact) : []),
    ...(policy.sbom ? judgeSbom(policy.sbom, artifact, now) : []),
    ...(policy.scan ? judgeScan(policy.scan, artifact, now) : []),
  ];
}

function judgeRelease({ approvals }: ReleasePolicy, evidence: ReleaseEvidence): readonly Finding[] {
  if (approvals === 0) return [];
  return [
    {
      rule: 'approvals',
      artifact: undefined,
      outcome: evidence.approvals >= approvals ? 'met' : 'unmet',
      expected: `${approvals} maintainers who must sign`,
      found: `${evidence.approvals} by the trust list in force`,
      hint:
        evidence.approvals >= approvals ? undefined : 'on the offline machine: signpost root set-project --approvals',
    },
  ];
}
