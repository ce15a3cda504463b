/** Table of access by client certificate. */

/**
 * A rule: certificates of an authority that match get a scope and verbs, as an API key has them. `match_kind` says which part is
 * compared with `match_value`: the hex SHA-256 of the DER, the subject (RFC 4514) or an alternative name (`dns:host.example`).
 * At most one rule in force for each match: unique (authority_id, match_kind, match_value) where revoked_at is null.
 */
export interface ClientAccessTable {
  id: string;
  organisation_id: string;
  name: string;
  authority_id: string;
  match_kind: 'fingerprint' | 'name' | 'subject';
  match_value: string;
  scope: string;
  verbs: string;
  created_by: string | null;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}
