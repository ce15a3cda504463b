/** Questions over the network (RFC 9110), each to an address that was looked at, within time and size. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TrustError } from '@signpost/protocol/errors';
import type { Reach } from '../../http/outgoing/reach.ts';
import { sendRequest } from '../../http/outgoing/send.ts';
import type { Answer, Answered, Ask, NoAnswer, Question } from './ask.ts';
import { beginHash, finishHash } from './covered-hash.ts';

/** How questions are sent. */
export interface AskParts {
  /** `host` or `host:port`: these may be at addresses that are not public, and speak plain HTTP there. */
  readonly privateHosts: ReadonlySet<string>;
  /** Resolves a host name; the machine's way by itself. */
  readonly resolve?: Reach['resolve'];
  readonly now: () => number;
  /** For one question with all its redirects; 20 s by itself. */
  readonly timeoutMs?: number;
}

const usualTimeoutMs = 20_000;
const maxRedirects = 3;
/** Longer waits are not believed. */
const maxRetryAfterMs = 24 * 3_600_000;

/** Makes what sends questions. Nothing is sent before it is called. */
export function createAsk(parts: AskParts): Ask {
  const { timeoutMs = usualTimeoutMs } = parts;
  return async (question) => {
    question.signal.throwIfAborted();
    const url = new URL(question.url);
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([timeout, question.signal]);
    try {
      return await follow(parts, url, { ...question, signal });
    } catch (error) {
      question.signal.throwIfAborted();
      return timeout.aborted
        ? unknown(`${url.host} did not answer within ${timeoutMs / 1000} s`)
        : unknown(describeFailure(url, error));
    }
  };
}

async function follow(parts: AskParts, first: URL, question: Question): Promise<Answer> {
  let url = first;
  let namedBy = question.namedBy === undefined ? undefined : new URL(question.namedBy);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const headers = { ...describeHeaders(question), ...(url.origin === first.origin && question.headers) };
    const response = await sendRequest(reachOf(parts, url, namedBy), url, {
      ...{ method: question.method ?? 'GET', headers, signal: question.signal },
      ...(question.body !== undefined && { body: Buffer.from(question.body) }),
    });
    const { location } = response.headers;
    const isRedirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0) && location !== undefined;
    if (!isRedirect) return readAnswer(response, { url, isOwn: url.origin === first.origin, question, now: parts.now });
    response.destroy();
    const next = parseRedirect(url, location, question);
    if (!next) return unknown(`${url.host} redirects to where it may not lead`);
    namedBy = url;
    url = next;
  }
  return unknown(`${url.host} redirects more than ${maxRedirects} times`);
}

/** An address that is not public is for whoever is listed; and nobody else may name it. */
function reachOf({ privateHosts, resolve }: AskParts, { host }: URL, namedBy: URL | undefined): Reach {
  const isListed = privateHosts.has(host) && (namedBy === undefined || privateHosts.has(namedBy.host));
  return { addresses: isListed ? 'any' : 'public', ...(resolve && { resolve }) };
}

function describeHeaders({ accept = '*/*', ifNoneMatch }: Question): Record<string, string> {
  // What is hashed is what was published: no coding in between.
  return { accept, 'accept-encoding': 'identity', ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }) };
}

/** A body is sent once, and to nobody else. */
function parseRedirect(from: URL, location: string, { redirects, method }: Question): URL | undefined {
  const url = URL.parse(location, from);
  if (url === null || method === 'POST' || url.username !== '' || url.password !== '') return undefined;
  if (url.origin === from.origin) return url;
  return redirects === 'any-origin' && ['https:', 'http:'].includes(url.protocol) ? url : undefined;
}

interface Asked {
  readonly url: URL;
  /** Of the origin that was asked. */
  readonly isOwn: boolean;
  readonly question: Question;
  readonly now: () => number;
}

async function readAnswer(response: IncomingMessage, { url, isOwn, question, now }: Asked): Promise<Answer> {
  const { method, maxBytes, isHashed } = question;
  const { statusCode: status = 0 } = response;
  const headers = readHeaders(response);
  const isAnswer = (status >= 200 && status < 300) || status === 304 || status === 404 || status === 410;
  if (!isAnswer) {
    response.destroy();
    const refusal = unknown(`${url.host} answered ${status}`);
    // Whoever a redirect leads to speaks for nobody else: neither who must ask, nor that others are to wait.
    if (!isOwn) return refusal;
    const challenge = status === 401 ? (headers.get('www-authenticate') ?? undefined) : undefined;
    return { ...refusal, status, challenge, retryAfterMs: readRetryAfter(headers, now) };
  }
  if (method === 'HEAD' || status === 304) {
    response.destroy();
    return { kind: 'answer', status, headers, body: new Uint8Array() };
  }
  const read = isHashed ? await hashBody(response, question) : await readBody(response, maxBytes);
  if (!read) return { ...unknown(`${url.host} answered with more than ${maxBytes} bytes`), status, isTooLong: true };
  return { kind: 'answer', status, headers, ...read };
}

function readHeaders({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  return headers;
}

type Body = Pick<Answered, 'body' | 'digests'>;

/** The body; undefined: it is longer than `maxBytes`. */
export async function readBody(response: IncomingMessage, maxBytes: number): Promise<Body | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return { body: new Uint8Array(Buffer.concat(chunks)) };
}

async function hashBody(response: IncomingMessage, { maxBytes, covered = [] }: Question): Promise<Body | undefined> {
  const own = [createHash('sha256'), createHash('sha512')] as const;
  const asked = covered.map((one) => ({ one, hash: beginHash(one) }));
  const hashes = [...own, ...asked.map(({ hash }) => hash)];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    for (const hash of hashes) hash.update(chunk);
  }
  const [sha256, sha512] = own;
  const digests = { sha256: sha256.digest(), sha512: sha512.digest() };
  return {
    body: new Uint8Array(),
    digests: { ...digests, covered: asked.map(({ one, hash }) => finishHash(hash, one)) },
  };
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(headers: Headers, now: () => number): number | undefined {
  const text = headers.get('retry-after') ?? '';
  const waitMs = /^[0-9]{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now();
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), maxRetryAfterMs) : undefined;
}

/** Why there was no answer, in words that hold nothing of the request but the host. */
export function describeFailure({ host }: URL, error: unknown): string {
  if (error instanceof TrustError) return error.message;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return `no answer from ${host}${code === undefined ? '' : `: ${code}`}`;
}

function unknown(reason: string): NoAnswer {
  return { kind: 'unknown', reason };
}
