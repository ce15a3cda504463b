/** Tables of releases: projects, uploads, artifacts, manifests, downloads. */

/**
 * Unique (organisation_id, slug). `name` and `description` are JSON locale maps. `accepted_types` is a JSON array of
 * `zip`, `tar.gz`, `any`. `counter` only grows.
 */
export interface ProjectTable {
  id: string;
  organisation_id: string;
  slug: string;
  kind: 'app' | 'wordpress_plugin' | 'module_collection' | 'module';
  name: string;
  description: string;
  primary_locale: string;
  accepted_types: string;
  scan: 'required' | 'off';
  manifest_days: number;
  counter: number;
  created_at: number;
  deleted_at: number | null;
}

/**
 * Unique (project_id, version). At most one `active` per (project_id, channel): partial unique index.
 * `changelog` is a JSON locale map of Markdown.
 */
export interface ReleaseTable {
  id: string;
  project_id: string;
  version: string;
  channel: string;
  state: 'draft' | 'active' | 'superseded' | 'withdrawn' | 'quarantined';
  changelog: string;
  min_version: string | null;
  reason: string | null;
  created_at: number;
  activated_at: number | null;
  deleted_at: number | null;
}

/** Unique (release_id, name). `sha256` names the blob. Digests in lower-case hex. `scan` is JSON `ScanResult`. */
export interface ArtifactTable {
  id: string;
  release_id: string;
  name: string;
  platform: string;
  media_type: string;
  size_bytes: number;
  sha1: string;
  sha256: string;
  sha384: string;
  sha512: string;
  blake2b512: string;
  scan: string;
  created_at: number;
}

/**
 * A file on its way in. `receiving` (bytes lie in `uploads/{id}.part`), `inspecting` (a job runs), then `accepted`
 * (artifact_id is set) or `refused` (refusal is JSON `{rule, message, hint}`; nothing was kept).
 */
export interface UploadTable {
  id: string;
  organisation_id: string;
  project_id: string;
  version: string;
  channel: string;
  name: string;
  platform: string;
  size_bytes: number;
  state: 'receiving' | 'inspecting' | 'accepted' | 'refused';
  stage: string | null;
  progress: number;
  refusal: string | null;
  artifact_id: string | null;
  actor: string;
  created_at: number;
  updated_at: number;
}

/**
 * Unique (project_id, counter). `proposed` waits for approvals; `current` is served, at most one per
 * (project_id, channel): partial unique index; `past` was served; `void` never was and never will be.
 * `document` is the canonical manifest object; `envelope` is set once it is signed.
 */
export interface ManifestTable {
  id: string;
  project_id: string;
  release_id: string;
  channel: string;
  counter: number;
  state: 'proposed' | 'current' | 'past' | 'void';
  document: string;
  envelope: string | null;
  expires_at: number;
  created_at: number;
}

/** Maintainers' signatures on a proposed manifest. Primary key (manifest_id, key_id). */
export interface ApprovalTable {
  manifest_id: string;
  key_id: string;
  signature: string;
  created_at: number;
}

/** Downloads without addresses or user agents. Primary key (project_id, day, version, platform); day as `2026-11-21`. */
export interface DownloadCountTable {
  project_id: string;
  day: string;
  version: string;
  platform: string;
  count: number;
}

/** A blob that no row may name, of a draft that was discarded or of a row that is to come, primary key sha256: its bytes are freed some time later, unless a row names it by then. */
export interface DiscardedBlobTable {
  sha256: string;
  discarded_at: number;
}
