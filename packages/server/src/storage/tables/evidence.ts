/** Tables of evidence about releases: SBOMs with their components, and what is known of vulnerabilities. */

/**
 * An SBOM of an artifact. `sha256`, `size_bytes`: its document among the blobs. `origin`: handed in, or made by the server from what the
 * artifact holds. `findings`, `tools`, `authors` as JSON; `described` the JSON array of what it is about. At most one in force for each artifact of a release and
 * origin: unique (release_id, artifact_sha256, origin) where state = 'current'.
 */
export interface SbomTable {
  id: string;
  project_id: string;
  release_id: string;
  artifact_sha256: string;
  origin: 'attached' | 'generated';
  state: 'current' | 'past';
  sha256: string;
  size_bytes: number;
  standard: 'CycloneDX' | 'SPDX';
  format_version: string;
  encoding: 'json' | 'xml';
  serial: string | null;
  stated_at: string | null;
  tools: string;
  authors: string;
  component_count: number;
  findings: string;
  created_at: number;
}

/**
 * A component of an SBOM in force, what it is about left out. Primary key (sbom_id, position). `search`: name in lower case. `ecosystem`, `package`: type and
 * name of a valid package URL, with the namespace before it, as vulnerabilities name packages. `licences` as JSON.
 */
export interface SbomComponentTable {
  sbom_id: string;
  position: number;
  ref: string;
  kind: string;
  name: string;
  search: string;
  version: string | null;
  purl: string | null;
  ecosystem: string | null;
  package: string | null;
  licences: string;
  supplier: string | null;
}

/** A snapshot of the vulnerabilities of an ecosystem, of the whole server. One is current: unique (ecosystem) where state = 'current'. */
export interface VulnerabilitySnapshotTable {
  id: string;
  ecosystem: string;
  state: 'loading' | 'current';
  snapshot_at: number;
  imported_at: number;
  entries: number;
}

/** A vulnerability of a snapshot. Primary key (snapshot_id, id). `aliases` as JSON; `score_tenths`: the CVSS base score times ten. */
export interface VulnerabilityTable {
  snapshot_id: string;
  id: string;
  modified_at: number;
  aliases: string;
  summary: string;
  severity: 'critical' | 'high' | 'medium' | 'low' | 'none' | 'unknown';
  score_tenths: number | null;
  vector: string | null;
}

/**
 * A package that a vulnerability affects. Primary key (snapshot_id, vulnerability_id, position). `package`: its name in the ecosystem's normal form; `branch`:
 * what the ecosystem has after its colon (`12` of `Debian:12`); `affected`: versions and ranges as JSON.
 */
export interface VulnerabilityPackageTable {
  snapshot_id: string;
  vulnerability_id: string;
  position: number;
  package: string;
  branch: string | null;
  affected: string;
}

/** A VEX document about a release; each is kept once: unique (release_id, sha256). `stated_at` orders statements that contradict each other. */
export interface VexTable {
  id: string;
  project_id: string;
  release_id: string;
  sha256: string;
  size_bytes: number;
  standard: 'OpenVEX' | 'CycloneDX';
  author: string | null;
  stated_at: number;
  created_at: number;
}

/** A statement of such a document. Primary key (vex_id, position). `purl` null: about the release as a whole. */
export interface VexStatementTable {
  vex_id: string;
  position: number;
  vulnerability: string;
  purl: string | null;
  /** The file that it is about; null for every file with that component. */
  artifact_sha256: string | null;
  status: 'not_affected' | 'affected' | 'fixed' | 'under_investigation';
  justification: string | null;
  detail: string | null;
  stated_at: number;
}
