/** The rules on bills of materials: there is one, it is complete, and nothing in it is known to be vulnerable. */
import { encodeTime } from '../../json/time.ts';
import { formatDuration, isRecent } from '../duration.ts';
import type { ArtifactEvidence, KnownVulnerability, SbomFacts } from '../evidence.ts';
import type { SbomRule, VulnerabilityRule } from '../policy.ts';
import { isAtLeast } from '../severity.ts';
import type { Finding } from '../verdict.ts';
import { listSome } from './listing.ts';

/** Holds the bills of materials of an artifact against the rule. */
export function judgeSbom(rule: SbomRule, artifact: ArtifactEvidence, now: number): readonly Finding[] {
  const sboms = artifact.sboms.flatMap((item) => (item.state === 'verified' ? [item.value] : []));
  const accepted = sboms.filter(({ format }) => rule.formats.includes(format));
  const present = judgePresence(rule, artifact, accepted);
  if (accepted.length === 0) return [present];
  return [
    present,
    ...(rule.complete ? [judgeCompleteness(artifact, accepted)] : []),
    // All of them: a second, shorter list must not hide what the first one names.
    ...(rule.vulnerabilities ? judgeVulnerabilities(rule.vulnerabilities, { artifact, now }, sboms) : []),
  ];
}

function judgePresence(rule: SbomRule, artifact: ArtifactEvidence, accepted: readonly SbomFacts[]): Finding {
  const reasons = artifact.sboms.flatMap((item) =>
    item.state === 'verified' ? [] : [`${item.document}: ${item.reason}`],
  );
  const base = { rule: 'sbom', artifact: artifact.name, expected: `an SBOM (${rule.formats.join(' or ')})` } as const;
  if (accepted.length > 0) {
    const found = accepted.map(({ format, components }) => `${format} of ${components} components`).join(', ');
    return { ...base, outcome: 'met', found, hint: undefined };
  }
  return {
    ...base,
    outcome: artifact.sboms.some(({ state }) => state === 'unknown') ? 'unknown' : 'unmet',
    found: reasons.join('; ') || 'none',
    hint: 'signpost evidence attach VERSION SBOM --project PROJECT',
  };
}

function judgeCompleteness(artifact: ArtifactEvidence, accepted: readonly SbomFacts[]): Finding {
  const [best] = accepted.toSorted((left, right) => left.gaps.length - right.gaps.length);
  const gaps = best?.gaps ?? [];
  return {
    rule: 'sbom-complete',
    artifact: artifact.name,
    outcome: gaps.length === 0 ? 'met' : 'unmet',
    expected: "the NTIA's minimum elements",
    found: gaps.length === 0 ? 'all of them' : listSome(gaps),
    hint: gaps.length === 0 ? undefined : 'have the build name supplier, version and relationships of each component',
  };
}

function judgeVulnerabilities(
  rule: VulnerabilityRule,
  { artifact, now }: { readonly artifact: ArtifactEvidence; readonly now: number },
  sboms: readonly SbomFacts[],
): readonly Finding[] {
  const all = sboms.map(({ vulnerabilities }) => vulnerabilities);
  const found = all.flatMap((one) => one?.found ?? []);
  const data = judgeData(rule, { artifact, now }, sboms);
  return all.some((one) => one !== undefined) ? [data, judgeFound(rule, artifact, found)] : [data];
}

function judgeData(
  rule: VulnerabilityRule,
  { artifact, now }: { readonly artifact: ArtifactEvidence; readonly now: number },
  sboms: readonly SbomFacts[],
): Finding {
  const all = sboms.map(({ vulnerabilities }) => vulnerabilities);
  const missing = [...new Set(all.flatMap((one) => one?.missing ?? []))];
  const dates = all.flatMap((one) => (one?.snapshotAt === undefined ? [] : [one.snapshotAt]));
  const isThere = all.every((one) => one !== undefined) && missing.length === 0 && isAnyLookedUp(sboms);
  const isFresh = dates.every((at) => isRecent(at, { maxAgeMs: rule.snapshotMaxAgeMs, now }));
  const isMet = isThere && isFresh;
  const oldest = dates.length === 0 ? 'no data' : `a snapshot of ${encodeTime(Math.min(...dates))}`;
  return {
    rule: 'vulnerability-data',
    artifact: artifact.name,
    outcome: isMet ? 'met' : 'unknown',
    expected: `data of the last ${formatDuration(rule.snapshotMaxAgeMs)}`,
    found: [oldest, ...describeGaps(sboms, missing)].join(', '),
    hint: isMet ? undefined : 'signpost vulnerabilities import ECOSYSTEM FILE',
  };
}

/** Of components that no data could name nothing is known; an SBOM may be empty, but not only of these. */
function isAnyLookedUp(sboms: readonly SbomFacts[]): boolean {
  return (
    sboms.every(({ components }) => components === 0) ||
    sboms.some(({ vulnerabilities }) => (vulnerabilities?.lookedUp ?? 0) > 0)
  );
}

function describeGaps(sboms: readonly SbomFacts[], missing: readonly string[]): readonly string[] {
  const unnamed = sboms.reduce(
    (count, { components, vulnerabilities }) => count + components - (vulnerabilities?.lookedUp ?? components),
    0,
  );
  return [
    ...(unnamed > 0 ? [`nothing to look up ${unnamed} components by`] : []),
    ...(missing.length > 0 ? [`none of ${listSome(missing)}`] : []),
  ];
}

function judgeFound(
  rule: VulnerabilityRule,
  artifact: ArtifactEvidence,
  found: readonly KnownVulnerability[],
): Finding {
  const open = found.filter(
    ({ severity, suppressedBy }) => suppressedBy === undefined && isAtLeast(severity, rule.denyAt),
  );
  const answered = [
    ...new Set(found.flatMap(({ id, suppressedBy }) => (suppressedBy ? [`${id} (${suppressedBy})`] : []))),
  ];
  const names = [...new Set(open.map(({ id, component, severity }) => `${id} (${severity}) in ${component}`))];
  return {
    rule: 'vulnerabilities',
    artifact: artifact.name,
    outcome: names.length === 0 ? 'met' : 'unmet',
    expected: `no vulnerability rated ${rule.denyAt} or worse`,
    found: [
      names.length === 0 ? 'none' : listSome(names),
      // Whoever may upload may answer, so that it must be seen.
      ...(answered.length > 0 ? [`answered by VEX: ${listSome(answered)}`] : []),
    ].join('; '),
    hint: names.length === 0 ? undefined : 'upgrade the component, or say by VEX why it is not affected',
  };
}
