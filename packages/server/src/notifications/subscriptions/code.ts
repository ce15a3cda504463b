/** Codes that confirm an address: of one use, kept as hashes, made when they are sent, so that no one can be read anywhere else. */
import { createHash, randomBytes } from 'node:crypto';
import type { Tx } from '../parts.ts';
import { updateSubscription } from './store.ts';

const lifeMs = 86_400_000;

/** A new code in place of the one before, for 24 hours; undefined when the subscription is gone. */
export async function issueCode(tx: Tx, subscriptionId: string, now: number): Promise<string | undefined> {
  const code = randomBytes(24).toString('base64url');
  const change = { code_hash: hashCode(code), code_ends_at: now + lifeMs };
  return (await updateSubscription(tx, subscriptionId, change)) ? code : undefined;
}

/** What is kept of a code. */
export function hashCode(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
