/** HTTP of second factors: the own ones, and those of a member who has lost theirs. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf, requirePerson } from '../../http/context.ts';
import {
  hasProof,
  optionsSchema,
  proofExpected,
  proofShape,
  readProof,
  registrationSchema,
} from '../../http/proof-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { queueAccountMail } from '../notices/queue.ts';
import { confirmPerson, offerStepUp, type StepUpParts } from '../step-up.ts';
import { findMember, findOrganisation } from '../store.ts';
import { confirmTotp, offerTotp, removeTotp } from './authenticator-app.ts';
import { changePasskey, offerPasskey, registerPasskey, removePasskey } from './passkeys.ts';
import { makeRecoveryCodes } from './recovery-codes.ts';
import { type Factors, findFactors, isEnrolled, resetFactors } from './second-factor.ts';
import type { PasskeyRow } from './store.ts';

const tags = ['accounts'];
const idSchema = z.object({ id: z.uuid() });
const nameSchema = lineSchema(100);
const done = { description: 'Done.' };
const proofSchema = z.strictObject(proofShape).refine(hasProof, proofExpected);

const passkeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    synced: z.boolean(),
    suspended: z.boolean(),
    created_at: timeSchema,
    last_used_at: timeSchema.nullable(),
  })
  .openapi('Passkey');

const factorsSchema = z
  .object({
    totp: z.object({ created_at: timeSchema }).nullable(),
    passkeys: z.array(passkeySchema),
    recovery_codes_left: z.int(),
    required: z.boolean(),
  })
  .openapi('Factors');

const codesSchema = z.array(z.string());

const factorsRoute = createRoute({
  method: 'get',
  path: '/api/factors',
  tags,
  summary: 'The own second factors, and whether the organisation demands one',
  responses: { 200: jsonAnswer('The factors.', factorsSchema) },
});

const offerTotpRoute = createRoute({
  method: 'post',
  path: '/api/factors/totp',
  tags,
  summary: 'Begin with an authenticator app; it counts once a code of it confirms it',
  request: { body: jsonBody(proofSchema) },
  responses: {
    200: jsonAnswer(
      'What the app must be told; it is not shown again.',
      z.object({ secret: z.string(), uri: z.string() }),
    ),
  },
});

const confirmTotpRoute = createRoute({
  method: 'post',
  path: '/api/factors/totp/confirm',
  tags,
  summary: 'Put the authenticator app in force by the code that it shows',
  request: { body: jsonBody(z.strictObject({ code: z.string().regex(/^\d{6}$/, 'expected six digits') })) },
  responses: {
    200: jsonAnswer(
      'It counts. With the first factor come recovery codes, shown only here, and all other own sessions end.',
      z.object({ recovery_codes: codesSchema.nullable() }),
    ),
  },
});

const removeTotpRoute = createRoute({
  method: 'post',
  path: '/api/factors/totp/remove',
  tags,
  summary: 'Remove the own authenticator app',
  request: { body: jsonBody(proofSchema) },
  responses: { 204: done },
});

const passkeyOptionsRoute = createRoute({
  method: 'post',
  path: '/api/factors/passkeys/options',
  tags,
  summary: 'Begin with a passkey: what the browser is asked for',
  request: { body: jsonBody(proofSchema) },
  responses: {
    200: jsonAnswer('Options for `navigator.credentials.create`, good for five minutes.', optionsSchema),
  },
});

const newPasskeyRoute = createRoute({
  method: 'post',
  path: '/api/factors/passkeys',
  tags,
  summary: 'Register the passkey that the browser made',
  request: { body: jsonBody(z.strictObject({ name: nameSchema, credential: registrationSchema })) },
  responses: {
    201: jsonAnswer(
      'The passkey. With the first factor come recovery codes, shown only here, and all other own sessions end.',
      z.object({ passkey: passkeySchema, recovery_codes: codesSchema.nullable() }),
    ),
  },
});

const renamePasskeyRoute = createRoute({
  method: 'patch',
  path: '/api/factors/passkeys/{id}',
  tags,
  summary: 'Rename an own passkey',
  request: { params: idSchema, body: jsonBody(z.strictObject({ name: nameSchema })) },
  responses: { 204: done },
});

const removePasskeyRoute = createRoute({
  method: 'post',
  path: '/api/factors/passkeys/{id}/remove',
  tags,
  summary: 'Remove an own passkey',
  request: { params: idSchema, body: jsonBody(proofSchema) },
  responses: { 204: done },
});

const recoveryCodesRoute = createRoute({
  method: 'post',
  path: '/api/factors/recovery-codes',
  tags,
  summary: 'Make new recovery codes; the old ones hold no more',
  request: { body: jsonBody(proofSchema) },
  responses: { 200: jsonAnswer('The codes, shown only here.', z.object({ recovery_codes: codesSchema })) },
});

const stepUpOptionsRoute = createRoute({
  method: 'post',
  path: '/api/factors/step-up-options',
  tags,
  summary: 'What the browser is asked for where a passkey proves again who somebody is',
  responses: {
    200: jsonAnswer(
      'Options for `navigator.credentials.get`, good once and for five minutes; null without a passkey.',
      z.object({ options: optionsSchema.nullable() }),
    ),
  },
});

const resetRoute = createRoute({
  method: 'post',
  path: '/api/people/{id}/factors/reset',
  tags,
  summary: 'Take all second factors from a member who has lost them; their sessions end',
  request: { params: idSchema, body: jsonBody(proofSchema) },
  responses: { 204: done },
});

/** The routes of second factors. */
export function factorRoutes(parts: StepUpParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(factorsRoute, async (c) => {
    const { personId } = requirePerson(c.var);
    const organisation = await findOrganisation(parts.database.query, c.var.organisation.id);
    const factors = await findFactors(parts.database.query, personId);
    return c.json({ ...describeFactors(factors), required: organisation?.second_factor === 'required' }, 200);
  });
  addTotpRoutes(router, parts);
  addPasskeyRoutes(router, parts);
  addRecoveryRoutes(router, parts);
  return router;
}

function addTotpRoutes(router: OpenAPIHono<AppEnv>, parts: StepUpParts): void {
  router.openapi(offerTotpRoute, async (c) => {
    await confirmPerson(parts, callerOf(c.var), readProof(c.req.valid('json')));
    return c.json(await offerTotp(parts, callerOf(c.var), await requireSelf(parts, c.var)), 200);
  });
  router.openapi(confirmTotpRoute, async (c) => {
    const { personId } = requirePerson(c.var);
    const codes = await confirmTotp(parts, callerOf(c.var), { personId, code: c.req.valid('json').code });
    return c.json({ recovery_codes: codes ?? null }, 200);
  });
  router.openapi(removeTotpRoute, async (c) => {
    await confirmPerson(parts, callerOf(c.var), readProof(c.req.valid('json')));
    await removeTotp(parts, callerOf(c.var), requirePerson(c.var).personId);
    return c.body(null, 204);
  });
}

function addPasskeyRoutes(router: OpenAPIHono<AppEnv>, parts: StepUpParts): void {
  router.openapi(passkeyOptionsRoute, async (c) => {
    await confirmPerson(parts, callerOf(c.var), readProof(c.req.valid('json')));
    const self = await requireSelf(parts, c.var);
    return c.json(await offerPasskey(parts, self, requirePerson(c.var).sessionId), 200);
  });
  router.openapi(newPasskeyRoute, async (c) => {
    const { name, credential: response } = c.req.valid('json');
    const { personId } = requirePerson(c.var);
    const made = await registerPasskey(parts, callerOf(c.var), { personId, name, response });
    return c.json({ passkey: describePasskey(made.row), recovery_codes: made.recoveryCodes ?? null }, 201);
  });
  router.openapi(renamePasskeyRoute, async (c) => {
    const { personId } = requirePerson(c.var);
    const { name } = c.req.valid('json');
    await changePasskey(parts, callerOf(c.var), { id: c.req.valid('param').id, personId, name });
    return c.body(null, 204);
  });
  router.openapi(removePasskeyRoute, async (c) => {
    await confirmPerson(parts, callerOf(c.var), readProof(c.req.valid('json')));
    const { personId } = requirePerson(c.var);
    await removePasskey(parts, callerOf(c.var), { id: c.req.valid('param').id, personId });
    return c.body(null, 204);
  });
}

function addRecoveryRoutes(router: OpenAPIHono<AppEnv>, parts: StepUpParts): void {
  router.openapi(recoveryCodesRoute, async (c) => {
    const caller = callerOf(c.var);
    const { personId } = requirePerson(c.var);
    await confirmPerson(parts, caller, readProof(c.req.valid('json')));
    if (!isEnrolled(await findFactors(parts.database.query, personId))) throw nothingToRecover();
    const now = parts.now();
    const codes = await parts.database.transaction(async (transaction) => {
      await queueAccountMail(transaction, { personId, change: 'recovery_codes.made', now });
      return makeRecoveryCodes(transaction, { caller, personId, now });
    });
    return c.json({ recovery_codes: codes }, 200);
  });
  router.openapi(stepUpOptionsRoute, async (c) => {
    const options = await offerStepUp(parts, requirePerson(c.var));
    return c.json({ options: options ?? null }, 200);
  });
  router.openapi(resetRoute, async (c) => {
    const caller = callerOf(c.var);
    await confirmPerson(parts, caller, readProof(c.req.valid('json')));
    await resetFactors(parts, caller, c.req.valid('param').id);
    return c.body(null, 204);
  });
}

async function requireSelf(
  { database }: StepUpParts,
  variables: Pick<AppEnv['Variables'], 'organisation' | 'principal'>,
) {
  const member = await findMember(database.query, variables.organisation.id, requirePerson(variables).personId);
  if (!member) throw new Refusal('unauthenticated', 'this session does not hold');
  return member;
}

function nothingToRecover(): Refusal {
  return new Refusal('conflict', 'expected a second factor that recovery codes could stand in for', {
    rule: 'no-second-factor',
    hint: 'the codes come with the first authenticator app or passkey',
  });
}

function describeFactors({ totp, passkeys, recoveryCodes }: Factors) {
  return {
    totp: totp ? { created_at: formatTime(totp.created_at) } : null,
    passkeys: passkeys.map(describePasskey),
    recovery_codes_left: recoveryCodes,
  };
}

function describePasskey({ id, name, synced, suspended_at, created_at, last_used_at }: PasskeyRow) {
  return {
    id,
    name,
    synced: synced === 1,
    suspended: suspended_at !== null,
    created_at: formatTime(created_at),
    last_used_at: last_used_at === null ? null : formatTime(last_used_at),
  };
}
