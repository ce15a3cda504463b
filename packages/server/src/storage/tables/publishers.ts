/** Tables of trusted publishing: builds that may upload without a key that is stored anywhere. */

/**
 * Whose tokens count for a project. What is null is not asked for. `ref` is text, or a pattern where `ref_kind` says so. Rows stay when a
 * publisher is removed: the uploads that came by it name it.
 */
export interface PublisherTable {
  id: string;
  organisation_id: string;
  project_id: string;
  platform: 'github' | 'gitlab';
  issuer: string;
  repository_id: string;
  repository: string;
  workflow: string;
  ref: string;
  ref_kind: 'exact' | 'pattern';
  environment: string | null;
  may_activate: number;
  created_by: string | null;
  created_at: number;
  removed_at: number | null;
}

/** A token that was exchanged: the key that was given for it, and the verified claims (JSON). */
export interface PublisherGrantTable {
  id: string;
  publisher_id: string;
  api_key_id: string;
  claims: string;
  created_at: number;
}

/** Tokens that were exchanged and have not expired: SHA-256 of issuer and `jti`, primary key. */
export interface PublisherTokenTable {
  digest: string;
  expires_at: number;
}

/** Which grant an artifact was uploaded by; primary key artifact_id. */
export interface ArtifactGrantTable {
  artifact_id: string;
  grant_id: string;
}
