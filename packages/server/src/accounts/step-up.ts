/** Asking for the password again before something that a stolen session must not do. */
import type { Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Database } from '../storage/database.ts';
import type { Passwords } from './passwords.ts';
import { normaliseEmail } from './people.ts';
import { findMember, findMemberByEmail } from './store.ts';

/** What asking again needs. */
export interface StepUpParts {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly now: () => number;
}

/**
 * Resolves when `password` is that of the person who asks. Throws `forbidden` otherwise, and records it; attempts are counted by the
 * limit of log-ins (see `passwordRoutes` of the guard).
 */
export async function confirmPassword(parts: StepUpParts, caller: Caller, password: string): Promise<void> {
  const personId = caller.actor.kind === 'person' ? caller.actor.id : null;
  const member =
    personId === null ? undefined : await findMember(parts.database.query, caller.organisationId, personId);
  if (await parts.passwords.verify(password, member?.password_hash)) return;
  await recordRefused(parts, caller, personId);
  throw new Refusal('forbidden', 'the password is wrong', {
    rule: 'step-up',
    hint: 'type the password with which you log in',
  });
}

/**
 * The admin whose address and password these are, as a caller: for what must work while the vault is locked, when no session
 * holds. Throws the same `forbidden`, after the same work, for whatever is wrong, and records it.
 */
export async function confirmAdmin(
  parts: StepUpParts,
  organisationId: string,
  { email, password }: { email: string; password: string },
): Promise<Caller> {
  const member = await findMemberByEmail(parts.database.query, organisationId, normaliseEmail(email));
  const isRight = await parts.passwords.verify(password, member?.password_hash);
  if (member && isRight && member.disabled_at === null && member.role === 'admin') {
    return { organisationId, actor: { kind: 'person', id: member.id, sessionId: null } };
  }
  const stranger: Caller = { organisationId, actor: { kind: 'anonymous', id: null, sessionId: null } };
  await recordRefused(parts, stranger, member?.id ?? null);
  throw new Refusal('forbidden', 'expected the address and the password of an admin', {
    rule: 'step-up',
    hint: 'type those with which an admin logs in; API keys may not do this',
  });
}

async function recordRefused({ database, now }: StepUpParts, caller: Caller, personId: string | null): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      ...caller,
      action: 'session.step_up_refused',
      object: { kind: 'person', id: personId ?? 'unknown' },
      outcome: 'refused',
    }),
  );
}
