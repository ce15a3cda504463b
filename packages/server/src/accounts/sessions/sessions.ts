/** Sessions of people: signed tokens (JWT, HS256) that name a row, so that one can be ended at once. */
import { SignJWT } from 'jose/jwt/sign';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createCsrfToken } from '../../http/csrf.ts';
import { afterCommit } from '../../storage/database/transactions.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { hasSecondFactor } from '../factors/enrolment.ts';
import type { FactorKind } from '../factors/second-factor.ts';
import { queueAccountMail } from '../notices/queue.ts';
import type { Passwords } from '../passwords.ts';
import { confirmPerson, type StepUpParts, type StepUpProof } from '../step-up.ts';
import {
  deleteExpiredSessions,
  findMember,
  findSessionMember,
  findSessionWithin,
  insertSession,
  type MemberRow,
  revokeAllSessions,
  revokeSession as revokeRow,
  revokeSessionsOf,
  type SessionMember,
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

/** Opens a session for a member who has proved who they are by the password, and needs no more. */
export async function openSession(
  dependencies: SessionDependencies,
  organisationId: string,
  member: MemberRow,
): Promise<OpenedSession> {
  return openProvenSession(dependencies, organisationId, { member, by: 'password' });
}

/**
 * Opens a session for a member who has proved who they are; `by` is what they gave last. Throws `unauthenticated` when what they proved has changed
 * since: whoever changes a password or enrols a first factor ends the sessions that rest on less, those that are just being opened included.
 */
export async function openProvenSession(
  dependencies: Pick<SessionDependencies, 'database' | 'secrets' | 'now'>,
  organisationId: string,
  { member, by }: { member: MemberRow; by: 'password' | FactorKind },
): Promise<OpenedSession> {
  const { database, secrets, now } = dependencies;
  const secret = await secrets.session();
  const session = await database.transaction(async (transaction) => {
    const at = now();
    await assertUnchanged(transaction, organisationId, { member, by });
    const row = {
      id: createId(at),
      person_id: member.id,
      created_at: at,
      expires_at: at + sessionLifeMs,
      revoked_at: null,
      second_factor_at: by === 'password' ? null : at,
    };
    await deleteExpiredSessions(transaction, at - keptExpiredMs);
    await insertSession(transaction, row);
    await recordAudit(transaction, at, {
      organisationId,
      actor: { kind: 'person', id: member.id, sessionId: row.id },
      action: 'session.opened',
      object: { kind: 'session', id: row.id },
      detail: { by },
    });
    return row;
  });
  return { token: await signToken(secret, session), session, member };
}

async function assertUnchanged(
  transaction: Query,
  organisationId: string,
  { member: { id, password_hash: proved }, by }: { member: MemberRow; by: 'password' | FactorKind },
): Promise<void> {
  const member = await findMember(transaction, organisationId, id);
  const isSame = member?.disabled_at === null && member.password_hash === proved;
  if (isSame && !(by === 'password' && (await hasSecondFactor(transaction, id)))) return;
  throw new Refusal('unauthenticated', 'the account has changed in between', { hint: 'log in again' });
}

/**
 * The session and member behind a token. Undefined when the token does not hold: forged, expired, revoked, or of a
 * disabled person. `member` is undefined when the person does not belong to the organisation. Throws `vault_locked`.
 */
export async function findSession(
  { database, secrets, now }: Pick<SessionDependencies, 'database' | 'secrets' | 'now'>,
  organisationId: string,
  token: string,
): Promise<{ session: SessionRow; member: SessionMember | undefined } | undefined> {
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

/** Changes the caller's own password and ends all their other sessions. Throws as `confirmPerson` does, and records it. */
export async function changePassword(
  parts: StepUpParts,
  caller: Caller,
  { personId, proof, next }: { personId: string; proof: StepUpProof; next: string },
): Promise<void> {
  const { database, passwords, now } = parts;
  await confirmPerson(parts, caller, proof);
  const passwordHash = await passwords.hash(next);
  await database.transaction(async (transaction) => {
    const at = now();
    await updatePerson(transaction, personId, { password_hash: passwordHash });
    await revokeSessionsOf(transaction, { personId, keptId: caller.actor.sessionId ?? undefined, now: at });
    await queueAccountMail(transaction, { personId, change: 'person.password_changed', now: at });
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

async function signToken(secret: Uint8Array, session: SessionRow): Promise<string> {
  return new SignJWT({ sid: session.id })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(issuer)
    .setSubject(session.person_id)
    .setIssuedAt(Math.floor(session.created_at / 1000))
    .setExpirationTime(Math.floor(session.expires_at / 1000))
    .sign(secret);
}
