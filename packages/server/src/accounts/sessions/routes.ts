/** HTTP of sessions. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf, requirePerson } from '../../http/context.ts';
import { encodeEndedCookie, encodeSessionCookie } from '../../http/credential.ts';
import { formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { textSchema } from '../../http/text-schema.ts';
import { assertPassword } from '../passwords.ts';
import {
  findMember,
  findSessionWithin,
  listSessions,
  type MemberRow,
  type SessionReach,
  type SessionRow,
} from '../store.ts';
import {
  changePassword,
  csrfTokenOf,
  logIn,
  logOut,
  revokeSession,
  type SessionDependencies,
  sessionLifeMs,
} from './sessions.ts';

// Bounds the work on what is sent; what may be chosen is for `assertPassword` to say.
const passwordSchema = z.string().min(1).max(4096);
const roleSchema = z.enum(['admin', 'manager', 'viewer']);
const idSchema = z.object({ id: z.uuid() });
const done = { description: 'Done.' };

const sessionSchema = z
  .object({
    person: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
    organisation: z.string(),
    role: roleSchema,
    csrf_token: z.string(),
    expires_at: timeSchema,
  })
  .openapi('Session');

const sessionRowSchema = z
  .object({
    id: z.uuid(),
    person_id: z.uuid(),
    created_at: timeSchema,
    expires_at: timeSchema,
    current: z.boolean(),
  })
  .openapi('SessionEntry');

const logInRoute = createRoute({
  method: 'post',
  path: '/api/session',
  tags: ['accounts'],
  summary: 'Log in',
  request: { body: jsonBody(z.strictObject({ email: textSchema(254).min(1), password: passwordSchema })) },
  responses: { 200: jsonAnswer('The session; a cookie carries it.', sessionSchema) },
});

const ownSessionRoute = createRoute({
  method: 'get',
  path: '/api/session',
  tags: ['accounts'],
  summary: 'The own session',
  responses: { 200: jsonAnswer('The session.', sessionSchema) },
});

const logOutRoute = createRoute({
  method: 'delete',
  path: '/api/session',
  tags: ['accounts'],
  summary: 'Log out',
  responses: { 204: done },
});

const passwordRoute = createRoute({
  method: 'post',
  path: '/api/session/password',
  tags: ['accounts'],
  summary: 'Change the own password; all other own sessions end',
  request: { body: jsonBody(z.strictObject({ current: passwordSchema, new: passwordSchema })) },
  responses: { 204: done },
});

/** Logging in and out, and the own password. */
export function addLogInRoutes(router: OpenAPIHono<AppEnv>, dependencies: SessionDependencies): void {
  router.openapi(logInRoute, async (c) => {
    const organisation = c.get('organisation');
    const { token, session, member } = await logIn(dependencies, organisation.id, c.req.valid('json'));
    c.header('Set-Cookie', encodeSessionCookie(token, sessionLifeMs / 1000));
    const csrfToken = await csrfTokenOf(dependencies.secrets, session.id);
    return c.json(describeSession({ session, member, csrfToken, organisation: organisation.slug }), 200);
  });
  router.openapi(ownSessionRoute, async (c) => {
    const { session, member } = await readOwnSession(c, dependencies);
    const csrfToken = await csrfTokenOf(dependencies.secrets, session.id);
    return c.json(describeSession({ session, member, csrfToken, organisation: c.get('organisation').slug }), 200);
  });
  router.openapi(logOutRoute, async (c) => {
    await logOut(dependencies, callerOf(c.var), requirePerson(c.var).sessionId);
    c.header('Set-Cookie', encodeEndedCookie());
    return c.body(null, 204);
  });
  router.openapi(passwordRoute, async (c) => {
    const { current, new: next } = c.req.valid('json');
    assertPassword(next);
    await changePassword(dependencies, callerOf(c.var), { personId: requirePerson(c.var).personId, current, next });
    return c.body(null, 204);
  });
}

const sessionsRoute = createRoute({
  method: 'get',
  path: '/api/sessions',
  tags: ['accounts'],
  summary: 'Sessions in force: the own ones, and for an admin those of people of this organisation alone',
  responses: { 200: jsonAnswer('The sessions, newest first.', z.object({ sessions: z.array(sessionRowSchema) })) },
});

const endSessionRoute = createRoute({
  method: 'delete',
  path: '/api/sessions/{id}',
  tags: ['accounts'],
  summary: 'End a session at once',
  request: { params: idSchema },
  responses: { 204: done },
});

/** Sessions in force, and ending them. */
export function addSessionRoutes(router: OpenAPIHono<AppEnv>, dependencies: SessionDependencies): void {
  router.openapi(sessionsRoute, async (c) => {
    const { sessionId } = requirePerson(c.var);
    const sessions = await listSessions(dependencies.database.query, reachOf(c), dependencies.now());
    return c.json({ sessions: sessions.map((session) => describeSessionRow(session, sessionId)) }, 200);
  });
  router.openapi(endSessionRoute, async (c) => {
    await revokeSession(dependencies, callerOf(c.var), { sessionId: c.req.valid('param').id, reach: reachOf(c) });
    return c.body(null, 204);
  });
}

function reachOf(c: Context<AppEnv>): SessionReach {
  const { role, personId } = requirePerson(c.var);
  return { organisationId: c.get('organisation').id, personId, isAdmin: role === 'admin' };
}

async function readOwnSession(c: Context<AppEnv>, { database }: SessionDependencies) {
  const { personId, sessionId } = requirePerson(c.var);
  const session = await findSessionWithin(database.query, reachOf(c), sessionId);
  const member = await findMember(database.query, c.get('organisation').id, personId);
  if (!session || !member) throw new Refusal('unauthenticated', 'this session does not hold');
  return { session, member };
}

function describeSession(opened: { session: SessionRow; member: MemberRow; csrfToken: string; organisation: string }) {
  const { id, email, name, role } = opened.member;
  return {
    person: { id, email, name },
    organisation: opened.organisation,
    role,
    csrf_token: opened.csrfToken,
    expires_at: formatTime(opened.session.expires_at),
  };
}

function describeSessionRow(session: SessionRow, currentId: string) {
  return {
    id: session.id,
    person_id: session.person_id,
    created_at: formatTime(session.created_at),
    expires_at: formatTime(session.expires_at),
    current: session.id === currentId,
  };
}
