/** Signatures over what is posted, and keys as people see them (Standard Webhooks 1.0, "Signature scheme"). */
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';

/** How messages to an endpoint are signed. */
export type WebhookAlgorithm = 'hmac-sha256' | 'ed25519';

/** An opened key: the secret of HMAC, or the seed of Ed25519; 32 bytes. */
export interface WebhookKey {
  readonly algorithm: WebhookAlgorithm;
  readonly bytes: Uint8Array;
}

/** What is signed. */
interface SignedMessage {
  readonly id: string;
  /** Unix seconds of the attempt. */
  readonly timestamp: number;
  readonly body: string;
}

/** The `webhook-signature` header: one signature for each key, `v1` by HMAC-SHA-256, `v1a` by Ed25519. */
export function signMessage({ id, timestamp, body }: SignedMessage, keys: readonly WebhookKey[]): string {
  const content = Buffer.from(`${id}.${timestamp}.${body}`);
  return keys.map((key) => signOne(content, key)).join(' ');
}

function signOne(content: Uint8Array, { algorithm, bytes }: WebhookKey): string {
  if (algorithm === 'ed25519') return `v1a,${sign(null, content, importSeed(bytes)).toString('base64')}`;
  return `v1,${createHmac('sha256', bytes).update(content).digest('base64')}`;
}

/** A secret as it is shown, once. */
export function formatSecret(secret: Uint8Array): string {
  return `whsec_${Buffer.from(secret).toString('base64')}`;
}

/** The public key of a seed, in base64. */
export function derivePublicKey(seed: Uint8Array): string {
  const { x = '' } = createPublicKey(importSeed(seed)).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}

/** A public key as it is shown. */
export function formatPublicKey(base64: string): string {
  return `whpk_${base64}`;
}

// RFC 8410, 7: a PrivateKeyInfo around 32 bytes.
const seedHeader = Buffer.from('302e020100300506032b657004220420', 'hex');

function importSeed(seed: Uint8Array) {
  return createPrivateKey({ key: Buffer.concat([seedHeader, seed]), format: 'der', type: 'pkcs8' });
}
