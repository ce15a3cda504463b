/** Tables of what every plane stands on: the vault, the audit log, the outbox, jobs. */

/**
 * One row, id 1: salt and parameters of the password's key, the marker sealed under it, and the data key wrapped by it.
 * Without `wrapped_key`, in a vault of the first version, the password's key is the data key. `key_fingerprint` names the data
 * key and tells nothing about it.
 */
export interface VaultStateTable {
  id: number;
  salt: string;
  parameters: string;
  verifier: string;
  wrapped_key: string | null;
  key_fingerprint: string | null;
  created_at: number;
}

/** Secrets of the server itself, by name (such as `session-secret`); sealed. */
export interface VaultSecretTable {
  name: string;
  ciphertext: string;
  created_at: number;
}

/** One row, id 1: the end of the hash chain. Updated first in every audited transaction, so that rows never fork. */
export interface AuditHeadTable {
  id: number;
  sequence: number;
  hash: string;
}

/** Primary key `sequence`, without gaps. `detail` is canonical JSON or null. */
export interface AuditEventTable {
  sequence: number;
  at: number;
  organisation_id: string | null;
  actor_kind: 'person' | 'api-key' | 'client-certificate' | 'system' | 'anonymous';
  actor_id: string | null;
  session_id: string | null;
  action: string;
  object_kind: string;
  object_id: string;
  outcome: 'success' | 'refused';
  detail: string | null;
  previous_hash: string;
  hash: string;
}

/** Events of committed transactions, waiting for the bus. `id` is a UUIDv7, so that they are published in order. */
export interface OutboxTable {
  id: string;
  organisation_id: string | null;
  topic: string;
  payload: string;
  created_at: number;
  published_at: number | null;
}

/** `dedupe_key` is unique among jobs that are waiting or running. */
export interface JobTable {
  id: string;
  organisation_id: string | null;
  kind: string;
  payload: string;
  dedupe_key: string | null;
  state: 'waiting' | 'running' | 'done' | 'failed';
  run_at: number;
  lease_until: number | null;
  attempts: number;
  progress: string | null;
  last_error: string | null;
  created_at: number;
  finished_at: number | null;
}
