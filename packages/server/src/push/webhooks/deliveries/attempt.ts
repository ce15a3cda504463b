/** One attempt: the message signed by the keys in force and posted, and what came of it (Standard Webhooks 1.0). */
import { TrustError } from '@signpost/protocol/errors';
import { Refusal } from '../../../errors.ts';
import type { Post } from '../../../http/outgoing/post.ts';
import type { Database } from '../../../storage/database.ts';
import type { Vault } from '../../../vault/vault.ts';
import { openKey } from '../endpoints/keys.ts';
import { type EndpointRow, type KeyRow, listKeys } from '../endpoints/store.ts';
import { signMessage, type WebhookKey } from '../signature.ts';
import { parseRetryAfter } from './retry.ts';
import type { DeliveryRow } from './store.ts';

/** What attempts are made with. */
export interface AttemptParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
  readonly post: Post;
}

/** What came of an attempt. */
export type Outcome =
  | { readonly kind: 'taken'; readonly status: number }
  /** The receiver wants no more of them. */
  | { readonly kind: 'gone'; readonly status: 410 }
  | {
      readonly kind: 'failed';
      readonly status: number | undefined;
      /** For the people who own the endpoint. */
      readonly error: string;
      readonly retryAfterMs: number;
    };

/** From the look at the name to the end of the answer. */
const timeLimitMs = 15_000;

/** Posts a delivery. Throws what `signal` was aborted with, `vault_locked`, and what the database throws: then nothing was attempted. */
export async function attemptDelivery(
  parts: AttemptParts,
  { endpoint, delivery }: { readonly endpoint: EndpointRow; readonly delivery: DeliveryRow },
  signal: AbortSignal,
): Promise<Outcome> {
  const headers = await signDelivery(parts, delivery);
  if (!headers)
    return { kind: 'failed', status: undefined, error: 'the key cannot be opened: exchange it', retryAfterMs: 0 };
  const bounds = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
  try {
    const receipt = await parts.post(endpoint.url, { headers, body: Buffer.from(delivery.body), signal: bounds });
    return judgeStatus(receipt.status, parseRetryAfter(receipt.headers['retry-after'], parts.now()));
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'failed', status: undefined, error: describeFailure(error), retryAfterMs: 0 };
  }
}

/** The headers; undefined when a key was sealed before a reset of the vault. */
async function signDelivery({ database, vault, now }: AttemptParts, { endpoint_id, event_id, body }: DeliveryRow) {
  const at = now();
  const rows = await listKeys(database.query, endpoint_id, at);
  const keys = openKeys(vault, rows);
  if (!keys) return undefined;
  const timestamp = Math.floor(at / 1000);
  return {
    'content-type': 'application/json',
    'webhook-id': event_id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signMessage({ id: event_id, timestamp, body }, keys),
  };
}

function openKeys(vault: Vault, rows: readonly KeyRow[]): readonly WebhookKey[] | undefined {
  try {
    return rows.map((row) => openKey(vault, row));
  } catch (error) {
    if (error instanceof Refusal && error.rule === 'secret-unreadable') return undefined;
    throw error;
  }
}

function judgeStatus(status: number, retryAfterMs: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'taken', status };
  if (status === 410) return { kind: 'gone', status };
  const error = status >= 300 && status < 400 ? 'it answered with a redirect, which is not followed' : 'it refused';
  return { kind: 'failed', status, error, retryAfterMs };
}

/** Never what a receiver wrote, nor what a name resolved to. */
function describeFailure(error: unknown): string {
  if (error instanceof TrustError) return 'it has no address that this server may connect to';
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeLimitMs / 1000} s`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? `no answer: ${code}` : 'no answer';
}
