/** Logging in: by password, by password and a second factor in two steps, or by a passkey alone. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Assertion } from '../../http/proof-schema.ts';
import type { FactorParts } from '../factors/parts.ts';
import { type BrowserOptions, offerAssertion, spendAssertion } from '../factors/passkeys.ts';
import {
  type FactorKind,
  type FactorProof,
  type Factors,
  findFactors,
  isEnrolled,
  kindOfProof,
  spendFactor,
} from '../factors/second-factor.ts';
import { type TicketUse, ticketLifeMs, ticketsOf } from '../factors/tickets.ts';
import { normaliseEmail } from '../people.ts';
import { findMember, findMemberByEmail, type MemberRow } from '../store.ts';
import { type OpenedSession, openProvenSession, openSession, type SessionDependencies } from './sessions.ts';

/** What logging in needs. */
export type LogInDependencies = SessionDependencies & FactorParts;

/** A log-in of which the password was right and the second factor is missing. */
interface HalfLogIn {
  /** Good for giving the second factor, once, and for nothing else. */
  readonly token: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  readonly methods: readonly FactorKind[];
  /** What a browser asks the person's passkeys, if there are any. */
  readonly passkey: BrowserOptions | undefined;
}

/** Where a password leads to. */
export type LogIn = ({ readonly kind: 'opened' } & OpenedSession) | ({ readonly kind: 'half' } & HalfLogIn);

/**
 * Logs a member in, or half in where they have a second factor. Throws the same `unauthenticated`, after the same work, for a wrong password, an
 * unknown address, a disabled person and a member of another organisation; `vault_locked` while tokens cannot be signed.
 */
export async function logIn(
  dependencies: LogInDependencies,
  organisationId: string,
  { email, password }: { email: string; password: string },
): Promise<LogIn> {
  const { database, passwords, secrets } = dependencies;
  // First, so that nobody waits for a password to be verified in vain.
  await secrets.session();
  const member = await findMemberByEmail(database.query, organisationId, normaliseEmail(email));
  const isRight = await passwords.verify(password, member?.password_hash);
  if (!member || !isRight || member.disabled_at !== null) {
    await recordRefusal(dependencies, stranger(organisationId), { action: 'session.refused', personId: member?.id });
    throw new Refusal('unauthenticated', 'the address or the password is wrong');
  }
  const factors = await findFactors(database.query, member.id);
  if (isEnrolled(factors))
    return { kind: 'half', ...(await logHalfIn(dependencies, organisationId, { member, factors })) };
  return { kind: 'opened', ...(await openSession(dependencies, organisationId, member)) };
}

async function logHalfIn(
  parts: LogInDependencies,
  organisationId: string,
  { member, factors }: { member: MemberRow; factors: Factors },
): Promise<HalfLogIn> {
  const at = parts.now();
  const ticket = ticketsOf(parts.database).issue(halfUse(organisationId, member), at);
  const usable = factors.passkeys.filter(({ suspended_at }) => suspended_at === null);
  const passkey =
    usable.length === 0 ? undefined : await offerAssertion(parts, factorUse(organisationId, member.id), usable);
  return {
    token: `${member.id}.${Buffer.from(ticket).toString('base64url')}`,
    expiresAt: at + ticketLifeMs,
    methods: [
      ...(factors.totp ? (['totp'] as const) : []),
      ...(passkey ? (['passkey'] as const) : []),
      ...(factors.recoveryCodes > 0 ? (['recovery_code'] as const) : []),
    ],
    passkey,
  };
}

/**
 * The second step. Throws the same `unauthenticated` for a token that has ended, was spent or is of somebody who may no longer log in, and for
 * a second factor that is wrong; `rate_limited` after many wrong codes.
 */
export async function completeLogIn(
  parts: LogInDependencies,
  organisationId: string,
  { token, proof }: { token: string; proof: FactorProof },
): Promise<OpenedSession> {
  await parts.secrets.session();
  const by = kindOfProof(proof);
  if (!by) throw new Refusal('invalid', 'expected one of totp, recovery_code and passkey', { rule: 'schema' });
  const [personId = '', ticket = ''] = token.split('.', 2);
  const member = await findMember(parts.database.query, organisationId, personId);
  const use = member && halfUse(organisationId, member);
  const tickets = ticketsOf(parts.database);
  if (!use || member.disabled_at !== null || !tickets.holds(ticket, use, parts.now())) throw refused();
  const caller = withoutSession(organisationId, personId);
  if (!(await spendFactor(parts, { caller, personId, use: factorUse(organisationId, personId) }, proof))) {
    // Whoever comes so far has the password: on record is whose.
    await recordRefusal(parts, caller, { action: 'session.second_factor_refused', personId });
    throw refused();
  }
  tickets.spend(ticket, use, parts.now());
  return openProvenSession(parts, organisationId, { member, by });
}

/** What a browser asks whichever passkey the person chooses; undefined where this server knows none. */
export async function offerPasskeyLogIn(
  parts: FactorParts,
  organisationId: string,
): Promise<BrowserOptions | undefined> {
  return offerAssertion(parts, passkeyLogInUse(organisationId));
}

/** Logs in by a passkey whose authenticator has verified the person. Throws the same `unauthenticated` whatever is wrong. */
export async function logInByPasskey(
  parts: LogInDependencies,
  organisationId: string,
  response: Assertion,
): Promise<OpenedSession> {
  await parts.secrets.session();
  const asked = { caller: stranger(organisationId), use: passkeyLogInUse(organisationId) };
  const used = await spendAssertion(parts, asked, response);
  const member = used && (await findMember(parts.database.query, organisationId, used.personId));
  if (!member || !used.userVerified || member.disabled_at !== null) {
    const caller = member ? withoutSession(organisationId, member.id) : asked.caller;
    await recordRefusal(parts, caller, { action: 'session.refused', personId: member?.id });
    throw new Refusal('unauthenticated', 'expected a passkey of a member, with its PIN or a fingerprint', {
      rule: 'passkey',
      hint: 'log in by password',
    });
  }
  return openProvenSession(parts, organisationId, { member, by: 'passkey' });
}

/** What a passkey signs that stands in for a session: where nobody can have one, or in its place. */
export function passkeyLogInUse(organisationId: string): TicketUse {
  return { purpose: 'passkey-log-in', subject: organisationId };
}

/** Bound to the password, so that a change of it ends what was begun with the old one. */
function halfUse(organisationId: string, { id, password_hash }: MemberRow): TicketUse {
  return { purpose: 'log-in', subject: `${organisationId}/${id}/${password_hash}` };
}

function factorUse(organisationId: string, personId: string): TicketUse {
  return { purpose: 'second-factor', subject: `${organisationId}/${personId}` };
}

function refused(): Refusal {
  return new Refusal('unauthenticated', 'the second factor is wrong, or came too late', {
    rule: 'second-factor',
    hint: 'a code counts once: wait for the next one, and begin again after five minutes',
  });
}

/** Who has shown nothing yet. */
function stranger(organisationId: string): Caller {
  return { organisationId, actor: { kind: 'anonymous', id: null, sessionId: null } };
}

/** Somebody who has shown whose account it is, and not yet all that a session takes. */
function withoutSession(organisationId: string, personId: string): Caller {
  return { organisationId, actor: { kind: 'person', id: personId, sessionId: null } };
}

/** The address that was tried is not recorded: people type passwords into the wrong field. */
async function recordRefusal(
  { database, now }: SessionDependencies,
  caller: Caller,
  { action, personId }: { action: 'session.refused' | 'session.second_factor_refused'; personId: string | undefined },
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      ...caller,
      action,
      object: { kind: 'person', id: personId ?? 'unknown' },
      outcome: 'refused',
    }),
  );
}
