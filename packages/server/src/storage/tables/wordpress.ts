/** Tables of WordPress plugins: what was read of them, credentials, deploys, what was found before deploys. */

/** What a plugin's archive says of itself, as JSON: a `PluginReading` with facts and findings, or the `refusal` that came of it. */
export interface WordpressReadingTable {
  artifact_id: string;
  reading: string;
  read_at: number;
}

/**
 * A picture of a plugin's page by its name, as the repository is to have it; without `sha256` and all that goes with it, a name to be deleted there.
 * `deployed_revision`: the one that brought exactly this.
 */
export interface WordpressAssetTable {
  project_id: string;
  name: string;
  media_type: string | null;
  sha256: string | null;
  size_bytes: number | null;
  width: number | null;
  height: number | null;
  staged_at: number;
  deployed_revision: number | null;
}

/** A picture of a plugin's page as strangers see it: what a deploy that was confirmed brought, or what was published without one. */
export interface WordpressShownAssetTable {
  project_id: string;
  name: string;
  media_type: string;
  sha256: string;
  size_bytes: number;
}

/** Ed25519 over the raw SHA-384 of an archive, in base64, as WordPress' own updater checks it; the newest of each archive. */
export interface WordpressSignatureTable {
  artifact_id: string;
  key_id: string;
  signature: string;
  signed_at: number;
}

/**
 * Who commits for a project, and where. `sealed_password` opens in the vault for `wordpress-password`, `wordpress_credential/{project_id}`, as long as
 * the vault has the key of `vault_fingerprint`.
 */
export interface WordpressCredentialTable {
  project_id: string;
  repository: string;
  username: string;
  sealed_password: string;
  vault_fingerprint: string;
  set_at: number;
}

/**
 * One deploy. `stage` is what is being done; `sending` is written before anything is, and stays until the repository was asked. `diff` is a `PreparedDiff` as JSON, `diff_digest` the SHA-256 that a person confirms. `attempts` counts how often its preparation was
 * begun. `failure` is a `DeployFailure`, `actor` and `confirmed_by` are an `Actor`, as JSON. Unique by (project_id, lane) while it is in flight.
 */
export interface WordpressDeployTable {
  id: string;
  organisation_id: string;
  project_id: string;
  /** Null in the lane of assets. */
  release_id: string | null;
  lane: 'code' | 'assets';
  version: string;
  artifact_sha256: string;
  repository: string;
  state: 'requested' | 'preparing' | 'awaiting_confirmation' | 'committing' | 'deployed' | 'failed' | 'cancelled';
  stage: 'unpacking' | 'fetching' | 'comparing' | 'sending' | null;
  attempts: number;
  diff_digest: string | null;
  diff: string | null;
  revision: number | null;
  failure: string | null;
  actor: string;
  confirmed_by: string | null;
  created_at: number;
  updated_at: number;
  ended_at: number | null;
}

/** What a project asks of the pre-flight. `gates` is JSON, by tool; what is not named there has its default. `php_version` is null for the server's own. */
export interface WordpressPreflightSettingsTable {
  project_id: string;
  php_version: string | null;
  gates: string;
  changed_at: number;
}

/**
 * One run of the pre-flight over the archive of a release. `subject` is JSON of what it was run on and with, by which it is known to be stale. `tool` is what is running,
 * with its files. `results` is JSON, by tool, of the tools that are done. `actor` is an `Actor` as JSON. Unique by release_id while it is open.
 */
export interface WordpressPreflightTable {
  id: string;
  organisation_id: string;
  project_id: string;
  release_id: string;
  artifact_id: string;
  state: 'waiting' | 'running' | 'done' | 'cancelled';
  subject: string;
  tool: string | null;
  files_done: number;
  files_total: number;
  attempts: number;
  results: string;
  actor: string;
  created_at: number;
  ended_at: number | null;
}
