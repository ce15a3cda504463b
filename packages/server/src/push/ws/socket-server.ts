/** The server's half of WebSockets: handshakes that were let in, and what comes from clients, one frame at a time and no faster than they may. */
import type { IncomingMessage } from 'node:http';
import { maxFrameBytes } from '@signpost/protocol/frames/frame';
import { SessionFrames } from '@signpost/protocol/frames/session-frames';
import { type WebSocket, WebSocketServer } from 'ws';
import { Refusal } from '../../errors.ts';
import type { PendingUpgrade } from '../../http/upgrade.ts';
import { createQueue } from '../../storage/turns.ts';
import type { Entered } from '../hub/enter.ts';
import { encodePieces } from '../hub/framing.ts';
import { TokenBucket } from '../hub/token-bucket.ts';
import { type ClientFrameParts, type DoneFrame, isRefused, type Sender, takeClientFrame } from './client-frames.ts';
import { SocketWire } from './socket.ts';

/** Offered by clients of this protocol. */
export const subprotocol = 'signpost.frames.v1';

/** Frames that a client may send at once, and a second after that. */
const inbound = { capacity: 10, perSecond: 1 };

/** How long a client that sends faster is not read from: twice as long each time. */
const pauseMs = 1000;
const maxPauses = 5;

/** Somebody who was let in. */
interface Guest {
  readonly organisation: Sender['organisation'];
  readonly entered: Entered;
}

/** Takes over sockets. */
export interface SocketServer {
  /** Ends the handshake and feeds the connection; one that comes to nothing leaves. */
  accept(upgrade: PendingUpgrade, guest: Guest): void;
}

/** A server without a port of its own. */
export function createSocketServer(parts: ClientFrameParts): SocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // A message that inflates without bounds is an attack, and signed frames do not deflate well.
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handleProtocols: () => subprotocol,
  });
  return {
    accept: ({ request, socket, head }, guest) => {
      socket.on('close', guest.entered.leave);
      if (socket.destroyed) guest.entered.leave();
      server.handleUpgrade(request as IncomingMessage, socket, head, (webSocket) => {
        connect(parts, { webSocket, wire: new SocketWire(webSocket, socket) }, guest);
      });
    },
  };
}

interface Connection {
  readonly webSocket: WebSocket;
  readonly wire: SocketWire;
}

function connect(parts: ClientFrameParts, connection: Connection, { organisation, entered }: Guest): void {
  const { webSocket, wire } = connection;
  const listener = entered.start(wire);
  const { principal } = entered.reader;
  // The library says what is wrong with a message by closing; nobody else need know.
  webSocket.on('error', ignore);
  webSocket.on('close', () => listener.leave());
  // Strangers send nothing, and most listeners are strangers: what takes frames is not there for them.
  if (!principal) webSocket.on('message', () => wire.end('bad-input'));
  else {
    const holder = { organisationId: organisation.id, ...principal };
    takeMessages(parts, connection, { organisation, listener, holder });
  }
}

function ignore(): void {}

function takeMessages(parts: ClientFrameParts, { webSocket, wire }: Connection, sender: Sender): void {
  const enqueue = createQueue();
  const answers = new SessionFrames();
  const gate = createGate(webSocket, parts);
  webSocket.on('message', (data, isBinary) => {
    if (isBinary) wire.end('bad-input');
    else if (!gate.admit()) wire.end('limit');
    else {
      void enqueue(async () => {
        try {
          const done = await takeClientFrame(parts, sender, data.toString());
          await answer(parts, { wire, answers }, { ...done, holder: sender.holder });
        } catch (error) {
          wire.end(endFor(error));
        }
      });
    }
  });
}

/** Tells a client alone that its frame was done: by its session key, whose holder could deceive nobody but itself. */
async function answer(
  { sessionKeys, now }: ClientFrameParts,
  { wire, answers }: { readonly wire: SocketWire; readonly answers: SessionFrames },
  { kid, hash, published, holder }: DoneFrame & Pick<Sender, 'holder'>,
): Promise<void> {
  const key = sessionKeys.find(holder, kid);
  // It has ended meanwhile, and whoever held it is being let go.
  if (!key) return;
  const data = { answers: hash, ...published };
  const { text } = await answers.write(key, { type: 'session.answered', data, ts: now() });
  wire.write(encodePieces('ws', [{ text }]));
}

/** How the connection ends for what a frame did; what exactly was wrong stands in the metrics alone. */
function endFor(error: unknown): Parameters<SocketWire['end']>[0] {
  if (!isRefused(error)) return 'drain';
  switch (error instanceof Refusal ? error.code : 'invalid') {
    case 'unauthenticated':
      return 'ended';
    case 'forbidden':
      return 'forbidden';
    case 'unavailable':
    case 'vault_locked':
      return 'not-vouched';
    default:
      return 'bad-input';
  }
}

/** Lets frames in at their pace: above it the socket is not read for a while, and who goes on for long is let go. */
function createGate(webSocket: WebSocket, { metrics }: Pick<ClientFrameParts, 'metrics'>): { admit(): boolean } {
  const bucket = new TokenBucket(inbound, performance.now());
  let pauses = 0;
  return {
    admit: () => {
      if (bucket.take(1, inbound, performance.now()) === 1) {
        pauses = 0;
        return true;
      }
      metrics.countLimited('client-frames');
      if (pauses >= maxPauses) return false;
      webSocket.pause();
      setTimeout(() => webSocket.resume(), pauseMs * 2 ** pauses).unref();
      pauses += 1;
      return true;
    },
  };
}
