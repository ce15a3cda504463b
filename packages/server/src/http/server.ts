/** The listening socket: prepared answers first, everything else through the application. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { clientAddress, isForwardedOverHttps, limitKey, type TrustedProxies } from './address.ts';
import { headersFor } from './headers.ts';
import type { Metrics } from './metrics.ts';
import type { PreparedAnswer, PreparedAnswers } from './prepared.ts';
import type { RateLimit } from './rate-limit.ts';

/** What the server is made of. */
export interface HttpServerParts {
  readonly fetch: Parameters<typeof createAdaptorServer>[0]['fetch'];
  readonly listen: { readonly host: string; readonly port: number };
  readonly prepared: PreparedAnswers;
  readonly reads: RateLimit;
  readonly metrics: Metrics;
  readonly proxies: TrustedProxies;
  /** Clients reach the server at an `https:` base URL. */
  readonly secure: boolean;
}

/** A server that listens. */
export interface HttpServer {
  /** `http://` with the address that was taken. */
  readonly url: string;
  /** Takes no more connections, lets running requests end for ten seconds, then cuts them off. */
  stop(): Promise<void>;
}

const drainMs = 10_000;
const idleCheckMs = 50;

/** Header names of every prepared answer, as the observer sets them on the others. */
function preparedHeaders(answer: PreparedAnswer, secure: boolean): string[] {
  const shared = headersFor({ secure, readableByAll: true });
  const own = new Set(answer.headers.map(([name]) => name.toLowerCase()));
  const kept = Object.entries(shared).filter(([name]) => !own.has(name.toLowerCase()));
  return [...kept, ...answer.headers].flat();
}

/** Listens; rejects when the address is taken. */
export async function openHttpServer(parts: HttpServerParts): Promise<HttpServer> {
  const answerPrepared = createPreparedAnswerer(parts);
  const server = createAdaptorServer({
    fetch: parts.fetch,
    // Large uploads take their time; headers do not.
    serverOptions: { requestTimeout: 3_600_000, headersTimeout: 30_000, keepAliveTimeout: 65_000 },
    createServer: ((options: ServerOptions, listener: RequestListener) =>
      createServer(options, (request, response) => {
        if (!answerPrepared(request, response)) listener(request, response);
      })) as typeof createServer,
  }) as ReturnType<typeof createServer>;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(parts.listen.port, parts.listen.host, resolve);
  });
  return { url: urlOf(server.address() as AddressInfo), stop: () => stopServer(server) };
}

/** Answers from a finished buffer where there is one: false when the application must. */
function createPreparedAnswerer(
  parts: HttpServerParts,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { prepared, metrics } = parts;
  const finished = new WeakMap<PreparedAnswer, { plain: string[]; secure: string[] }>();
  return function answerPrepared(request, response) {
    if (request.method !== 'GET' || request.url === undefined) return false;
    const answer = prepared.find(request.headers.host ?? '', request.url);
    if (answer === undefined || isSpecial(request)) return false;
    if (!isWithinLimit(parts, request)) return false;
    let headers = finished.get(answer);
    if (headers === undefined) {
      headers = { plain: preparedHeaders(answer, false), secure: preparedHeaders(answer, true) };
      finished.set(answer, headers);
    }
    const length = ['Content-Length', String(answer.body.length)];
    response.writeHead(200, [...(isSecure(parts, request) ? headers.secure : headers.plain), ...length]);
    response.end(answer.body);
    metrics.countPrepared();
    return true;
  };
}

/** Conditional requests are answered otherwise, and those with credentials are not counted by their address. */
function isSpecial({ headers }: IncomingMessage): boolean {
  return headers['if-none-match'] !== undefined || headers.authorization !== undefined || headers.cookie !== undefined;
}

/** The application counts and refuses a request that is one too many; here it is only not answered. */
function isWithinLimit({ reads, proxies }: HttpServerParts, request: IncomingMessage): boolean {
  const forwarded = request.headers['x-forwarded-for'];
  const address = clientAddress(
    request.socket.remoteAddress,
    Array.isArray(forwarded) ? forwarded.join() : forwarded,
    proxies,
  );
  try {
    reads.take(limitKey(address));
    return true;
  } catch {
    return false;
  }
}

function isSecure({ secure, proxies }: HttpServerParts, request: IncomingMessage): boolean {
  const proto = request.headers['x-forwarded-proto'];
  return (
    secure || isForwardedOverHttps(request.socket.remoteAddress, Array.isArray(proto) ? proto.join() : proto, proxies)
  );
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function stopServer(server: ReturnType<typeof createServer>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that becomes idle while the others end would be kept alive for another minute.
  const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}
