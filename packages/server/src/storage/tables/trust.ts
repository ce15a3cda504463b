/** Tables of trust: pinned roots, trust lists, signing keys. */

/** The roots that an organisation pinned when its first list was imported. Primary key (organisation_id, key_id). */
export interface TrustRootTable {
  organisation_id: string;
  key_id: string;
  pubkey_b64: string;
  threshold: number;
  pinned_at: number;
}

/** Every list ever imported. Primary key (organisation_id, version). `envelope` is canonical JSON as served. */
export interface TrustListTable {
  organisation_id: string;
  version: number;
  digest: string;
  envelope: string;
  issued_at: number;
  expires_at: number;
  changes_roots: number;
  imported_at: number;
}

/** Server keys. At most one `active` per (organisation_id, scope): partial unique index. `sealed_seed` under the vault. */
export interface SigningKeyTable {
  key_id: string;
  organisation_id: string;
  scope: string;
  label: string;
  pubkey_b64: string;
  sealed_seed: string;
  state: 'created' | 'active' | 'retired' | 'revoked';
  created_at: number;
  activated_at: number | null;
  ended_at: number | null;
}
