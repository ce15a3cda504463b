/** Asking for the password again before something that a stolen session must not do. */
import type { Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Database } from '../storage/database.ts';
import type { Passwords } from './passwords.ts';
import { findMember } from './store.ts';

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
export async function confirmPassword(
  { database, passwords, now }: StepUpParts,
  caller: Caller,
  password: string,
): Promise<void> {
  const personId = caller.actor.kind === 'person' ? caller.actor.id : null;
  const member = personId === null ? undefined : await findMember(database.query, caller.organisationId, personId);
  if (await passwords.verify(password, member?.password_hash)) return;
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      ...caller,
      action: 'session.step_up_refused',
      object: { kind: 'person', id: personId ?? 'unknown' },
      outcome: 'refused',
    }),
  );
  throw new Refusal('forbidden', 'the password is wrong', {
    rule: 'step-up',
    hint: 'type the password with which you log in',
  });
}
