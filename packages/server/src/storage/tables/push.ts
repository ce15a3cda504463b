/** Tables of the push plane: its keys, the log of signed frames, and what waits to be put into it. */

/**
 * What certifies an organisation's channel keys. `waiting` until a trust list names it; one is `active` and one `waiting` at most.
 * `sealed_seed` opens in the vault for `push-key`, `push_key/{key_id}`.
 */
export interface PushKeyTable {
  key_id: string;
  organisation_id: string;
  label: string;
  pubkey_b64: string;
  sealed_seed: string;
  state: 'waiting' | 'active' | 'retired';
  created_at: number;
  activated_at: number | null;
  ended_at: number | null;
}

/** An organisation's log, primary key organisation_id. `epoch`, 16 hex digits, is another one after history was lost. */
export interface PushLogTable {
  organisation_id: string;
  epoch: string;
  created_at: number;
}

/**
 * A channel that something was sent on or that was declared, primary key (organisation_id, name). `head` is the last sequence, 0 while
 * there is none; `head_hash` what the next frame names as the one before it; `oldest` the first sequence still held, `head` + 1 when none
 * is. A channel that was removed keeps its row, so that its sequence goes on if it comes back.
 */
export interface PushChannelTable {
  organisation_id: string;
  name: string;
  visibility: 'public' | 'private';
  head: number;
  head_hash: string;
  oldest: number;
  created_at: number;
  removed_at: number | null;
}

/** A frame as it was signed, byte for byte; primary key (organisation_id, channel, sequence). */
export interface PushFrameTable {
  organisation_id: string;
  channel: string;
  sequence: number;
  type: string;
  frame: string;
  at: number;
}

/** An event that becomes frames, by the event's id; `framed_at` is null until it has. Kept so that none becomes frames twice. */
export interface PushEventTable {
  id: string;
  organisation_id: string;
  topic: string;
  payload: string;
  at: number;
  framed_at: number | null;
}

/**
 * What an idempotency key has published; primary key (organisation_id, channel, key_digest). The digests are SHA-256 in hex, of the
 * key together with who showed it, and of what was published.
 */
export interface PushPublicationTable {
  organisation_id: string;
  channel: string;
  key_digest: string;
  content_digest: string;
  sequence: number;
  epoch: string;
  at: number;
}
