/** HTTP of revocation for those who run authorities: how it stands, publish now, import what was made elsewhere. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { importList } from './lists/import.ts';
import { type ListRouteParts, listRoutes } from './lists/routes.ts';
import { type OcspRouteParts, ocspRoutes } from './ocsp/routes.ts';
import { orderPublication } from './root.ts';
import { describeRevocation, type RevocationStatus } from './status.ts';

/** What the routes of revocation need. */
export interface RevocationRouteParts extends OcspRouteParts, ListRouteParts {}

const params = z.object({ authority: z.string().max(63) });
const listSchema = z.object({
  kind: z.enum(['complete', 'delta']),
  part: z.string(),
  number: z.int(),
  base_number: z.int().nullable(),
  this_update: timeSchema,
  next_update: timeSchema,
  entries: z.int(),
});
const statusSchema = z
  .object({
    lists: z.array(listSchema),
    behind: z.boolean(),
    ocsp_until: timeSchema.nullable(),
    warnings: z.array(z.string()),
  })
  .openapi('RevocationStatus');
const answers = { 200: jsonAnswer('How it stands now', statusSchema) };

const statusRoute = createRoute({
  method: 'get',
  path: '/api/authorities/{authority}/revocation',
  tags: ['authorities'],
  summary: 'What an authority publishes about revocation, and what runs out',
  request: { params },
  responses: answers,
});
const publishRoute = createRoute({
  method: 'post',
  path: '/api/authorities/{authority}/crl',
  tags: ['authorities'],
  summary: 'Publish the revocation lists of an authority now',
  description: 'A root on this server needs its passphrase; it also makes the key that answers for it by OCSP.',
  request: { params, body: jsonBody(z.object({ passphrase: z.string().max(1024).optional() })) },
  responses: answers,
});
const importRoute = createRoute({
  method: 'post',
  path: '/api/authorities/{authority}/crl/import',
  tags: ['authorities'],
  summary: 'Publish a revocation list that was made on another machine',
  description:
    'The body is the list, DER or PEM, at most 1 MiB. Its signature is checked, number and time must grow, and what it revokes is revoked here, too. With `cascade` that goes for everything below an authority that it revokes; without, such a list is refused while there are valid certificates.',
  request: { params, query: z.object({ cascade: z.literal('true').optional() }) },
  responses: answers,
});

/** The routes of revocation, the public ones too. */
export function revocationRoutes(parts: RevocationRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const describe = async (organisationId: string, authority: string) =>
    formatStatus(await describeRevocation(parts, organisationId, authority));
  router.openapi(statusRoute, async (c) =>
    c.json(await describe(c.var.organisation.id, c.req.valid('param').authority), 200),
  );
  router.openapi(publishRoute, async (c) => {
    const { authority } = c.req.valid('param');
    await orderPublication(parts, callerOf(c.var), { authority, ...c.req.valid('json') });
    return c.json(await describe(c.var.organisation.id, authority), 200);
  });
  router.openapi(importRoute, async (c) => {
    const { authority } = c.req.valid('param');
    const bytes = decodeList(new Uint8Array(await c.req.arrayBuffer()));
    const { authority_id } = await importList(parts, callerOf(c.var), {
      ...{ authority, bytes },
      cascade: c.req.valid('query').cascade === 'true',
    });
    parts.statusAnswers.forgetLists(authority_id);
    return c.json(await describe(c.var.organisation.id, authority), 200);
  });
  router.route('/', ocspRoutes(parts));
  router.route('/', listRoutes(parts));
  return router;
}

/** DER begins with a SEQUENCE; everything else is taken for PEM. */
function decodeList(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes[0] === 0x30 ? bytes : parsePemBlock(Buffer.from(bytes).toString('latin1'), 'X509 CRL', bytes.length);
}

function formatStatus({ lists, behind, responderUntil, warnings }: RevocationStatus) {
  return {
    lists: lists.map(({ kind, part, number, base_number, this_update, next_update, entries }) => ({
      ...{ kind, part, number, base_number, entries },
      ...{ this_update: formatTime(this_update), next_update: formatTime(next_update) },
    })),
    behind,
    ocsp_until: responderUntil === null ? null : formatTime(responderUntil),
    warnings: [...warnings],
  };
}
