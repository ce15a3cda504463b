/** What stands between the listening socket and the application: it stays while the application behind it is exchanged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Refusal } from '../errors.ts';
import type { DirectResponder } from './direct-responders.ts';
import { problemOf } from './problem.ts';
import type { HttpServerParts } from './server.ts';

/** The application and what its answers are made with. */
export interface Behind extends Omit<HttpServerParts, keyof Socket> {
  /** Resolves once all that answers may have read is durable; `undefined` when it is. */
  readonly settle: () => Promise<void> | undefined;
}

/** What a socket is by itself. */
type Socket = Pick<HttpServerParts, 'listen' | 'tls' | 'plainPathsOnly'>;

/** The side of the sockets. */
export interface Front {
  /** What a socket is opened with: parts that lead to whatever application is open. */
  partsOf(socket: Socket): HttpServerParts;
  /** Lets requests in to `behind`. */
  open(behind: Behind): void;
  /** Answers 503 from now on. */
  close(): void;
  /** Resolves when no more than `remaining` requests are with the application, or after ten seconds. */
  drain(remaining: number): Promise<void>;
}

const drainMs = 10_000;
const checkMs = 20;
const retrySeconds = 5;

/** A front that is closed, before the application that will be opened first. */
export function createFront(behind: Behind, log: Logger): Front {
  let current = behind;
  let isOpen = false;
  let inside = 0;
  const fetch: Behind['fetch'] = async (request, env) => {
    if (!isOpen) return answerClosed(log);
    return count(async () => {
      const answer = await current.fetch(request, env);
      // What changes something has waited for its own commit, and with it for all before.
      if (request.method === 'GET' || request.method === 'HEAD') await current.settle();
      return answer;
    });
  };
  const count = async <T>(work: () => Promise<T>): Promise<T> => {
    inside += 1;
    try {
      return await work();
    } finally {
      inside -= 1;
    }
  };
  const counted = (responder: DirectResponder | undefined): DirectResponder | undefined =>
    responder && {
      route: responder.route,
      respond: (question) =>
        count(async () => {
          const answer = await responder.respond(question);
          await current.settle();
          return answer;
        }),
    };
  return {
    partsOf: (socket) => ({
      ...socket,
      fetch,
      get prepared() {
        return isOpen ? current.prepared : [];
      },
      responders: { find: (host, target) => counted(isOpen ? current.responders.find(host, target) : undefined) },
      streams: { find: (host, path) => (isOpen ? current.streams.find(host, path) : undefined) },
      get reads() {
        return current.reads;
      },
      get metrics() {
        return current.metrics;
      },
      get proxies() {
        return current.proxies;
      },
      get secure() {
        return current.secure;
      },
    }),
    open: (next) => {
      current = next;
      isOpen = true;
    },
    close: () => {
      isOpen = false;
    },
    drain: async (remaining) => {
      for (let waited = 0; inside > remaining && waited < drainMs; waited += checkMs) await sleep(checkMs);
    },
  };
}

function answerClosed(log: Logger): Response {
  const refusal = new Refusal('unavailable', 'the server is being restored and answers again in a moment', {
    rule: 'restoring',
    hint: 'try again in a moment',
  });
  const headers = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' };
  return new Response(JSON.stringify(problemOf(refusal, log)), {
    status: 503,
    headers: { ...headers, 'Retry-After': String(retrySeconds) },
  });
}
