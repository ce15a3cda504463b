/** Tables of the roots that evidence is judged by. */

/**
 * A trusted root of Sigstore's kind, `name` unique in its organisation. From source `tuf` it follows a repository from `pinned_root`
 * (base64 of a root.json); from source `file` it is what somebody uploaded. `document` is what is in force, null until something was
 * accepted; `digest` its SHA-256 in hex. `expires_at` and `root_expires_at` are of the TUF metadata, `authorities_end_at` is when the last
 * certificate authority in the document ends, null while one has no end. `since` is when the run of failures, or of successes, began.
 */
export interface EvidenceRootTable {
  id: string;
  organisation_id: string;
  name: string;
  source: 'tuf' | 'file';
  metadata_url: string | null;
  targets_url: string | null;
  target: string | null;
  pinned_root: string | null;
  document: string | null;
  digest: string | null;
  accepted_at: number | null;
  root_version: number | null;
  expires_at: number | null;
  root_expires_at: number | null;
  authorities_end_at: number | null;
  checked_at: number | null;
  next_check_at: number | null;
  failures: number;
  failure_code: string | null;
  failure: string | null;
  since: number;
  created_at: number;
}

/** What the TUF client keeps: primary key (root_id, role), `bytes` in base64. `role` is any text. */
export interface EvidenceRootMetadataTable {
  root_id: string;
  role: string;
  bytes: string;
}
