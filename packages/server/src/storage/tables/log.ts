/** Tables of the transparency log: leaves and checkpoints of what was published (docs/protocol/log.md). */

/**
 * The logs of this deployment, one after the other; at most one has not ended (`ended_at` null): partial unique index. `size` counts the
 * leaves, `checkpoint` is the signed note over the first `checkpoint_size` of them; neither ever shrinks, and origin and key stay.
 * `sealed_seed` is under the vault.
 */
export interface TransparencyLogTable {
  id: number;
  origin: string;
  pubkey_b64: string;
  sealed_seed: string;
  size: number;
  checkpoint_size: number;
  checkpoint: string | null;
  checkpoint_at: number | null;
  created_at: number;
  ended_at: number | null;
}

/**
 * Primary key (log_id, position), unique (log_id, leaf_hash); rows are kept as they are. `entry` is the canonical JSON that was hashed,
 * `leaf_hash` standard base64. What is the server's own belongs to the default organisation;
 * a restored log may tell of organisations that the restored state does not have.
 */
export interface LogEntryTable {
  log_id: number;
  position: number;
  type: string;
  organisation_id: string;
  entry: string;
  leaf_hash: string;
  logged_at: number;
}

/** The hash over full tile `position` of the level below, from level 1. Primary key (log_id, level, position); rows are kept. */
export interface LogNodeTable {
  log_id: number;
  level: number;
  position: number;
  hash: string;
}

/** What the log adds to the schema. */
export interface LogSchema {
  transparency_log: TransparencyLogTable;
  log_entry: LogEntryTable;
  log_node: LogNodeTable;
}
