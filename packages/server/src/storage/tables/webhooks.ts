/** Tables of webhooks: where events are posted to, what signs them, and what became of each. */

/**
 * Where an organisation wants events posted. `types` is a JSON array of types, all when it is empty; `project` the slug that they must be
 * about. `host` is that of the URL, with its port. `failing_since` is the first failed attempt after the last one that was taken.
 */
export interface WebhookEndpointTable {
  id: string;
  organisation_id: string;
  url: string;
  host: string;
  description: string;
  types: string;
  project: string | null;
  state: 'enabled' | 'disabled';
  disabled_because: 'asked' | 'gone' | 'failing' | null;
  failing_since: number | null;
  created_by: string | null;
  created_at: number;
}

/**
 * What messages to an endpoint are signed with, until `ends_at`; one without an end. `sealed_key` opens in the vault for `webhook-key`,
 * `webhook_key/{id}`: 32 bytes, the secret of HMAC or the seed of Ed25519, whose `public_key` (base64) stands beside it.
 */
export interface WebhookKeyTable {
  id: string;
  endpoint_id: string;
  algorithm: 'hmac-sha256' | 'ed25519';
  sealed_key: string;
  public_key: string | null;
  created_at: number;
  ends_at: number | null;
}

/**
 * One event for one endpoint, unique by (endpoint_id, event_id). `body` is what is posted, byte for byte. An attempt that is under way holds
 * the row by the number in `attempts`, until `lease_until`. `dead` is one that was given up.
 */
export interface WebhookDeliveryTable {
  id: string;
  endpoint_id: string;
  event_id: string;
  type: string;
  body: string;
  event_at: number;
  state: 'waiting' | 'delivered' | 'dead';
  attempts: number;
  first_attempt_at: number | null;
  next_attempt_at: number | null;
  lease_until: number | null;
  last_status: number | null;
  last_error: string | null;
  ended_at: number | null;
}
