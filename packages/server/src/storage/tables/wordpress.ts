/** Tables of WordPress plugins: what was read of them, credentials, deploys. */

/** What a plugin's archive says of itself, as JSON (`PluginReading`): facts and findings. */
export interface WordpressReadingTable {
  artifact_id: string;
  reading: string;
  read_at: number;
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
  release_id: string;
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
