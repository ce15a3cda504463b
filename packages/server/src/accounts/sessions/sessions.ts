/** Sessions of people: signed tokens (JWT, HS256) that name a row, so that one can be ended at once. */
import { SignJWT } from 'jose/jwt/sign';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createCsrfToken } from '../../http/csrf.ts';
import { afterCommit } from '../../storage/database/transactions.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import type { Passwords } from '../passwords.ts';
import { normaliseEmail } from '../people.ts';
import { confirmPassword } from '../step-up.ts';
import {
  deleteExpiredSessions,
  findMemberByEmail,
  findSessionMember,
  findSessionWithin,
  insertSession,
  type MemberRow,
  revokeAllSessions,
  revokeSession as revokeRow,
  revokeSessionsOf,
  type SessionReach,
  type SessionRow,
  updatePerson,
} from '../store.ts';
import type { SessionSecrets } from './secrets.ts';
import { issuer, verifyToken } from './verify-token.ts';

/** Milliseconds that a session lasts. */
export const sessionLifeMs: number = 12 * 60 * 60 * 1000;

/** Milliseconds for which the row of an expired session is kept. */
const keptExpiredMs = 7 * 24 * 60 * 60 * 1000;

/** What sessions need. */
export interface SessionDependencies {
  readonly database: Database;
  readonly secrets: SessionSecrets;
  readonly passwords: Passwords;
  readonly now: () => number;
}

/** A session that was just opened. `token` is for the cookie and is stored nowhere. */
export interface OpenedSession {
  readonly token: string;
  readonly session: SessionRow;
  readonly member: MemberRow;
}

/**
 * Logs a member in. Throws the same `unauthenticated`, after the same work, for a wrong password, an unknown address, a
 * disabled person and a member of another organisation; `vault_locked` while tokens cannot be signed.
 */
export async function logIn(
  dependencies: SessionDependencies,
  organisationId: string,
  { email, password }: { email: string; password: string },
): Promise<OpenedSession> {
  const { database, passwords, secrets } = dependencies;
  // First, so that nobody waits for a password to be verified in vain.
  await secrets.session();
  const member = await findMemberByEmail(database.query, organisationId, normaliseEmail(email));
  const isRight = await passwords.verify(password, member?.password_hash);
  if (!member || !isRight || member.disabled_at !== null) {
    await recordRefusedLogIn(dependencies, organisationId, member?.id);
    throw new Refusal('unauthenticated', 'the address or the password is wrong');
  }
  return openSession(dependencies, organisationId, member);
}

/** Opens a session for a member who has proved who they are. */
export async function openSession(
  dependencies: SessionDependencies,
  organisationId: string,
  member: MemberRow,
): Promise<OpenedSession> {
  const { database, secrets, now } = dependencies;
  const secret = await secrets.session();
  const session = await database.transaction(async (transaction) => {
    const at = now();
    const row = {
      id: createId(at),
      person_id: member.id,
      created_at: at,
      expires_at: at + sessionLifeMs,
      revoked_at: null,
    };
    await deleteExpiredSessions(transaction, at - keptExpiredMs);
    await insertSession(transaction, row);
    await recordAudit(transaction, at, {
      organisationId,
      actor: { kind: 'person', id: member.id, sessionId: row.id },
      action: 'session.opened',
      object: { kind: 'session', id: row.id },
    });
    return row;
  });
  return { token: await signToken(secret, session), session, member };
}

/**
 * The session and member behind a token. Undefined when the token does not hold: forged, expired, revoked, or of a
 * disabled person. `member` is undefined when the person does not belong to the organisation. Throws `vault_locked`.
 */
export async function findSession(
  { database, secrets, now }: Pick<SessionDependencies, 'database' | 'secrets' | 'now'>,
  organisationId: string,
  token: string,
): Promise<{ session: SessionRow; member: MemberRow | undefined } | undefined> {
  const sessionId = await verifyToken(await secrets.session(), token, now());
  if (sessionId === undefined) return undefined;
  return findSessionMember(database.query, { sessionId, organisationId, now: now() });
}

/** The CSRF token of a session. Throws `vault_locked`. */
export async function csrfTokenOf(secrets: SessionSecrets, sessionId: string): Promise<string> {
  return createCsrfToken(await secrets.csrf(), sessionId);
}

/** Ends the caller's own session (`session.closed`). */
export async function logOut(
  { database, now }: Pick<SessionDependencies, 'database' | 'now'>,
  caller: Caller,
  sessionId: string,
): Promise<void> {
  await database.transaction(async (transaction) => {
    await endSession(transaction, { caller, sessionId, action: 'session.closed', at: now() });
  });
}

/** Ends a session within the caller's reach. Throws `not_found` for any other. */
export async function revokeSession(
  { database, now }: Pick<SessionDependencies, 'database' | 'now'>,
  caller: Caller,
  { sessionId, reach }: { sessionId: string; reach: SessionReach },
): Promise<void> {
  await database.transaction(async (transaction) => {
    if (!(await findSessionWithin(transaction, reach, sessionId))) throw noSuchSession();
    await endSession(transaction, { caller, sessionId, action: 'session.revoked', at: now() });
  });
}

/** Ends all sessions and forgets their secrets once `transaction` has committed: part of resetting the vault. */
export async function endAllSessions(secrets: SessionSecrets, transaction: Query, now: number): Promise<void> {
  afterCommit(transaction, () => secrets.forget());
  await revokeAllSessions(transaction, now);
}

/** Changes the caller's own password and ends all their other sessions. Throws `forbidden`, and records it, when `current` is wrong. */
export async function changePassword(
  { database, passwords, now }: SessionDependencies,
  caller: Caller,
  { personId, current, next }: { personId: string; current: string; next: string },
): Promise<void> {
  await confirmPassword({ database, passwords, now }, caller, current);
  const passwordHash = await passwords.hash(next);
  await database.transaction(async (transaction) => {
    const at = now();
    await updatePerson(transaction, personId, { password_hash: passwordHash });
    await revokeSessionsOf(transaction, { personId, keptId: caller.actor.sessionId ?? undefined, now: at });
    await recordAudit(transaction, at, {
      ...caller,
      action: 'person.password_changed',
      object: { kind: 'person', id: personId },
    });
  });
}

async function endSession(
  transaction: Query,
  act: { caller: Caller; sessionId: string; action: 'session.closed' | 'session.revoked'; at: number },
): Promise<void> {
  if (!(await revokeRow(transaction, act.sessionId, act.at))) throw noSuchSession();
  await recordAudit(transaction, act.at, {
    ...act.caller,
    action: act.action,
    object: { kind: 'session', id: act.sessionId },
  });
}

function noSuchSession(): Refusal {
  return new Refusal('not_found', 'there is no such session');
}

/** The address that was tried is not recorded: people type passwords into the wrong field. */
async function recordRefusedLogIn(
  { database, now }: SessionDependencies,
  organisationId: string,
  personId: string | undefined,
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      organisationId,
      actor: { kind: 'anonymous', id: null, sessionId: null },
      action: 'session.refused',
      object: { kind: 'person', id: personId ?? 'unknown' },
      outcome: 'refused',
    }),
  );
}

async function signToken(secret: Uint8Array, session: SessionRow): Promise<string> {
  return new SignJWT({ sid: session.id })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(issuer)
    .setSubject(session.person_id)
    .setIssuedAt(Math.floor(session.created_at / 1000))
    .setExpirationTime(Math.floor(session.expires_at / 1000))
    .sign(secret);
}
