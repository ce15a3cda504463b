/** HTTP of timestamps: asked for by anybody (RFC 3161, 3.4), switched on and off by admins. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { TimestampFailure } from '@signpost/protocol/cms/timestamp-response';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { defaultOrganisation } from '../../http/guard.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { type AuthorityParts, authorityNamePattern } from '../authorities/authority.ts';
import { TimestampResponder } from './responder.ts';
import type { TimestampAuthorityRow } from './store.ts';
import { disableTimestamps, enableTimestamps, requireTimestamps } from './timestamp-authority.ts';

const paramsSchema = z.object({ authority: z.string().regex(authorityNamePattern) });
const policySchema = z
  .string()
  .max(120)
  .regex(/^[0-2](?:\.(?:0|[1-9][0-9]*)){1,30}$/, 'expected a dotted identifier');

const settingsSchema = z.strictObject({
  policy: policySchema.optional(),
  accuracy_ms: z.int().min(1).max(86_400_000).optional(),
  ordered: z.boolean().optional(),
});

const statusSchema = z
  .object({
    authority: z.string(),
    policy: z.string(),
    accuracy_ms: z.int(),
    ordered: z.boolean(),
    enabled_at: timeSchema,
    certificate: z.object({
      id: z.uuid(),
      state: z.enum(['valid', 'held', 'revoked']),
      not_before: timeSchema,
      not_after: timeSchema,
    }),
    /** Where requests go; absent where the server has no address configured. */
    url: z.string().optional(),
  })
  .openapi('TimestampAuthority');

const statusRoute = createRoute({
  method: 'get',
  path: '/api/authorities/{authority}/tsa',
  tags: ['timestamps'],
  summary: 'How an authority makes timestamps',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The settings and the certificate that signs.', statusSchema) },
});

const enableRoute = createRoute({
  method: 'post',
  path: '/api/authorities/{authority}/tsa',
  tags: ['timestamps'],
  summary: 'Switch timestamps on, or change how they are made',
  request: { params: paramsSchema, body: jsonBody(settingsSchema) },
  responses: { 200: jsonAnswer('Timestamps are on.', statusSchema) },
});

const disableRoute = createRoute({
  method: 'delete',
  path: '/api/authorities/{authority}/tsa',
  tags: ['timestamps'],
  summary: 'Switch timestamps off and forget their key',
  request: { params: paramsSchema },
  responses: { 204: { description: 'Timestamps are off.' } },
});

const replyType = 'application/timestamp-reply';
const queryType = 'application/timestamp-query';

const stampRoute = createRoute({
  method: 'post',
  path: '/pki/{authority}/tsa',
  tags: ['timestamps'],
  summary: 'A timestamp over a digest (RFC 3161)',
  request: {
    params: paramsSchema,
    body: { content: { [queryType]: { schema: z.string().openapi({ format: 'binary' }) } } },
  },
  responses: {
    200: {
      description: 'TimeStampResp: a token, or a status with the reason',
      content: { [replyType]: { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
});

/** The routes of timestamps. */
export function timestampRoutes(parts: AuthorityParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const responder = new TimestampResponder(parts);
  addSettingsRoutes(router, parts);
  router.openapi(stampRoute, async (c) => {
    assertQuery(c.req.header('content-type'));
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const answer = await responder.answer(c.var.organisation.id, c.req.valid('param').authority, bytes);
    const headers = { 'Content-Type': replyType, 'Cache-Control': 'no-store' };
    return c.body(answer.bytes, isPassing(answer.failure) ? 503 : 200, headers) as never;
  });
  return router;
}

function addSettingsRoutes(router: OpenAPIHono<AppEnv>, parts: AuthorityParts): void {
  router.openapi(statusRoute, async (c) => {
    const { organisation } = c.var;
    const row = await requireTimestamps(parts.database.query, organisation.id, c.req.valid('param').authority);
    return c.json(describe(row, locate(parts, organisation.slug, row.name)), 200);
  });
  router.openapi(enableRoute, async (c) => {
    const { policy, accuracy_ms: accuracyMs, ordered } = c.req.valid('json');
    const settings = {
      ...(policy !== undefined && { policy }),
      ...(accuracyMs !== undefined && { accuracyMs }),
      ...(ordered !== undefined && { isOrdered: ordered }),
    };
    const row = await enableTimestamps(parts, callerOf(c.var), { name: c.req.valid('param').authority, settings });
    return c.json(describe(row, locate(parts, c.var.organisation.slug, row.name)), 200);
  });
  router.openapi(disableRoute, async (c) => {
    await disableTimestamps(parts, callerOf(c.var), c.req.valid('param').authority);
    return c.body(null, 204);
  });
}

function assertQuery(contentType: string | undefined): void {
  if (contentType?.split(';')[0]?.trim().toLowerCase() === queryType) return;
  throw new Refusal('unsupported_type', `expected a body of type ${queryType}`);
}

/** Whether asking again later may help. */
function isPassing(failure: TimestampFailure | undefined): boolean {
  return failure === 'systemFailure' || failure === 'timeNotAvailable';
}

function locate({ pkiUrl }: AuthorityParts, slug: string, authority: string): string | undefined {
  if (pkiUrl === undefined) return undefined;
  return `${pkiUrl}${slug === defaultOrganisation ? '' : `/o/${slug}`}/pki/${authority}/tsa`;
}

function describe(row: TimestampAuthorityRow, url: string | undefined) {
  return {
    authority: row.name,
    policy: row.policy,
    accuracy_ms: row.accuracy_ms,
    ordered: row.is_ordered === 1,
    enabled_at: formatTime(row.enabled_at),
    certificate: {
      id: row.certificate_id,
      state: row.certificate_state,
      not_before: formatTime(row.not_before),
      not_after: formatTime(row.not_after),
    },
    ...(url !== undefined && { url }),
  };
}
