/** The listening socket: prepared answers first, everything else through the application. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { clientAddress, isForwardedOverHttps, limitKey, type TrustedProxies } from './address.ts';
import { headersFor } from './headers.ts';
import type { Metrics } from './metrics.ts';
import { isPlainPath } from './plain-paths.ts';
import type { PreparedAnswer, PreparedAnswers } from './prepared.ts';
import type { RateLimit } from './rate-limit.ts';
import { assertKeyPair, followKeyPair, type KeyPairSource } from './tls/key-pair.ts';
import { secureContextOptions, tlsOptions } from './tls/settings.ts';

/** How a listener speaks TLS. */
interface TlsParts {
  readonly source: KeyPairSource;
  /** Asks clients for a certificate, which they need not have. */
  readonly requestClientCertificates: boolean;
  readonly log: Logger;
  /** How often the source is asked for a new pair; every ten seconds by default. */
  readonly followMs?: number;
}

/** What the server is made of. */
export interface HttpServerParts {
  readonly fetch: Parameters<typeof createAdaptorServer>[0]['fetch'];
  readonly listen: { readonly host: string; readonly port: number };
  /** Looked through in this order. */
  readonly prepared: readonly PreparedAnswers[];
  readonly reads: RateLimit;
  readonly metrics: Metrics;
  readonly proxies: TrustedProxies;
  /** Clients reach the server at an `https:` base URL. */
  readonly secure: boolean;
  /** Undefined: plain HTTP. */
  readonly tls?: TlsParts | undefined;
  /** Beside a listener with TLS: only what may be asked without (see `isPlainPath`). */
  readonly plainPathsOnly?: boolean;
}

/** A server that listens. */
export interface HttpServer {
  /** `http://` or `https://` with the address that was taken. */
  readonly url: string;
  /** Takes no more connections, lets running requests end for ten seconds, then cuts them off. */
  stop(): Promise<void>;
}

const drainMs = 10_000;
const idleCheckMs = 50;

const defaultFollowMs = 10_000;

/** Listens; rejects when the address is taken, and with `unavailable` for a key pair that is none. */
export async function openHttpServer(parts: HttpServerParts): Promise<HttpServer> {
  const { server, stopFollowing } = parts.tls ? await createTlsListener(parts, parts.tls) : createPlainListener(parts);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(parts.listen.port, parts.listen.host, resolve);
  });
  return {
    url: urlOf(parts.tls ? 'https' : 'http', server.address() as AddressInfo),
    stop: () => {
      stopFollowing();
      return stopServer(server);
    },
  };
}

interface Listener {
  readonly server: ReturnType<typeof createServer>;
  stopFollowing(): void;
}

function createPlainListener(parts: HttpServerParts): Listener {
  return { server: createListener(parts, createServer), stopFollowing: () => undefined };
}

async function createTlsListener(parts: HttpServerParts, tls: TlsParts): Promise<Listener> {
  const shown = await tls.source.read();
  assertKeyPair(shown);
  const secured = tlsOptions(shown, tls.requestClientCertificates);
  const server = createListener(parts, (options, listener) => createTlsServer({ ...options, ...secured }, listener));
  if (!(server instanceof TlsServer)) throw new TypeError('expected a server with TLS');
  const stopFollowing = followKeyPair(tls.source, {
    shown,
    apply: (pair) => server.setSecureContext(secureContextOptions(pair)),
    log: tls.log,
    everyMs: tls.followMs ?? defaultFollowMs,
  });
  return { server, stopFollowing };
}

/** The application behind the prepared answers, on a server that `create` makes. */
function createListener(
  parts: HttpServerParts,
  create: (options: ServerOptions, listener: RequestListener) => Listener['server'],
): Listener['server'] {
  const answerPrepared = createPreparedAnswerer(parts);
  const answerEarly: typeof answerPrepared = (request, response, body) =>
    (parts.plainPathsOnly === true && refuseOtherPaths(request, response)) || answerPrepared(request, response, body);
  return createAdaptorServer({
    fetch: parts.fetch,
    // Large uploads take their time; headers do not.
    serverOptions: { requestTimeout: 3_600_000, headersTimeout: 30_000, keepAliveTimeout: 65_000 },
    createServer: ((options: ServerOptions, listener: RequestListener) =>
      create(options, (request, response) => {
        const decide = (body?: string) => {
          if (!answerEarly(request, response, body)) listener(request, response);
        };
        if (isAsking(request)) readBody(request, decide);
        else decide();
      })) as typeof createServer,
  }) as Listener['server'];
}

/** Nothing else is answered in the clear, and nobody is led on from here: what they sent was read by others already. */
function refuseOtherPaths(request: IncomingMessage, response: ServerResponse): boolean {
  if (isPlainPath(request.url ?? '')) return false;
  const problem = { title: 'Forbidden', status: 403, code: 'forbidden', rule: 'https-only', detail: 'expected HTTPS' };
  response.writeHead(403, { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(problem));
  return true;
}

/** RFC 6960, appendix A: a POST that only asks, and can be answered like a GET. */
const askingType = 'application/ocsp-request';
const maxAskingBytes = 1024;

function isAsking({ method, headers }: IncomingMessage): boolean {
  if (method !== 'POST' || headers['content-type'] !== askingType) return false;
  const length = Number(headers['content-length']);
  return length > 0 && length <= maxAskingBytes;
}

/** Calls `decide` with a short body, one character an octet; the application finds it where its adaptor looks first. */
function readBody(request: IncomingMessage, decide: (body: string) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const rawBody = Buffer.concat(chunks);
    Object.assign(request, { rawBody });
    decide(rawBody.toString('latin1'));
  });
}

/** Answers from a finished buffer where there is one: false when the application must. */
function createPreparedAnswerer(
  parts: HttpServerParts,
): (request: IncomingMessage, response: ServerResponse, body: string | undefined) => boolean {
  const wires = new WeakMap<PreparedAnswer, WireAnswer>();
  const clients = new WeakMap<IncomingMessage['socket'], string>();
  return function answerPrepared(request, response, body) {
    if (request.method !== 'GET' && body === undefined) return false;
    const answer = findPrepared(parts, request, body);
    if (answer === undefined || isSpecial(request)) return false;
    if (!isWithinLimit(parts, request, clients)) return false;
    let wire = wires.get(answer);
    if (wire === undefined) {
      wire = formatForWire(answer);
      wires.set(answer, wire);
    }
    response.writeHead(200, isSecure(parts, request) ? wire.secure : wire.plain);
    response.end(wire.body, 'latin1');
    parts.metrics.countPrepared(answer.route);
    return true;
  };
}

function findPrepared(
  { prepared }: HttpServerParts,
  { headers, url = '' }: IncomingMessage,
  body: string | undefined,
): PreparedAnswer | undefined {
  for (const answers of prepared) {
    const answer = answers.find(headers.host ?? '', url, body);
    if (answer) return answer;
  }
  return undefined;
}

/** A prepared answer as `node:http` writes it fastest. */
interface WireAnswer {
  readonly plain: string[];
  readonly secure: string[];
  /** One character a byte: as text it leaves with the headers in one write, as a buffer in another. */
  readonly body: string;
}

function formatForWire(answer: PreparedAnswer): WireAnswer {
  const { buffer, byteOffset, byteLength } = answer.body;
  return {
    plain: preparedHeaders(answer, false),
    secure: preparedHeaders(answer, true),
    body: Buffer.from(buffer, byteOffset, byteLength).toString('latin1'),
  };
}

/** Names and values in turn, as the observer sets them on other answers. */
function preparedHeaders(answer: PreparedAnswer, secure: boolean): string[] {
  const shared = headersFor({ secure, readableByAll: true });
  const own = new Set(answer.headers.map(([name]) => name.toLowerCase()));
  const kept = Object.entries(shared).filter(([name]) => !own.has(name.toLowerCase()));
  return [...kept, ...answer.headers, ['Content-Length', String(answer.body.length)]].flat();
}

/** Conditional requests are answered otherwise, and those with credentials are not counted by their address. */
function isSpecial({ headers }: IncomingMessage): boolean {
  return headers['if-none-match'] !== undefined || headers.authorization !== undefined || headers.cookie !== undefined;
}

/** The application counts and refuses a request that is one too many; here it is only not answered. */
function isWithinLimit(
  { reads, proxies }: HttpServerParts,
  request: IncomingMessage,
  clients: WeakMap<IncomingMessage['socket'], string>,
): boolean {
  const forwarded = textOf(request.headers['x-forwarded-for']);
  let client = forwarded === undefined ? clients.get(request.socket) : undefined;
  if (client === undefined) {
    client = limitKey(clientAddress(request.socket.remoteAddress, forwarded, proxies));
    // Who is asking directly stays the same as long as the connection.
    if (forwarded === undefined) clients.set(request.socket, client);
  }
  try {
    reads.take(client);
    return true;
  } catch {
    return false;
  }
}

function isSecure({ secure, proxies }: HttpServerParts, request: IncomingMessage): boolean {
  const proto = textOf(request.headers['x-forwarded-proto']);
  return secure || (proto !== undefined && isForwardedOverHttps(request.socket.remoteAddress, proto, proxies));
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join() : header;
}

function urlOf(scheme: 'http' | 'https', { address, family, port }: AddressInfo): string {
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function stopServer(server: Listener['server']): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that becomes idle while the others end would be kept alive for another minute.
  const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}
