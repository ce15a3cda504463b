/** What the socket answers without the application: from finished buffers, and questions by who is known to answer them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientAddress, isForwardedOverHttps, limitKey, type TrustedProxies } from './address.ts';
import type { DirectAnswer, DirectResponder, DirectResponders, Question } from './direct-responders.ts';
import type { DirectStream } from './direct-streams.ts';
import { isMatch } from './entity-tag.ts';
import { headersFor } from './headers.ts';
import type { Metrics } from './metrics.ts';
import { formatBody, type PreparedAnswer, type PreparedAnswers } from './prepared.ts';
import type { RateLimit } from './rate-limit.ts';

/** What early answers are made with. */
export interface EarlyAnswerParts {
  /** Looked through in this order. */
  readonly prepared: readonly PreparedAnswers[];
  readonly responders: Pick<DirectResponders, 'find'>;
  /** Found by their path without the query. */
  readonly streams: Pick<DirectResponders<DirectStream>, 'find'>;
  readonly reads: RateLimit;
  readonly metrics: Metrics;
  readonly proxies: TrustedProxies;
  /** Clients reach the server at an `https:` base URL. */
  readonly secure: boolean;
}

/** Answers, now or in a moment; false when the application must. `body` is that of a POST that only asks. */
type AnswerEarly = (request: IncomingMessage, response: ServerResponse, body?: Question['body']) => boolean;

/** The early answers of one listener. */
export function createEarlyAnswerer(parts: EarlyAnswerParts): AnswerEarly {
  const wires = new WeakMap<PreparedAnswer, WireAnswer>();
  const clients: Clients = new WeakMap();
  const openStream = createStreamOpener(parts, clients);
  return function answerEarly(request, response, body) {
    if ((request.method !== 'GET' && body === undefined) || isSpecial(request)) return false;
    const place = { host: request.headers.host ?? '', target: request.url ?? '' };
    const answer = findPrepared(parts, place, body);
    if (!answer && !body) return openStream(request, response);
    const responder = answer || !body ? undefined : parts.responders.find(place.host, place.target);
    if ((!answer && !responder) || !isWithinLimit(parts, findClient(parts, request, clients))) return false;
    const secure = isSecure(parts, request);
    if (answer) {
      const wire = wires.get(answer) ?? formatForWire(answer.route, answer);
      wires.set(answer, wire);
      const unchanged = isUnchanged(request, answer);
      if (unchanged) sendUnchanged(response, wire, secure);
      else sendOnWire(response, wire, secure);
      parts.metrics.countPrepared(answer.route, unchanged ? 304 : 200);
    } else if (responder && body) {
      void answerDirectly(parts, responder, { question: { ...place, body }, response, secure });
    }
    return true;
  };
}

/** The client of each connection, as limits count it. */
type Clients = WeakMap<IncomingMessage['socket'], string>;

/** Opens streams where somebody is known to; false when the application must. */
function createStreamOpener(parts: EarlyAnswerParts, clients: Clients): AnswerEarly {
  const heads = new WeakMap<DirectStream, Pick<WireAnswer, 'plain' | 'secure'>>();
  return (request, response) => {
    const { url = '', headers } = request;
    const at = url.indexOf('?');
    const stream = at === -1 ? undefined : parts.streams.find(headers.host ?? '', url.slice(0, at));
    // One that waits behind another request on its connection has no socket yet.
    if (!stream || !response.socket) return false;
    const client = findClient(parts, request, clients);
    const lastEventId = textOf(headers['last-event-id']);
    const open = stream.prepare({ query: url.slice(at + 1), lastEventId, client });
    if (!open || !isWithinLimit(parts, client)) return false;
    const head = heads.get(stream) ?? formatHead(stream.route, stream.headers);
    heads.set(stream, head);
    open(response, isSecure(parts, request) ? head.secure : head.plain);
    parts.metrics.countPrepared(stream.route);
    return true;
  };
}

function findPrepared(
  { prepared }: EarlyAnswerParts,
  { host, target }: Pick<Question, 'host' | 'target'>,
  body: Question['body'] | undefined,
): PreparedAnswer | undefined {
  const text = body && formatBody(body);
  for (const answers of prepared) {
    const answer = answers.find(host, target, text);
    if (answer) return answer;
  }
  return undefined;
}

/** A prepared answer as `node:http` writes it fastest. */
interface WireAnswer {
  readonly plain: string[];
  readonly secure: string[];
  /** One character a byte: as text it leaves with the headers in one write, as a buffer in another. What is large stays as it is. */
  readonly body: string | Uint8Array;
}

/** From here on, in bytes, copying a body costs more than a second write. */
const largeBody = 65_536;

function formatForWire(route: string, { headers, body }: DirectAnswer): WireAnswer {
  const own = [...headers, ['Content-Length', String(body.length)] as const];
  return { ...formatHead(route, own), body: body.length < largeBody ? formatBody(body) : body };
}

function formatHead(route: string, own: DirectAnswer['headers']): Pick<WireAnswer, 'plain' | 'secure'> {
  return { plain: listHeaders(route, own, false), secure: listHeaders(route, own, true) };
}

/** Names and values in turn, as the observer sets them on other answers. */
function listHeaders(route: string, headers: DirectAnswer['headers'], secure: boolean): string[] {
  const shared = headersFor({ secure, readableByAll: route.startsWith('GET ') });
  const own = new Set(headers.map(([name]) => name.toLowerCase()));
  const kept = Object.entries(shared).filter(([name]) => !own.has(name.toLowerCase()));
  return [...kept, ...headers].flat();
}

function sendOnWire(response: ServerResponse, { plain, secure, body }: WireAnswer, isSecure: boolean): void {
  response.writeHead(200, isSecure ? secure : plain);
  if (typeof body === 'string') response.end(body, 'latin1');
  else response.end(body);
}

/** RFC 9110, 15.4.5: the headers of the answer without its content, whose length would be taken for that of a body to come. */
function sendUnchanged(response: ServerResponse, { plain, secure }: WireAnswer, isSecure: boolean): void {
  const headers = isSecure ? secure : plain;
  // The length stands last: `formatForWire`.
  response.writeHead(304, headers.slice(0, -2));
  response.end();
}

function isUnchanged({ method, headers }: IncomingMessage, { etag }: PreparedAnswer): boolean {
  const known = headers['if-none-match'];
  return method === 'GET' && known !== undefined && isMatch(known, etag);
}

interface Asked {
  readonly question: Question;
  readonly response: ServerResponse;
  readonly secure: boolean;
}

async function answerDirectly(
  { metrics }: EarlyAnswerParts,
  responder: DirectResponder,
  { question, response, secure }: Asked,
): Promise<void> {
  const startedAt = performance.now();
  const answer = await responder.respond(question);
  sendOnWire(response, formatForWire(responder.route, answer), secure);
  metrics.countRequest({ route: responder.route, status: 200, seconds: (performance.now() - startedAt) / 1000 });
}

/** Requests with credentials are not counted by their address. */
function isSpecial({ headers }: IncomingMessage): boolean {
  return headers.authorization !== undefined || headers.cookie !== undefined;
}

function findClient({ proxies }: EarlyAnswerParts, request: IncomingMessage, clients: Clients): string {
  const forwarded = textOf(request.headers['x-forwarded-for']);
  const known = forwarded === undefined ? clients.get(request.socket) : undefined;
  if (known !== undefined) return known;
  const client = limitKey(clientAddress(request.socket.remoteAddress, forwarded, proxies));
  // Who is asking directly stays the same as long as the connection.
  if (forwarded === undefined) clients.set(request.socket, client);
  return client;
}

/** The application counts and refuses a request that is one too many; here it is only not answered. */
function isWithinLimit({ reads }: EarlyAnswerParts, client: string): boolean {
  try {
    reads.take(client);
    return true;
  } catch {
    return false;
  }
}

function isSecure({ secure, proxies }: EarlyAnswerParts, request: IncomingMessage): boolean {
  const proto = textOf(request.headers['x-forwarded-proto']);
  return secure || (proto !== undefined && isForwardedOverHttps(request.socket.remoteAddress, proto, proxies));
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join() : header;
}
