/** Tables of the release gate: policies, overrides, evidence documents, verdicts. */

/**
 * The policies that a project had. Primary key (project_id, version), versions from 1 without a gap; the highest one is in
 * force. `text` is what somebody wrote, YAML or JSON; null: from here on the project has none. `author` is an actor in JSON.
 */
export interface ReleasePolicyTable {
  project_id: string;
  version: number;
  text: string | null;
  sha256: string | null;
  author: string;
  created_at: number;
}

/** A decision to let rules go for one release until `expires_at`. `rules` is a JSON array; `ended_at`: taken back before. */
export interface PolicyOverrideTable {
  id: string;
  release_id: string;
  rules: string;
  reason: string;
  author: string;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
}

/**
 * A document about an artifact, as it was handed in (a bundle, or what a registry or forge answers with bundles inside) or as the server
 * signed it (`issued`: DSSE envelopes). Unique (artifact_id, sha256). `content` is its text, which was read as its kind says.
 */
export interface EvidenceDocumentTable {
  id: string;
  artifact_id: string;
  kind: 'bundle' | 'attestations' | 'release' | 'provenance' | 'verification-summary';
  origin: 'attached' | 'issued';
  name: string;
  sha256: string;
  size_bytes: number;
  content: string;
  author: string;
  created_at: number;
}

/** What a policy said of a release, each time that it was asked and something was different. `findings` is JSON. */
export interface ReleaseVerdictTable {
  id: string;
  release_id: string;
  policy_version: number;
  moment: 'evidence' | 'activation';
  result: 'passed' | 'waived' | 'denied';
  mode: 'enforce' | 'observe';
  findings: string;
  created_at: number;
}
