/** Word to a person whose ways to sign in have changed: whoever did it, they hear of it by mail. */
import type { AuditAction } from '../../audit/actions.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { enqueueJob } from '../../storage/jobs.ts';

/** The kind of job that sends one such mail. */
export const accountMailJobKind = 'accounts.mail';

/** What people are told of, as the audit log calls it. */
export type AccountChange = Extract<
  AuditAction,
  | 'person.password_changed'
  | 'person.factors_reset'
  | 'totp.enrolled'
  | 'totp.removed'
  | 'passkey.registered'
  | 'passkey.removed'
  | 'passkey.suspended'
  | 'recovery_codes.made'
  | 'recovery_code.used'
>;

/** What a job says. The address is read when it is sent. */
export interface AccountNotice {
  readonly person: string;
  readonly change: AccountChange;
  /** When it happened, in Unix milliseconds. */
  readonly at: number;
  /** The same one in every attempt, so that a mail that came twice is known for the same. */
  readonly id: string;
  /** 1 for the first. */
  readonly attempt: number;
}

/** Has the person told of `change`, in the transaction that makes it; a server without mail lets the word fall. */
export async function queueAccountMail(
  transaction: Query,
  { personId, change, now }: { readonly personId: string; readonly change: AccountChange; readonly now: number },
): Promise<void> {
  const notice = { person: personId, change, at: now, id: createId(now), attempt: 1 };
  await enqueueNotice(transaction, notice, { runAt: now, now });
}

/** Records the job for a notice. */
export async function enqueueNotice(
  transaction: Query,
  notice: AccountNotice,
  { runAt, now }: { readonly runAt: number; readonly now: number },
): Promise<void> {
  const kind = accountMailJobKind;
  await enqueueJob(transaction, { id: createId(now), organisationId: null, kind, payload: { ...notice }, runAt, now });
}
