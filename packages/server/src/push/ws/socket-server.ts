/** The server's half of WebSockets: handshakes that were let in, and what comes from clients, one frame after the other and no faster than they may. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { maxFrameBytes } from '@signpost/protocol/frames/frame';
import { SessionFrames } from '@signpost/protocol/frames/session-frames';
import { type WebSocket, WebSocketServer } from 'ws';
import { Refusal } from '../../errors.ts';
import { describeFault } from '../../http/problem.ts';
import type { PendingUpgrade } from '../../http/upgrade.ts';
import { createQueue } from '../../storage/turns.ts';
import type { Entered } from '../hub/enter.ts';
import { encodePieces } from '../hub/framing.ts';
import type { EndReason } from '../hub/wire.ts';
import type { MessageRefusal } from '../refusals.ts';
import {
  actOnFrame,
  type ClientFrameParts,
  type DoneFrame,
  isRefused,
  type Sender,
  verifyClientFrame,
} from './client-frames.ts';
import { FrameGate, type GateClock, inbound } from './frame-gate.ts';
import { SocketWire } from './socket.ts';

/** Offered by clients of this protocol. */
export const subprotocol = 'signpost.frames.v1';

/** Frames of one connection that are verified or wait for their pace. */
const maxWaiting = inbound.capacity + 32;

const gateClock: GateClock = {
  elapsed: () => performance.now(),
  sleep: (ms) => sleep(ms, undefined, { ref: false }),
};

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
        const wire = new SocketWire(webSocket, socket);
        try {
          connect(parts, { webSocket, wire }, guest);
        } catch (error) {
          // The handshake was answered: what is thrown from here would be written as HTTP into a WebSocket.
          parts.log.error({ error: describeFault(error) }, 'a WebSocket could not be fed');
          wire.end('failed');
        }
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
  const refuse = (reason: MessageRefusal) => {
    if (listener.state === 'ended') return;
    parts.refusals.countRefused(reason, organisation.id);
    parts.hub.end(listener, 'bad-input');
  };
  // The library has closed the connection by then, with the code of the standard.
  webSocket.on('error', (error) => refuse(isTooLong(error) ? 'oversize' : 'protocol'));
  webSocket.on('close', () => listener.leave());
  // Strangers send nothing, and most listeners are strangers: what takes frames is not there for them.
  if (!principal) webSocket.on('message', () => refuse('anonymous'));
  else {
    const holder = { organisationId: organisation.id, ...principal };
    takeMessages(parts, { ...connection, refuse }, { organisation, listener, holder });
  }
}

function isTooLong(error: Error): boolean {
  return 'code' in error && /^WS_ERR_UNSUPPORTED_(?:MESSAGE|DATA_PAYLOAD)_LENGTH$/.test(String(error.code));
}

/** A connection that takes frames. */
interface Taking extends Connection {
  readonly refuse: (reason: MessageRefusal) => void;
}

/**
 * Frames are verified as they come, since one that waited for its turn could be too old by then, and done at their pace. Nothing is done any more
 * on a connection that has ended.
 */
function takeMessages(parts: ClientFrameParts, { webSocket, wire, refuse }: Taking, sender: Sender): void {
  const { hub, refusals } = parts;
  const { listener, holder } = sender;
  const [verifyInTurn, actInTurn] = [createQueue(), createQueue()];
  const countLimited = () => refusals.countLimited('client-frames', holder.organisationId);
  const gate = new FrameGate(gateClock, countLimited);
  const answers = new SessionFrames();
  let waiting = 0;
  const hasEnded = () => listener.state === 'ended';
  const end = (reason: EndReason) => hub.end(listener, reason);
  const take = async (text: string) => {
    const frame = await verifyInTurn(() => verifyClientFrame(parts, sender, text));
    await actInTurn(async () => {
      if (hasEnded()) return;
      if (!(await gate.pass())) end('limit');
      else if (!hasEnded()) {
        const done = await actOnFrame(parts, sender, frame);
        await answer(parts, { wire, answers }, { ...done, holder: sender.holder });
      }
    });
  };
  webSocket.on('message', (data, isBinary) => {
    if (hasEnded()) return;
    if (isBinary) return refuse('binary');
    if (waiting >= maxWaiting) {
      countLimited();
      return end('limit');
    }
    waiting += 1;
    take(data.toString())
      .catch((error: unknown) => end(endFor(parts, error)))
      .finally(() => {
        waiting -= 1;
      });
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

/** How the connection ends for what a frame did; what exactly was wrong stands in the metrics alone, and in the log where it is no fault of the client. */
function endFor({ log }: ClientFrameParts, error: unknown): EndReason {
  if (!isRefused(error)) {
    log.error({ error: describeFault(error) }, 'a frame of a client could not be done');
    return 'failed';
  }
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
