/** HTTP of OCSP (RFC 6960, appendix A; RFC 5019, 5 and 6): public, by GET and POST, over plain HTTP as well. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import type { Context } from 'hono';
import { Refusal } from '../../../errors.ts';
import type { AppEnv } from '../../../http/context.ts';
import type { DirectResponder } from '../../../http/direct-responders.ts';
import { isMatch } from '../../../http/entity-tag.ts';
import { formatBody } from '../../../http/prepared.ts';
import { createRouter } from '../../../http/router.ts';
import { type AuthorityPlace, requireAuthority } from '../../authorities/authority.ts';
import { sharedCacheSeconds } from '../periods.ts';
import type { StatusAnswers } from '../status-answers.ts';
import { type AnswerParts, answerOcsp, type OcspAnswer } from './answer.ts';
import type { SignedAnswer } from './signed-answers.ts';

/** What the routes of OCSP need. */
export interface OcspRouteParts extends AnswerParts {
  readonly statusAnswers: StatusAnswers;
}

const requestType = 'application/ocsp-request';
const responseType = 'application/ocsp-response';
const postName = 'POST /pki/{authority}/ocsp';
const getName = 'GET /pki/{authority}/ocsp/{request}';
const authoritySchema = z.string().max(63);
const responses = {
  200: {
    description: 'The response, DER; that there is no answer is one as well',
    content: { [responseType]: { schema: z.string().openapi({ format: 'binary' }) } },
  },
  304: { description: 'Unchanged' },
};

const postRoute = createRoute({
  method: 'post',
  path: '/pki/{authority}/ocsp',
  tags: ['pki public'],
  summary: 'Ask whether certificates of an authority are revoked (RFC 6960)',
  request: {
    params: z.object({ authority: authoritySchema }),
    body: { content: { [requestType]: { schema: z.any() } }, required: true },
  },
  responses,
});

const getRoute = createRoute({
  method: 'get',
  path: '/pki/{authority}/ocsp/{request}',
  tags: ['pki public'],
  summary: 'The same, with the request as base64 in the path: for caches',
  request: { params: z.object({ authority: authoritySchema, request: z.string().max(4096) }) },
  responses,
});

/** The routes of OCSP. */
export function ocspRoutes(parts: OcspRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(postRoute, async (c) => {
    const place = await findPlace(parts, c, c.req.valid('param').authority);
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type !== requestType) throw new Refusal('unsupported_type', `expected ${requestType}`);
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    return answer(parts, c, { place, bytes, method: 'POST' });
  });
  router.openapi(getRoute, async (c) => {
    const { authority, request } = c.req.valid('param');
    return answerGet(parts, c, { authority, request });
  });
  // Clients that leave the slashes of base64 as they are have been around for twenty years.
  router.get('/pki/:authority/ocsp/:request{.+}', async (c) => answerGet(parts, c, c.req.param()));
  return router;
}

async function answerGet(
  parts: OcspRouteParts,
  c: Context<AppEnv>,
  { authority, request }: { readonly authority: string; readonly request: string },
): Promise<never> {
  const place = await findPlace(parts, c, authority);
  return answer(parts, c, { place, bytes: decodeRequest(request), method: 'GET' });
}

/** What is no base64 is no DER either, and is answered as such. */
function decodeRequest(text: string): Uint8Array<ArrayBuffer> {
  try {
    return parseBase64(text);
  } catch {
    return new Uint8Array();
  }
}

async function findPlace(parts: OcspRouteParts, c: Context<AppEnv>, name: string): Promise<AuthorityPlace> {
  const organisationId = c.var.organisation.id;
  return parts.statusAnswers.places.find(`${organisationId} ${name}`, async () => {
    const { id } = await requireAuthority(parts.database.query, organisationId, name);
    return { organisationId, authorityId: id };
  });
}

interface Asked {
  readonly place: AuthorityPlace;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly method: 'GET' | 'POST';
}

async function answer(parts: OcspRouteParts, c: Context<AppEnv>, { place, bytes, method }: Asked): Promise<never> {
  const { statusAnswers } = parts;
  const host = c.req.header('host') ?? '';
  const target = c.env?.incoming?.url;
  const { generation } = statusAnswers.prepared;
  const responderGeneration = statusAnswers.responders.generation;
  const answered = await answerOcsp(parts, place, bytes);
  if (target !== undefined) {
    keepPrepared(parts, { host, target, generation, place, body: method === 'POST' ? bytes : undefined }, answered);
    if (method === 'POST') {
      const found = { host, target, generation: responderGeneration };
      statusAnswers.responders.keep(found, createDirectResponder(parts, place));
    }
  }
  if (answered.kind === 'single') return c.body(answered.bytes, 200, singleHeaders) as never;
  const { answer: signed } = answered;
  if (method === 'GET' && isMatch(c.req.header('if-none-match') ?? '', signed.etag)) {
    return c.body(null, 304, describeHeaders(signed)) as never;
  }
  return c.body(signed.bytes, 200, describeHeaders(signed)) as never;
}

/** Answers what is posted for an authority, once a request to it has passed the application. */
function createDirectResponder(parts: OcspRouteParts, place: AuthorityPlace): DirectResponder {
  return {
    route: postName,
    respond: async ({ host, target, body }) => {
      const { generation } = parts.statusAnswers.prepared;
      const answered = await answerOcsp(parts, place, body);
      keepPrepared(parts, { host, target, generation, place, body }, answered);
      return answered.kind === 'single'
        ? { headers: Object.entries(singleHeaders), body: answered.bytes }
        : { headers: Object.entries(describeHeaders(answered.answer)), body: answered.answer.bytes };
    },
  };
}

interface AnswerPlace {
  readonly host: string;
  readonly target: string;
  /** Of a POST. */
  readonly body: Uint8Array | undefined;
  readonly generation: number;
  readonly place: AuthorityPlace;
}

function keepPrepared({ statusAnswers }: OcspRouteParts, asked: AnswerPlace, answered: OcspAnswer): void {
  if (answered.kind === 'single' || !answered.answer.isCurrent()) return;
  const { bytes, etag, validUntil, isCurrent } = answered.answer;
  const { host, target, generation, place, body } = asked;
  statusAnswers.prepared.keep(
    { host, target, generation, body: body && formatBody(body) },
    {
      ...{ organisationId: place.organisationId, route: body ? postName : getName },
      ...{ headers: Object.entries(describeHeaders(answered.answer)), etag, body: bytes, validUntil, isCurrent },
    },
  );
}

const singleHeaders = { 'Content-Type': responseType, 'Cache-Control': 'no-store' };

/** RFC 5019, 6.2. Caches give it for minutes only, though it holds for hours: revocation must get around. */
function describeHeaders({ etag, thisUpdate }: SignedAnswer): Record<string, string> {
  return {
    'Content-Type': responseType,
    'Cache-Control': `public, max-age=${sharedCacheSeconds}, no-transform, must-revalidate`,
    'Last-Modified': new Date(thisUpdate).toUTCString(),
    ETag: etag,
  };
}
