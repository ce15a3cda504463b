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
import { AskingMessage, isAsking } from './asking-message.ts';
import { createEarlyAnswerer, type EarlyAnswerParts } from './early-answers.ts';
import { isPlainPath } from './plain-paths.ts';
import { assertKeyPair, followKeyPair, type KeyPairSource } from './tls/key-pair.ts';
import { secureContextOptions, tlsOptions } from './tls/settings.ts';
import { answerUpgrade, isWebSocketRequest } from './upgrade.ts';

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
export interface HttpServerParts extends EarlyAnswerParts {
  readonly fetch: Parameters<typeof createAdaptorServer>[0]['fetch'];
  readonly listen: { readonly host: string; readonly port: number };
  /** Undefined: plain HTTP. */
  readonly tls?: TlsParts | undefined;
  /** Beside a listener with TLS: only what may be asked without (see `isPlainPath`). */
  readonly plainPathsOnly?: boolean;
  /** How long a client may take to say what it wants; fifteen seconds by default. */
  readonly headersMs?: number;
}

/** A server that listens. */
export interface HttpServer {
  /** `http://` or `https://` with the address that was taken. */
  readonly url: string;
  /** Takes no more connections, lets running requests end for ten seconds, then cuts them off. */
  stop(): Promise<void>;
}

/** Handshakes that wait to be taken up, as far as the system allows: after a restart all listeners of push come at once. */
const backlog = 4096;
/** A connection that has not sent a whole request head by then is cut off: it costs a descriptor and some kilobytes. */
const defaultHeadersMs = 15_000;
const drainMs = 10_000;
const idleCheckMs = 50;

const defaultFollowMs = 10_000;

/** Listens; rejects when the address is taken, and with `unavailable` for a key pair that is none. */
export async function openHttpServer(parts: HttpServerParts): Promise<HttpServer> {
  const { server, stopFollowing } = parts.tls ? await createTlsListener(parts, parts.tls) : createPlainListener(parts);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: parts.listen.port, host: parts.listen.host, backlog }, resolve);
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
  const answerEarly = createEarlyAnswerer(parts);
  const shouldUpgradeCallback = parts.plainPathsOnly === true ? () => false : isWebSocketRequest;
  const headersTimeout = parts.headersMs ?? defaultHeadersMs;
  const server = createAdaptorServer({
    fetch: parts.fetch,
    serverOptions: {
      // Large uploads take their time; headers do not.
      ...{ requestTimeout: 3_600_000, headersTimeout, keepAliveTimeout: 65_000 },
      // By default they are looked for every thirty seconds only.
      connectionsCheckingInterval: Math.min(headersTimeout, 5000),
    },
    createServer: ((options: ServerOptions, listener: RequestListener) =>
      create({ ...options, IncomingMessage: AskingMessage, shouldUpgradeCallback }, (request, response) => {
        if (parts.plainPathsOnly === true && refuseOtherPaths(request, response)) return;
        if (isAsking(request)) {
          request.gather((body) => {
            if (answerEarly(request, response, body)) return;
            request.release();
            listener(request, response);
          });
        } else if (!answerEarly(request, response)) listener(request, response);
      })) as typeof createServer,
  }) as Listener['server'];
  server.on('upgrade', (request, socket, head) => void answerUpgrade(parts.fetch, { request, socket, head }));
  return server;
}

/** Nothing else is answered in the clear, and nobody is led on from here: what they sent was read by others already. */
function refuseOtherPaths(request: IncomingMessage, response: ServerResponse): boolean {
  if (isPlainPath(request.url ?? '')) return false;
  const problem = { title: 'Forbidden', status: 403, code: 'forbidden', rule: 'https-only', detail: 'expected HTTPS' };
  response.writeHead(403, { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(problem));
  return true;
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
