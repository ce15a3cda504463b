/** Tables of accounts: organisations, people, their sessions and keys. */
import type { Generated } from 'kysely';

/**
 * `slug` is unique; the organisation `default` answers at the unprefixed paths. `host` is unique where set. `second_factor`: whether people
 * may come by their password alone.
 */
export interface OrganisationTable {
  id: string;
  slug: string;
  name: string;
  host: string | null;
  created_at: number;
  second_factor: Generated<'optional' | 'required'>;
}

/** `email` is stored in lower case and unique; `password_hash` is a PHC string of Argon2id. */
export interface PersonTable {
  id: string;
  email: string;
  name: string;
  password_hash: string;
  created_at: number;
  disabled_at: number | null;
}

/** Primary key (organisation_id, person_id). */
export interface MembershipTable {
  organisation_id: string;
  person_id: string;
  role: 'admin' | 'manager' | 'viewer';
  created_at: number;
}

/** `second_factor_at`: when its person last gave a second factor in it; null while it rests on a password alone. */
export interface SessionTable {
  id: string;
  person_id: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  second_factor_at: number | null;
}

/** `secret_hash` is the hex SHA-256 of the whole key, unique; `scope` an `AccessScope`; `verbs` a JSON array. */
export interface ApiKeyTable {
  id: string;
  organisation_id: string;
  name: string;
  hint: string;
  secret_hash: string;
  scope: string;
  verbs: string;
  created_by: string | null;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}
