/** Tables of the pki plane: authorities and certificates. DER stands as base64, serial numbers as lower-case hex. */

/**
 * An issuing key with its name. Unique (organisation_id, name) and (organisation_id, key_id). `custody`: `dual` needs a
 * passphrase besides the vault, `server` the vault alone, `offline` keeps the key elsewhere. `pending` waits for its
 * certificate, for which `request` asks (PKCS#10, DER; also while a certificate is to be renewed elsewhere). `successor_id`
 * issues what is asked of this one. `subject` is the DER name; `public_key` the SPKI; `key_id` its hex SHA-256.
 * `dual_protection` is JSON.
 */
export interface AuthorityTable {
  id: string;
  organisation_id: string;
  name: string;
  kind: 'root' | 'intermediate';
  custody: 'dual' | 'server' | 'offline';
  parent_id: string | null;
  successor_id: string | null;
  algorithm: string;
  subject: string;
  key_id: string;
  public_key: string;
  sealed_key: string | null;
  dual_protection: string | null;
  request: string | null;
  state: 'pending' | 'active' | 'retired' | 'revoked';
  created_at: number;
  ended_at: number | null;
  /** Of an intermediate by a profile of the organisation's own, its name. */
  profile: string | null;
}

/**
 * Every certificate issued or imported. Unique (issuer_id, serial). `issuer_id` is null when somebody else issued it,
 * `subject_authority_id` set when it certifies an authority's key (a root's own: both). `names` is a JSON array of SAN
 * texts (`dns:example.com`), `search` what a search looks in, lower case. `held` is certificateHold. `replaces_id` is the
 * certificate that this one renews. `notice_days` is the last expiry notice given (30, 14, 7, 1).
 */
export interface CertificateTable {
  id: string;
  organisation_id: string;
  issuer_id: string | null;
  subject_authority_id: string | null;
  profile: string;
  serial: string;
  subject: string;
  common_name: string;
  names: string;
  search: string;
  der: string;
  fingerprint: string;
  key_id: string;
  not_before: number;
  not_after: number;
  state: 'valid' | 'held' | 'revoked';
  reason: string | null;
  revoked_at: number | null;
  invalid_from: number | null;
  replaces_id: string | null;
  source: 'form' | 'request' | 'acme' | 'import' | 'system';
  sealed_key: string | null;
  sealed_password: string | null;
  acme_account_id: string | null;
  notice_days: number | null;
  created_by: string;
  created_at: number;
}

/** The names that an organisation's authorities may certify. Primary key organisation_id; `document` is JSON (name-policy.ts). */
export interface NamePolicyTable {
  organisation_id: string;
  document: string;
  changed_at: number;
}

/** A profile of one organisation. Primary key (organisation_id, name); `document` is JSON (profile.ts). */
export interface CertificateProfileTable {
  organisation_id: string;
  name: string;
  document: string;
  created_at: number;
}
