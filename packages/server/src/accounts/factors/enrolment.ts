/** What the first second factor of a person brings with it, and what goes with the last. */
import type { Caller } from '../../audit/audit.ts';
import type { Query } from '../../storage/database.ts';
import { revokeSessionsOf } from '../store.ts';
import { makeRecoveryCodes } from './recovery-codes.ts';
import { findTotp, listPasskeys, noteSecondFactor, replaceRecoveryCodes } from './store.ts';

/** A person who gains or loses a factor in their own session. */
export interface FactorAct {
  readonly caller: Caller;
  readonly personId: string;
  readonly now: number;
}

/** Whether a person has a second factor. A suspended passkey is one: whoever cloned it must not be spared the question. */
export async function hasSecondFactor(query: Query, personId: string): Promise<boolean> {
  const totp = await findTotp(query, personId);
  return (totp?.confirmed_at ?? null) !== null || (await listPasskeys(query, personId)).length > 0;
}

/**
 * To be called in the transaction that adds a factor, with whether it is the first. With the first, all other sessions of the person end,
 * since they rest on the password alone, and recovery codes are made, which are returned. The own session counts as proved.
 */
export async function settleNewFactor(
  transaction: Query,
  { caller, personId, now }: FactorAct,
  isFirst: boolean,
): Promise<string[] | undefined> {
  const sessionId = caller.actor.sessionId;
  if (sessionId !== null) await noteSecondFactor(transaction, sessionId, now);
  if (!isFirst) return undefined;
  await revokeSessionsOf(transaction, { personId, keptId: sessionId ?? undefined, now });
  return makeRecoveryCodes(transaction, { caller, personId, now });
}

/**
 * To be called in the transaction that removed a factor. With the last one the recovery codes go, all other sessions end, and the own one
 * rests on the password alone from here on.
 */
export async function settleRemovedFactor(transaction: Query, { caller, personId, now }: FactorAct): Promise<void> {
  if (await hasSecondFactor(transaction, personId)) return;
  const sessionId = caller.actor.sessionId;
  await replaceRecoveryCodes(transaction, personId, []);
  await revokeSessionsOf(transaction, { personId, keptId: sessionId ?? undefined, now });
  if (sessionId !== null) await noteSecondFactor(transaction, sessionId, null);
}
