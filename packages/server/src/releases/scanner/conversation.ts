/** One question and one answer over a socket, as clamd's commands with the prefix `z` have it: the answer ends in NUL. */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { Refusal } from '../../errors.ts';

/** How a question is put. */
export interface Conversation {
  /** Sends the bytes; resolves when the other side takes more. Rejects when the conversation is over. */
  say(...pieces: readonly Buffer[]): Promise<void>;
}

/** What came back. */
export interface Answer {
  /** Without its NUL. */
  readonly reply: string;
  /** Whether the whole question had been put before the answer came. */
  readonly isSaid: boolean;
}

const maxReplyBytes = 4096;

/** A socket path, or `host:port`, IPv6 in brackets. Throws `invalid`. */
export function parseAddress(address: string): NetConnectOpts {
  if (address.startsWith('/') || address.startsWith('\\\\.\\pipe\\')) return { path: address };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+)):([0-9]{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host && port > 0 && port < 65_536) return { host, port };
  throw new Refusal('invalid', 'expected the scanner as a socket path or host:port');
}

/**
 * Connects, lets `speak` put the question, and resolves to the answer, which may come early: the question then ends
 * unfinished. Rejects when there is none within `limitMs`.
 */
export async function converse(
  place: NetConnectOpts,
  limitMs: number,
  speak: (conversation: Conversation) => Promise<void>,
): Promise<Answer> {
  const socket = connect(place);
  const timer = setTimeout(() => socket.destroy(new Error(`expected an answer within ${limitMs} ms`)), limitMs);
  const reply = readReply(socket);
  let isSaid = false;
  try {
    const spoken = speak({ say: (...pieces) => writeAll(socket, pieces) }).then(() => {
      isSaid = true;
    });
    // A broken connection ends both; the answer that came before it counts more.
    spoken.catch((error: Error) => setImmediate(() => socket.destroy(error)));
    return { reply: await reply, isSaid };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function writeAll(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  socket.cork();
  const isTaken = pieces.map((piece) => socket.write(piece)).every(Boolean);
  socket.uncork();
  if (isTaken) return;
  const over = new AbortController();
  const abort = () => over.abort();
  socket.once('close', abort);
  try {
    if (socket.destroyed) abort();
    await once(socket, 'drain', { signal: over.signal });
  } finally {
    socket.off('close', abort);
  }
}

function readReply(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(0);
      if (end !== -1) resolve(received.toString('utf8', 0, end));
      else if (received.length > maxReplyBytes) socket.destroy(new Error('expected a short answer'));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('expected an answer, got the end of the connection')));
  });
}
