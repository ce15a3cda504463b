/** Requests for another protocol (RFC 9110, 7.8): they pass the application as all others, which takes the socket or answers. */
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** A socket that a route may take over. */
export interface PendingUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the request. */
  readonly head: Buffer;
}

/** How long a client that was refused may take to close its side. */
const leaveMs = 2000;

/** The application, as the adapter of Hono calls it. */
type Fetch = (request: Request, env: never) => unknown;

/** Marks the answer of a route that has taken the socket, as the adapter of Hono does. */
const takenHeader = 'x-hono-already-sent';

/** Whether a request is a handshake for the one protocol that is spoken here; all others are answered as if they asked for none. */
export function isWebSocketRequest({ method, headers, url }: IncomingMessage): boolean {
  const isHandshake = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
  return isHandshake && /^[^?]*\/api\/push\/ws(?:\?|$)/.test(url ?? '');
}

/** Hands a handshake to the application; what refuses it is written as an answer, and the connection ends. */
export async function answerUpgrade(fetch: Fetch, upgrade: PendingUpgrade): Promise<void> {
  const { request, socket } = upgrade;
  // Whoever goes away in between is nobody's fault.
  socket.on('error', () => socket.destroy());
  try {
    const headers = new Headers();
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      headers.append(request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? '');
    }
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
    const env = { incoming: request, outgoing: undefined, upgrade } as never;
    const answer = await fetch(new Request(url, { headers }), env);
    if (!(answer instanceof Response) || answer.headers.has(takenHeader)) return;
    await writeAnswer(socket, answer);
  } catch {
    socket.destroy();
  }
}

async function writeAnswer(socket: Duplex, answer: Response): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer());
  const lines = [...answer.headers]
    .filter(([name]) => name !== 'content-length' && name !== 'connection')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const status = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`;
  socket.write(`${status}${lines.join('')}content-length: ${body.length}\r\nconnection: close\r\n\r\n`);
  leave(socket, body);
}

/** The server has handed the socket over with its limits of time: a client that does not take its leave would keep it, and the server from stopping. */
function leave(socket: Duplex, body: Buffer): void {
  // What still comes is thrown away: with unread bytes the answer could be lost to a reset (RFC 9293, 3.10.4), and the client's end would never be seen.
  socket.resume();
  socket.end(body);
  const timer = setTimeout(() => socket.destroy(), leaveMs).unref();
  socket.once('close', () => clearTimeout(timer));
}
