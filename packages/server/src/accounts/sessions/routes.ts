/** HTTP of sessions. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf, requirePerson } from '../../http/context.ts';
import { encodeEndedCookie, encodeSessionCookie } from '../../http/credential.ts';
import { assertionSchema, factorShape, optionsSchema, passwordSchema } from '../../http/proof-schema.ts';
import { formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { textSchema } from '../../http/text-schema.ts';
import { type Factors, findFactors } from '../factors/second-factor.ts';
import { assertPassword } from '../passwords.ts';
import type { StepUpParts } from '../step-up.ts';
import {
  findMember,
  findOrganisation,
  findSessionWithin,
  listSessions,
  type MemberRow,
  type SessionReach,
  type SessionRow,
} from '../store.ts';
import { completeLogIn, type LogInDependencies, logIn, logInByPasskey, offerPasskeyLogIn } from './log-in.ts';
import {
  changePassword,
  csrfTokenOf,
  logOut,
  type OpenedSession,
  revokeSession,
  type SessionDependencies,
  sessionLifeMs,
} from './sessions.ts';

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
    factors: z.object({ totp: z.boolean(), passkeys: z.int(), recovery_codes_left: z.int() }),
    second_factor_at: timeSchema
      .nullable()
      .openapi({ description: 'When a second factor was last given in this session.' }),
    must_enrol: z.boolean().openapi({
      description: 'The organisation demands a second factor: until there is one, only what enrols it is answered.',
    }),
  })
  .openapi('Session');

const halfSchema = z
  .object({
    token: z.string().openapi({ description: 'Good once, and for giving the second factor only.' }),
    expires_at: timeSchema,
    methods: z.array(z.enum(['totp', 'passkey', 'recovery_code'])),
    passkey: optionsSchema.nullable(),
  })
  .openapi('HalfSession');

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
  responses: {
    200: jsonAnswer('The session; a cookie carries it.', sessionSchema),
    202: jsonAnswer('The password is right, and a second factor is missing.', halfSchema),
  },
});

const secondFactorRoute = createRoute({
  method: 'post',
  path: '/api/session/second-factor',
  tags: ['accounts'],
  summary: 'Log in, second step: one of totp, recovery_code and passkey',
  request: { body: jsonBody(z.strictObject({ token: z.string().max(200), ...factorShape })) },
  responses: { 200: jsonAnswer('The session; a cookie carries it.', sessionSchema) },
});

const passkeyOptionsRoute = createRoute({
  method: 'post',
  path: '/api/session/passkey/options',
  tags: ['accounts'],
  summary: 'What the browser is asked for where somebody logs in by a passkey alone',
  responses: {
    200: jsonAnswer(
      'Options for `navigator.credentials.get`, good once and for five minutes; null where this server knows no passkeys.',
      z.object({ options: optionsSchema.nullable() }),
    ),
  },
});

const passkeyRoute = createRoute({
  method: 'post',
  path: '/api/session/passkey',
  tags: ['accounts'],
  summary: 'Log in by a passkey alone',
  request: { body: jsonBody(z.strictObject({ passkey: assertionSchema })) },
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
  request: { body: jsonBody(z.strictObject({ current: passwordSchema, new: passwordSchema, ...factorShape })) },
  responses: { 204: done },
});

/** What the routes of sessions need. */
export type SessionRouteDependencies = LogInDependencies & StepUpParts;

/** Logging in and out, and the own password. */
export function addLogInRoutes(router: OpenAPIHono<AppEnv>, dependencies: SessionRouteDependencies): void {
  router.openapi(logInRoute, async (c) => {
    const found = await logIn(dependencies, c.var.organisation.id, c.req.valid('json'));
    if (found.kind === 'opened') return c.json(await hand(c, dependencies, found), 200);
    const { token, expiresAt, methods, passkey } = found;
    return c.json({ token, expires_at: formatTime(expiresAt), methods: [...methods], passkey: passkey ?? null }, 202);
  });
  router.openapi(secondFactorRoute, async (c) => {
    const { token, ...proof } = c.req.valid('json');
    const opened = await completeLogIn(dependencies, c.var.organisation.id, { token, proof });
    return c.json(await hand(c, dependencies, opened), 200);
  });
  router.openapi(passkeyOptionsRoute, async (c) => {
    const options = await offerPasskeyLogIn(dependencies, c.var.organisation.id);
    return c.json({ options: options ?? null }, 200);
  });
  router.openapi(passkeyRoute, async (c) => {
    const opened = await logInByPasskey(dependencies, c.var.organisation.id, c.req.valid('json').passkey);
    return c.json(await hand(c, dependencies, opened), 200);
  });
  addOwnSessionRoutes(router, dependencies);
}

function addOwnSessionRoutes(router: OpenAPIHono<AppEnv>, dependencies: SessionRouteDependencies): void {
  router.openapi(ownSessionRoute, async (c) => {
    return c.json(await describeSession(c, dependencies, await readOwnSession(c, dependencies)), 200);
  });
  router.openapi(logOutRoute, async (c) => {
    await logOut(dependencies, callerOf(c.var), requirePerson(c.var).sessionId);
    c.header('Set-Cookie', encodeEndedCookie());
    return c.body(null, 204);
  });
  router.openapi(passwordRoute, async (c) => {
    const { current: password, new: next, ...factor } = c.req.valid('json');
    assertPassword(next);
    const proof = { password, ...factor };
    await changePassword(dependencies, callerOf(c.var), { personId: requirePerson(c.var).personId, proof, next });
    return c.body(null, 204);
  });
}

/** Hands the session out as a cookie, and answers what it is. */
async function hand(c: Context<AppEnv>, dependencies: SessionRouteDependencies, opened: OpenedSession) {
  const description = await describeSession(c, dependencies, opened);
  c.header('Set-Cookie', encodeSessionCookie(opened.token, sessionLifeMs / 1000));
  return description;
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

async function describeSession(
  c: Context<AppEnv>,
  { database, secrets }: SessionDependencies,
  { session, member }: { session: SessionRow; member: MemberRow },
) {
  const { id, email, name, role } = member;
  const factors = await findFactors(database.query, id);
  const organisation = await findOrganisation(database.query, c.var.organisation.id);
  const at = session.second_factor_at;
  return {
    person: { id, email, name },
    organisation: c.var.organisation.slug,
    role,
    csrf_token: await csrfTokenOf(secrets, session.id),
    expires_at: formatTime(session.expires_at),
    factors: describeFactors(factors),
    second_factor_at: at === null ? null : formatTime(at),
    must_enrol: organisation?.second_factor === 'required' && at === null,
  };
}

function describeFactors({ totp, passkeys, recoveryCodes }: Factors) {
  return { totp: totp !== undefined, passkeys: passkeys.length, recovery_codes_left: recoveryCodes };
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
