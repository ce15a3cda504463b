/** HTTP of certificates that authorities here have issued. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { confirmRevoker, type StepUpParts } from '../../accounts/step-up.ts';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf, mayAdminister } from '../../http/context.ts';
import { proofShape } from '../../http/proof-schema.ts';
import { createRouter, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { textSchema } from '../../http/text-schema.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import { readRules } from '../profiles/rules.ts';
import { certificateSchema, formatCertificate, formatIssued, issuedSchema } from './format.ts';
import { issueCertificate } from './issue.ts';
import { renewCertificate } from './renew.ts';
import { openPemRequest } from './request.ts';
import { holdCertificate, leafReasons, releaseCertificate, requireCertificate, revokeCertificate } from './revoke.ts';
import { findListed, listCertificates } from './store.ts';
import { summariseCertificate, summarySchema } from './summary.ts';
import { issueSchema, readIssueWish, readLifetime, renewSchema } from './wish-schema.ts';

/** What the routes of certificates need. */
export interface CertificateRouteParts extends AuthorityParts, StepUpParts {
  /** Called after each commit that recorded an event. */
  readonly wakeRelay: () => void;
}

/** The routes of certificates. */
export function certificateRoutes(parts: CertificateRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addReadingRoutes(router, parts);
  addIssuingRoutes(router, parts);
  addRevokingRoutes(router, parts);
  return router;
}

function addReadingRoutes(router: OpenAPIHono<AppEnv>, { database, now }: CertificateRouteParts): void {
  router.openapi(listRoute, async (c) => {
    const { limit, expires_from: from, expires_until: until, ...filter } = c.req.valid('query');
    const rows = await listCertificates(database.query, {
      ...filter,
      ...{ organisationId: c.var.organisation.id, now: now(), limit: limit + 1 },
      ...{ expiresFrom: readTime(from), expiresUntil: readTime(until) },
    });
    const certificates = rows.slice(0, limit).map((row) => formatCertificate(row, now()));
    return c.json({ certificates, next: rows.length > limit ? (certificates.at(-1)?.id ?? null) : null }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const { id } = c.req.valid('param');
    const row = await findListed(database.query, c.var.organisation.id, id);
    if (!row) throw new Refusal('not_found', 'no such certificate', { hint: 'signpost cert list' });
    return c.json(await summariseCertificate(database.query, row, now()), 200);
  });
}

function addIssuingRoutes(router: OpenAPIHono<AppEnv>, parts: CertificateRouteParts): void {
  router.openapi(issueRoute, async (c) => {
    const body = c.req.valid('json');
    await assertMayUse(parts, c.var, body.profile);
    const issued = await issueCertificate(parts, callerOf(c.var), await readIssueWish(body));
    parts.wakeRelay();
    return c.json(formatIssued(issued), 201);
  });
  router.openapi(renewRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { key, request, authority, lifetime, revoke_old: revokeOld, ...proof } = c.req.valid('json');
    const old = await requireCertificate(parts.database.query, c.var.organisation.id, id);
    await assertMayUse(parts, c.var, old.profile);
    if (revokeOld) await confirmRevoker(parts, callerOf(c.var), { proof, countAttempt: c.var.countAttempt });
    const issued = await renewCertificate(parts, callerOf(c.var), {
      ...{ id, authority, revokeOld, lifetimeMs: readLifetime(lifetime) },
      key:
        request === undefined ? { kind: key ?? 'same' } : { kind: 'request', request: await openPemRequest(request) },
    });
    parts.wakeRelay();
    return c.json(formatIssued(issued), 201);
  });
}

/** Whoever holds a responder's or a time stamping key speaks for the authority: only admins hand those out. */
async function assertMayUse(parts: CertificateRouteParts, variables: AppEnv['Variables'], name: string): Promise<void> {
  const { profiles } = await readRules(parts, variables.organisation.id);
  if (profiles.get(name)?.admins_only !== true || mayAdminister(variables.principal)) return;
  throw new Refusal('forbidden', `expected an admin for profile ${name}`, { rule: 'role' });
}

function addRevokingRoutes(router: OpenAPIHono<AppEnv>, parts: CertificateRouteParts): void {
  const { database, now } = parts;
  const answer = async (organisationId: string, id: string) => {
    parts.wakeRelay();
    const row = await findListed(database.query, organisationId, id);
    if (!row) throw new Refusal('not_found', 'no such certificate');
    return formatCertificate(row, now());
  };
  router.openapi(revokeRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { reason, invalid_from: from, ...proof } = c.req.valid('json');
    await confirmRevoker(parts, callerOf(c.var), { proof, countAttempt: c.var.countAttempt });
    await revokeCertificate(parts, callerOf(c.var), { id, reason, invalidFrom: readTime(from) });
    return c.json(await answer(c.var.organisation.id, id), 200);
  });
  router.openapi(holdRoute, async (c) => {
    const { id } = c.req.valid('param');
    await holdCertificate(parts, callerOf(c.var), id);
    return c.json(await answer(c.var.organisation.id, id), 200);
  });
  router.openapi(releaseRoute, async (c) => {
    const { id } = c.req.valid('param');
    await releaseCertificate(parts, callerOf(c.var), id);
    return c.json(await answer(c.var.organisation.id, id), 200);
  });
}

function readTime(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

const tags = ['certificates'];
const params = z.object({ id: z.string().max(50) });
const listRoute = createRoute({
  method: 'get',
  path: '/api/certificates',
  tags,
  summary: 'Certificates, the newest or those that end soonest first',
  request: {
    query: z.object({
      search: textSchema(200).optional(),
      state: z.enum(['valid', 'held', 'revoked', 'expired']).optional(),
      profile: z.string().max(40).optional(),
      authority: z.string().max(63).optional(),
      expires_from: timeSchema.optional(),
      expires_until: timeSchema.optional(),
      order: z.enum(['newest', 'expiry']).default('newest'),
      after: z.string().max(50).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
    }),
  },
  responses: {
    200: jsonAnswer(
      'One page; `next` goes into `after` for the next one',
      z.object({ certificates: z.array(certificateSchema), next: z.string().nullable() }),
    ),
  },
});
const showRoute = createRoute({
  method: 'get',
  path: '/api/certificates/{id}',
  tags,
  summary: 'One certificate in words',
  request: { params },
  responses: { 200: jsonAnswer('The certificate, its chain, and what it replaces', summarySchema) },
});
const issueRoute = createRoute({
  method: 'post',
  path: '/api/certificates',
  tags,
  summary: 'Issue a certificate',
  request: { body: jsonBody(issueSchema) },
  responses: { 201: jsonAnswer('The certificate, durable', issuedSchema) },
});
const renewRoute = createRoute({
  method: 'post',
  path: '/api/certificates/{id}/renew',
  tags,
  summary: 'Renew a certificate; a person who has the old one revoked proves again who they are',
  request: { params, body: jsonBody(renewSchema) },
  responses: { 201: jsonAnswer('The new certificate', issuedSchema) },
});
const revokeRoute = createRoute({
  method: 'post',
  path: '/api/certificates/{id}/revoke',
  tags,
  summary: 'Revoke a certificate for good; a person proves again who they are',
  request: {
    params,
    body: jsonBody(z.strictObject({ reason: z.enum(leafReasons), invalid_from: timeSchema.optional(), ...proofShape })),
  },
  responses: { 200: jsonAnswer('The certificate, revoked', certificateSchema) },
});
const holdRoute = createRoute({
  method: 'post',
  path: '/api/certificates/{id}/hold',
  tags,
  summary: 'Put a certificate on hold',
  request: { params },
  responses: { 200: jsonAnswer('The certificate, on hold', certificateSchema) },
});
const releaseRoute = createRoute({
  method: 'post',
  path: '/api/certificates/{id}/release',
  tags,
  summary: 'Release a certificate from hold',
  request: { params },
  responses: { 200: jsonAnswer('The certificate, valid again', certificateSchema) },
});
