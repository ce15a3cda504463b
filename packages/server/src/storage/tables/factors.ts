/** Tables of second factors, and of the link by which the first admin is made. */

/** The tables of second factors by name. */
export interface FactorSchema {
  totp_factor: TotpFactorTable;
  passkey: PasskeyTable;
  recovery_code: RecoveryCodeTable;
  setup_link: SetupLinkTable;
}

/**
 * The authenticator app of a person, one at most. It counts once it is confirmed. `last_step` is the last step (RFC 6238) of which a code was
 * taken, -1 before the first; `failures` those since then, the last of them at `failed_at`.
 */
export interface TotpFactorTable {
  person_id: string;
  sealed_secret: string;
  created_at: number;
  confirmed_at: number | null;
  last_step: number;
  failures: number;
  failed_at: number | null;
}

/**
 * `credential_id` (base64url) is unique; `public_key` is the COSE key in base64url; `transports` a JSON array. `synced`: the authenticator may
 * have copied it to other devices. A passkey whose counter went back is suspended: it holds for nobody any more.
 */
export interface PasskeyTable {
  id: string;
  person_id: string;
  credential_id: string;
  public_key: string;
  sign_count: number;
  transports: string;
  name: string;
  synced: number;
  created_at: number;
  last_used_at: number | null;
  suspended_at: number | null;
}

/** Primary key (person_id, code_hash); the hash is the hex SHA-256 of person and code. */
export interface RecoveryCodeTable {
  person_id: string;
  code_hash: string;
  created_at: number;
  used_at: number | null;
}

/** One row, id 1, where `signpost init` made a link. `token_hash` is the hex SHA-256 of what stands in it. */
interface SetupLinkTable {
  id: number;
  token_hash: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}
