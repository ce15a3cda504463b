/** Asking again who it is before something that a stolen session must not do. */
import type { Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import { type Assertion, hasProof, readProof } from '../http/proof-schema.ts';
import type { FactorParts } from './factors/parts.ts';
import { type BrowserOptions, offerAssertion, spendAssertion } from './factors/passkeys.ts';
import { type FactorProof, findFactors, isEnrolled, kindOfProof, spendFactor } from './factors/second-factor.ts';
import { findSecondFactorTime, noteSecondFactor } from './factors/store.ts';
import type { TicketUse } from './factors/tickets.ts';
import type { Passwords } from './passwords.ts';
import { normaliseEmail } from './people.ts';
import { findMember, findMemberByEmail, type MemberRow } from './store.ts';

/** What asking again needs. */
export interface StepUpParts extends FactorParts {
  readonly passwords: Passwords;
}

/** What somebody gives to prove again who they are: the members of a request's body. */
export interface StepUpProof extends FactorProof {
  readonly password?: string | undefined;
}

/** Milliseconds for which a second factor given in a session need not be given in it again. The password is typed each time. */
const secondFactorLifeMs = 5 * 60_000;

/**
 * Resolves when `proof` is that of the person who asks: the password, and a second factor where they have one, unless they gave it in this
 * session within five minutes; or a passkey whose authenticator has verified them, which is both. Throws one `forbidden` for whatever is wrong,
 * and records it; another, before the password is looked at, where the second factor is missing. Attempts are counted by the limit of log-ins
 * (see `passwordRoutes` of the guard), wrong codes by person.
 */
export async function confirmPerson(parts: StepUpParts, caller: Caller, proof: StepUpProof): Promise<void> {
  const { database, now } = parts;
  const personId = caller.actor.kind === 'person' ? caller.actor.id : null;
  const member = personId === null ? undefined : await findMember(database.query, caller.organisationId, personId);
  const sessionId = caller.actor.sessionId ?? '';
  const kind = kindOfProof(proof);
  const isNeeded = member !== undefined && (await needsFactor(parts, member, sessionId));
  if (isNeeded && kind === undefined) throw secondFactorMissing();
  const verdict = await judgeProof(parts, { caller, member, use: stepUpUse(sessionId) }, { proof, isNeeded });
  if (verdict === 'proven-twice') {
    await database.transaction((transaction) => noteSecondFactor(transaction, sessionId, now()));
  }
  if (isProven(verdict)) return;
  await recordRefused(parts, caller, personId);
  throw new Refusal('forbidden', isNeeded ? 'the password or the second factor is wrong' : 'the password is wrong', {
    rule: 'step-up',
    hint: isNeeded ? 'a code counts once: wait for the next one' : 'type the password with which you log in',
  });
}

/**
 * Resolves when the caller may take back for good what others rely on: programs by what they came with, a person by `proof`, as `confirmPerson`
 * says, which is counted as an attempt. Throws the same `forbidden` for a person who brings none.
 */
export async function confirmRevoker(
  parts: StepUpParts,
  caller: Caller,
  { proof, countAttempt }: { readonly proof: StepUpProof; readonly countAttempt: () => void },
): Promise<void> {
  if (caller.actor.kind !== 'person') return;
  if (!hasProof(proof)) {
    throw new Refusal('forbidden', 'expected a person who revokes to prove again who they are', {
      rule: 'step-up',
      hint: 'give password, and a second factor where there is one, or passkey; programs revoke by an API key',
    });
  }
  countAttempt();
  await confirmPerson(parts, caller, readProof(proof));
}

/**
 * The admin whose address and password these are, with a second factor where they have one, as a caller: for what must work while the vault is
 * locked, when no session holds and no code of an app can be checked. Throws the same `forbidden`, after the same work, for whatever is wrong,
 * and records it: as the act of whoever gave the right password or passkey, else as nobody's.
 */
export async function confirmAdmin(
  parts: StepUpParts,
  { organisationId, use }: { organisationId: string; use: TicketUse },
  { email, ...proof }: StepUpProof & { readonly email: string },
): Promise<Caller> {
  const member = await findMemberByEmail(parts.database.query, organisationId, normaliseEmail(email));
  const stranger: Caller = { organisationId, actor: { kind: 'anonymous', id: null, sessionId: null } };
  const isNeeded = member !== undefined && isEnrolled(await findFactors(parts.database.query, member.id));
  const usable = parts.vault.state === 'unlocked' ? proof : { ...proof, totp: undefined };
  kindOfProof(usable);
  const named: Caller = member
    ? { organisationId, actor: { kind: 'person', id: member.id, sessionId: null } }
    : stranger;
  // What is spent beside a password is spent after that was right; a passkey alone may be anybody's.
  const caller = proof.password === undefined ? stranger : named;
  const verdict = await judgeProof(parts, { caller, member, use }, { proof: usable, isNeeded });
  if (isProven(verdict) && member?.disabled_at === null && member.role === 'admin') return named;
  await recordRefused(parts, verdict === 'unproven' ? stranger : named, member?.id ?? null);
  throw new Refusal('forbidden', 'expected the address, the password and the second factor of an admin', {
    rule: 'step-up',
    hint: 'whoever has a second factor gives it: while the vault is locked, a recovery code or a passkey; API keys may not do this',
  });
}

/** What a browser asks the passkeys of the person who shall prove again who they are. Undefined where there are none. */
export async function offerStepUp(
  parts: StepUpParts,
  { personId, sessionId }: { personId: string; sessionId: string },
): Promise<BrowserOptions | undefined> {
  const { passkeys } = await findFactors(parts.database.query, personId);
  if (passkeys.every(({ suspended_at }) => suspended_at !== null)) return undefined;
  return offerAssertion(parts, stepUpUse(sessionId), passkeys);
}

interface Asked {
  readonly caller: Caller;
  readonly member: MemberRow | undefined;
  readonly use: TicketUse;
}

/** `half-proven`: the password is right, and the second factor is wrong. */
type Verdict = 'unproven' | 'half-proven' | 'proven' | 'proven-twice';

function isProven(verdict: Verdict): boolean {
  return verdict === 'proven' || verdict === 'proven-twice';
}

/** Without a member nothing is proven, which takes as long to say. */
async function judgeProof(
  parts: StepUpParts,
  asked: Asked,
  { proof, isNeeded }: { proof: StepUpProof; isNeeded: boolean },
): Promise<Verdict> {
  const { password, passkey } = proof;
  const { caller, member, use } = asked;
  if (password === undefined) {
    return passkey && member && (await provesAlone(parts, asked, passkey)) ? 'proven-twice' : 'unproven';
  }
  if (!(await parts.passwords.verify(password, member?.password_hash)) || !member) return 'unproven';
  if (!isNeeded) return 'proven';
  return (await spendFactor(parts, { caller, personId: member.id, use }, proof)) ? 'proven-twice' : 'half-proven';
}

async function provesAlone(parts: StepUpParts, { caller, member, use }: Asked, passkey: Assertion): Promise<boolean> {
  const used = await spendAssertion(parts, { caller, use }, passkey);
  return used?.userVerified === true && used.personId === member?.id;
}

async function needsFactor({ database, now }: StepUpParts, member: MemberRow, sessionId: string): Promise<boolean> {
  if (!isEnrolled(await findFactors(database.query, member.id))) return false;
  const given = await findSecondFactorTime(database.query, sessionId);
  return given === null || now() >= given + secondFactorLifeMs;
}

function stepUpUse(sessionId: string): TicketUse {
  return { purpose: 'passkey-step-up', subject: sessionId };
}

function secondFactorMissing(): Refusal {
  return new Refusal('forbidden', 'expected a second factor beside the password', {
    rule: 'second-factor-missing',
    hint: 'give totp, recovery_code or passkey with it',
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
