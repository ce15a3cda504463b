/** What is known of an artifact by its SBOM: for the gate, which decides what follows from it. */
import type { SbomFinding } from '@signpost/protocol/sbom/finding';
import type { Query } from '../storage/database.ts';
import { listSboms, type SbomRow } from './sboms/store.ts';
import { type FoundVulnerability, reportVulnerabilities } from './vulnerabilities/report.ts';

/** What an SBOM says, and what was found in it. */
export interface SbomEvidence {
  readonly present: true;
  readonly sbomId: string;
  /** The digest of the document. */
  readonly sha256: string;
  readonly origin: SbomRow['origin'];
  readonly format: { readonly standard: SbomRow['standard']; readonly version: string };
  readonly componentCount: number;
  /** What keeps it from the NTIA's minimum elements. */
  readonly ntiaFindings: readonly SbomFinding[];
  readonly vulnerabilities: readonly FoundVulnerability[];
  /** Unix milliseconds, of the oldest snapshot that was asked; undefined when there was none to ask. */
  readonly snapshotDate: number | undefined;
  /** Components that no snapshot could name. */
  readonly unmatchedComponents: number;
  /** Ecosystems of components of which no snapshot is there: nothing is known of these, which is not that nothing is wrong. */
  readonly missingEcosystems: readonly string[];
}

/** The evidence of every SBOM in force of an artifact, those handed in first; empty: there is none. */
export async function describeSbomEvidence(
  query: Query,
  { releaseId, artifactSha256 }: { readonly releaseId: string; readonly artifactSha256: string },
): Promise<readonly SbomEvidence[]> {
  const rows = (await listSboms(query, releaseId)).filter((row) => row.artifact_sha256 === artifactSha256);
  return Promise.all(rows.map((row) => describeSbom(query, row)));
}

async function describeSbom(query: Query, row: SbomRow): Promise<SbomEvidence> {
  const report = await reportVulnerabilities(query, row);
  const dates = report.snapshots.map(({ snapshot_at }) => snapshot_at);
  return {
    ...{ present: true, sbomId: row.id, sha256: row.sha256, origin: row.origin, componentCount: row.component_count },
    format: { standard: row.standard, version: row.format_version },
    ntiaFindings: (JSON.parse(row.findings) as SbomFinding[]).filter(({ rule }) => rule.startsWith('ntia_')),
    ...{ vulnerabilities: report.found, missingEcosystems: report.missingEcosystems },
    unmatchedComponents: report.unmatchedComponents,
    snapshotDate: dates.length === 0 ? undefined : Math.min(...dates),
  };
}
