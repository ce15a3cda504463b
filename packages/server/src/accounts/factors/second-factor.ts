/** Second factors, whichever a person has: what they are, and taking one as proof. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Assertion } from '../../http/proof-schema.ts';
import type { Query } from '../../storage/database.ts';
import { queueAccountMail } from '../notices/queue.ts';
import { countMemberships, findMember, revokeSessionsOf } from '../store.ts';
import { spendTotp } from './authenticator-app.ts';
import type { FactorParts } from './parts.ts';
import { spendAssertion } from './passkeys.ts';
import { spendRecoveryCode } from './recovery-codes.ts';
import {
  countRecoveryCodes,
  deleteAllTotp,
  deletePasskeysOf,
  deleteTotp,
  findTotp,
  listPasskeys,
  listTotpHolders,
  type PasskeyRow,
  replaceRecoveryCodes,
  type TotpRow,
} from './store.ts';
import type { TicketUse } from './tickets.ts';

/** What a person has besides the password. */
export interface Factors {
  /** Confirmed. */
  readonly totp: TotpRow | undefined;
  readonly passkeys: readonly PasskeyRow[];
  /** How many are left. */
  readonly recoveryCodes: number;
}

/** One proof besides a password: a member of the request's body. */
export interface FactorProof {
  readonly totp?: string | undefined;
  readonly recovery_code?: string | undefined;
  readonly passkey?: Assertion | undefined;
}

/** By what a second factor was given, as the audit log has it. */
export type FactorKind = 'totp' | 'recovery_code' | 'passkey';

/** The factors of a person. */
export async function findFactors(query: Query, personId: string): Promise<Factors> {
  const totp = await findTotp(query, personId);
  return {
    totp: totp?.confirmed_at === null ? undefined : totp,
    passkeys: await listPasskeys(query, personId),
    recoveryCodes: await countRecoveryCodes(query, personId),
  };
}

/** Whether there is a second factor. Recovery codes are for one that is lost, and none by themselves. */
export function isEnrolled({ totp, passkeys }: Factors): boolean {
  return totp !== undefined || passkeys.length > 0;
}

/** Which one is given; undefined for none. Throws `invalid` for several: each would be used up by one attempt. */
export function kindOfProof({ totp, recovery_code, passkey }: FactorProof): FactorKind | undefined {
  const given = Object.entries({ totp, recovery_code, passkey }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    throw new Refusal('invalid', 'expected one of totp, recovery_code and passkey', { rule: 'schema' });
  }
  return given[0]?.[0] as FactorKind | undefined;
}

/**
 * Takes what is given as the second factor of a person; `use` is what a passkey's challenge must be for. Whether it is right: it counts once,
 * whatever comes of it. Throws `rate_limited` after many wrong codes.
 */
export async function spendFactor(
  parts: FactorParts,
  asked: { readonly caller: Caller; readonly personId: string; readonly use: TicketUse },
  { totp, recovery_code: code, passkey }: FactorProof,
): Promise<boolean> {
  const { caller, personId } = asked;
  if (totp !== undefined)
    return spendTotp(parts, personId, totp).catch((error) => recordImpatience(parts, asked, error));
  if (passkey !== undefined) return (await spendAssertion(parts, asked, passkey))?.personId === personId;
  if (code === undefined) return false;
  return parts.database.transaction((transaction) =>
    spendRecoveryCode(transaction, code, { caller, personId, now: parts.now() }),
  );
}

/** Whoever guesses goes on guessing while nothing is looked at any more: that is on record, too. Throws what came. */
async function recordImpatience(
  { database, now }: FactorParts,
  { caller, personId }: { readonly caller: Caller; readonly personId: string },
  error: unknown,
): Promise<never> {
  if (error instanceof Refusal && error.rule === 'totp-patience') {
    const action = 'session.second_factor_refused';
    const detail = { reason: error.rule };
    await database.transaction((tx) =>
      recordAudit(tx, now(), {
        ...caller,
        action,
        outcome: 'refused',
        object: { kind: 'person', id: personId },
        detail,
      }),
    );
  }
  throw error;
}

/**
 * Takes all second factors from a member who has lost them, and ends their sessions (`person.factors_reset`). Throws `not_found` for a stranger,
 * and `conflict` for a member of several organisations, whom none of their admins may lay open to the password alone.
 */
export async function resetFactors(
  { database, now }: Pick<FactorParts, 'database' | 'now'>,
  caller: Caller,
  personId: string,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const at = now();
    if (!(await findMember(transaction, caller.organisationId, personId))) {
      throw new Refusal('not_found', 'there is no such person');
    }
    if ((await countMemberships(transaction, personId)) > 1) {
      throw new Refusal('conflict', 'expected a member of this organisation alone, got one of several', {
        rule: 'several-organisations',
        hint: 'they remove it themselves, with a recovery code; or the operator does: signpost user reset-factors --data DIR',
      });
    }
    await forgetFactors(transaction, personId, at);
    await queueAccountMail(transaction, { personId, change: 'person.factors_reset', now: at });
    await recordAudit(transaction, at, {
      ...caller,
      action: 'person.factors_reset',
      object: { kind: 'person', id: personId },
    });
  });
}

/** Removes every factor of a person and ends their sessions. Word of it and the audit row are the caller's to write. */
export async function forgetFactors(transaction: Query, personId: string, now: number): Promise<void> {
  await deleteTotp(transaction, personId);
  await deletePasskeysOf(transaction, personId);
  await replaceRecoveryCodes(transaction, personId, []);
  await revokeSessionsOf(transaction, { personId, keptId: undefined, now });
}

/** Removes every authenticator app of everybody, since a reset of the vault loses their secrets, and has their people told. */
export async function forgetAllTotp(transaction: Query, now: number): Promise<void> {
  for (const personId of await listTotpHolders(transaction)) {
    await queueAccountMail(transaction, { personId, change: 'totp.removed', now });
  }
  await deleteAllTotp(transaction);
}
