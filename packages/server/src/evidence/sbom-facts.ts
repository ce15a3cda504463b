/** The evidence of SBOMs in the words of policies. */
import type { Judged, KnownVulnerability, SbomFacts } from '@signpost/protocol/policy/evidence';
import type { SbomFinding } from '@signpost/protocol/sbom/finding';
import type { SbomEvidence } from './sbom-evidence.ts';
import type { FoundVulnerability } from './vulnerabilities/report.ts';

/** What a policy is told of an SBOM. Those in force have no errors: they would not have been taken. */
export function describeSbomFacts(evidence: SbomEvidence): Judged<SbomFacts> {
  const { origin, sha256, format, componentCount, ntiaFindings, snapshotDate, missingEcosystems, unmatchedComponents } =
    evidence;
  const found = evidence.vulnerabilities.flatMap(nameVulnerability);
  return {
    state: 'verified',
    document: `${origin} SBOM ${sha256.slice(0, 12)}`,
    value: {
      format: format.standard === 'SPDX' ? 'spdx' : 'cyclonedx',
      components: componentCount,
      gaps: ntiaFindings.map(explain),
      vulnerabilities:
        snapshotDate === undefined && missingEcosystems.length > 0
          ? undefined
          : {
              ...{ found, snapshotAt: snapshotDate, missing: missingEcosystems },
              lookedUp: componentCount - unmatchedComponents,
            },
    },
  };
}

/** One rated `none` harms nobody. */
function nameVulnerability({ id, component, severity, suppressedBy }: FoundVulnerability): KnownVulnerability[] {
  if (severity === 'none') return [];
  return [{ id, component: component.purl, severity, suppressedBy: suppressedBy?.status }];
}

function explain({ rule, count, examples }: SbomFinding): string {
  return `${rule} (${count}): ${examples.join(', ')}`;
}
