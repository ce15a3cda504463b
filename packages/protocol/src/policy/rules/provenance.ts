/** The rules on provenance: who attested the build, by which builder, from which source, at which SLSA build level. */
import type { ArtifactEvidence, ProvenanceFacts } from '../evidence.ts';
import type { ProvenanceRule } from '../policy.ts';
import type { Finding, PolicyRule } from '../verdict.ts';
import { acceptSigners } from './signature.ts';

/**
 * The SLSA build level of the statement that counts for the rule; undefined when none does. A statement by somebody else, or under
 * another trust root, adds nothing to it.
 */
export function findAcceptedLevel(rule: ProvenanceRule, artifact: ArtifactEvidence): number | undefined {
  const { values } = acceptSigners(rule, artifact.provenance, ({ signature }) => signature);
  const met = values.filter((facts) => countUnmet(judgeFacts(rule, artifact.name, facts)) === 0);
  return met.length === 0 ? undefined : Math.max(...met.map(({ level }) => level));
}

/** Holds the provenance of an artifact against the rule. Of several statements the one counts that meets the most. */
export function judgeProvenance(rule: ProvenanceRule, artifact: ArtifactEvidence): readonly Finding[] {
  const accepted = acceptSigners(rule, artifact.provenance, ({ signature }) => signature);
  const base = { rule: 'provenance', artifact: artifact.name, expected: 'provenance by an accepted signer' } as const;
  const judged = accepted.values.map((facts) => judgeFacts(rule, artifact.name, facts));
  const [best] = judged.toSorted((left, right) => countUnmet(left) - countUnmet(right));
  if (!best)
    return [{ ...base, ...accepted.refusal, hint: 'have the build attest itself, then signpost evidence attach' }];
  return [{ ...base, outcome: 'met', found: `${judged.length} accepted`, hint: undefined }, ...best];
}

function judgeFacts(rule: ProvenanceRule, artifact: string, facts: ProvenanceFacts): readonly Finding[] {
  const level: Finding = {
    rule: 'build-level',
    artifact,
    outcome: facts.level >= rule.minimumLevel ? 'met' : 'unmet',
    expected: `SLSA build level ${rule.minimumLevel} or higher`,
    found: `level ${facts.level} by ${facts.builder}`,
    hint: facts.level >= rule.minimumLevel ? undefined : 'build on a hosted builder that attests by itself',
  };
  return [
    ...judgeText('builder', artifact, { accepted: rule.builders, found: facts.builder }),
    ...judgeText('source', artifact, { accepted: rule.sources, found: nameSource(facts) }),
    ...judgeText('build-type', artifact, { accepted: rule.buildTypes, found: facts.buildType }),
    ...(rule.minimumLevel > 0 ? [level] : []),
  ];
}

/** What the signer's certificate denies (level 0) is nobody's source. */
function nameSource({ source, level }: ProvenanceFacts): string | undefined {
  return source !== undefined && level === 0 ? `${source}, which the certificate denies` : source;
}

/** Texts are compared to the letter. */
function judgeText(
  rule: PolicyRule,
  artifact: string,
  { accepted, found }: { readonly accepted: readonly string[]; readonly found: string | undefined },
): readonly Finding[] {
  if (accepted.length === 0) return [];
  const isMet = found !== undefined && accepted.includes(found);
  const hint = isMet ? undefined : 'the policy names what is accepted, to the letter';
  return [
    { rule, artifact, outcome: isMet ? 'met' : 'unmet', expected: accepted.join(' or '), found: found ?? 'none', hint },
  ];
}

function countUnmet(findings: readonly Finding[]): number {
  return findings.filter(({ outcome }) => outcome !== 'met').length;
}
