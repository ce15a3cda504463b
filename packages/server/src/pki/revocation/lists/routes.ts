/** HTTP of revocation lists: public, cacheable, over plain HTTP as well (RFC 5280, 4.2.1.13). */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { encodePem } from '@signpost/protocol/asn1/pem';
import type { Context } from 'hono';
import { Refusal } from '../../../errors.ts';
import type { AppEnv } from '../../../http/context.ts';
import { isMatch } from '../../../http/entity-tag.ts';
import { createRouter } from '../../../http/router.ts';
import { type AuthorityParts, requireAuthority } from '../../authorities/authority.ts';
import { type AuthorityRow, findAuthority } from '../../authorities/store.ts';
import { sharedCacheSeconds } from '../periods.ts';
import type { StatusAnswers } from '../status-answers.ts';
import type { RevocationListRow } from '../store.ts';
import { findPublished, type ListName, parseListName, requirePublished } from './published.ts';
import type { ListPublisher } from './publisher.ts';

/** What the routes of lists need. */
export interface ListRouteParts extends AuthorityParts {
  readonly publisher: ListPublisher;
  readonly statusAnswers: StatusAnswers;
}

const authoritySchema = z.string().max(63);
const derType = 'application/pkix-crl';
const pemType = 'application/x-pem-file';
const binary = { schema: z.string().openapi({ format: 'binary' }) };
const responses = {
  200: { description: 'The list, DER or PEM', content: { [derType]: binary, [pemType]: { schema: z.string() } } },
  304: { description: 'Unchanged' },
};

const completeRoute = createRoute({
  method: 'get',
  path: '/pki/{authority}/crl',
  tags: ['pki public'],
  summary: 'The complete revocation list of an authority, DER',
  request: { params: z.object({ authority: authoritySchema }) },
  responses,
});
const pemRoute = createRoute({
  method: 'get',
  path: '/pki/{authority}/crl.pem',
  tags: ['pki public'],
  summary: 'The same as PEM',
  request: { params: z.object({ authority: authoritySchema }) },
  responses,
});
const namedRoute = createRoute({
  method: 'get',
  path: '/pki/{authority}/crl/{list}',
  tags: ['pki public'],
  summary:
    'Other lists: delta, delta.pem, a part such as 64-3 or 64-3.pem, and bundle.pem with those of the whole chain',
  request: { params: z.object({ authority: authoritySchema, list: z.string().max(20) }) },
  responses,
});

/** The routes of lists. */
export function listRoutes(parts: ListRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const complete = { kind: 'complete', part: '' } as const;
  router.openapi(completeRoute, (c) =>
    answerList(parts, c, { authority: c.req.valid('param').authority, name: { ...complete, format: 'der' } }),
  );
  router.openapi(pemRoute, (c) =>
    answerList(parts, c, { authority: c.req.valid('param').authority, name: { ...complete, format: 'pem' } }),
  );
  router.openapi(namedRoute, async (c) => {
    const { authority, list } = c.req.valid('param');
    if (list === 'bundle.pem') return answerBundle(parts, c, authority);
    const name = parseListName(list);
    if (!name) throw new Refusal('not_found', 'no such revocation list is published', { rule: 'no-list' });
    return answerList(parts, c, { authority, name });
  });
  return router;
}

async function answerList(
  parts: ListRouteParts,
  c: Context<AppEnv>,
  { authority, name }: { readonly authority: string; readonly name: ListName },
): Promise<never> {
  const row = await requireAuthority(parts.database.query, c.var.organisation.id, authority);
  const generation = parts.statusAnswers.listGeneration(row.id);
  const list = await requirePublished(parts, row, name);
  const der = Buffer.from(list.der, 'base64');
  const isPem = name.format === 'pem';
  const body = isPem ? Buffer.from(encodePem('X509 CRL', der)) : der;
  const etag = `"${list.digest.slice(0, 32)}${isPem ? '-pem' : ''}"`;
  const answered = { body, headers: describeHeaders(list, { etag, type: isPem ? pemType : derType }), etag };
  keepPrepared(parts, c, { ...answered, row, generation, validUntil: list.next_update });
  return send(c, answered);
}

/** RFC 9111: for minutes in caches, until a newer list may be there. */
function describeHeaders(
  list: Pick<RevocationListRow, 'this_update'>,
  { etag, type }: { readonly etag: string; readonly type: string },
): Record<string, string> {
  return {
    'Content-Type': type,
    'Cache-Control': `public, max-age=${sharedCacheSeconds}, no-transform, must-revalidate`,
    'Last-Modified': new Date(list.this_update).toUTCString(),
    ETag: etag,
  };
}

interface Answered {
  readonly body: Buffer<ArrayBuffer>;
  readonly headers: Record<string, string>;
  readonly etag: string;
}

function send(c: Context<AppEnv>, { body, headers, etag }: Answered): never {
  if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, headers) as never;
  return c.body(body, 200, headers) as never;
}

interface Keepable extends Answered {
  readonly row: AuthorityRow;
  readonly generation: number;
  readonly validUntil: number;
}

function keepPrepared({ statusAnswers }: ListRouteParts, c: Context<AppEnv>, answered: Keepable): void {
  const target = c.env?.incoming?.url;
  if (target === undefined || c.req.method !== 'GET') return;
  const { row, generation, headers, etag, body, validUntil } = answered;
  const isCurrent = () => statusAnswers.listGeneration(row.id) === generation;
  statusAnswers.prepared.keep(
    { host: c.req.header('host') ?? '', target, generation: statusAnswers.prepared.generation },
    {
      ...{ organisationId: row.organisation_id, route: 'GET /pki/{authority}/crl', isCurrent },
      ...{ headers: Object.entries(headers), etag, body, validUntil },
    },
  );
}

/** The lists of an authority and of those above it, one after the other, for programs that check a whole chain. */
async function answerBundle(parts: ListRouteParts, c: Context<AppEnv>, authority: string): Promise<never> {
  const { query } = parts.database;
  const row = await requireAuthority(query, c.var.organisation.id, authority);
  const lists = [await requirePublished(parts, row, { kind: 'complete', part: '' })];
  for (let above = row.parent_id; above !== null; ) {
    const parent = await findAuthority(query, c.var.organisation.id, { id: above });
    const list = parent && (await findPublished(parts, parent, { kind: 'complete', part: '' }));
    if (list) lists.push(list);
    above = parent?.parent_id ?? null;
  }
  const body = Buffer.from(lists.map(({ der }) => encodePem('X509 CRL', Buffer.from(der, 'base64'))).join(''));
  const etag = `"${lists.map(({ digest }) => digest.slice(0, 16)).join('-')}"`;
  const [own] = lists;
  return send(c, { body, etag, headers: describeHeaders(own ?? { this_update: 0 }, { etag, type: pemType }) });
}
