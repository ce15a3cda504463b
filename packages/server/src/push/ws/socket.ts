/** A WebSocket (RFC 6455) as the hub writes to it: frames that are ready made go straight to its socket. */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { EndReason, Wire } from '../hub/wire.ts';

/** What a close says (docs/push.md). */
const closeCodes: Readonly<Record<EndReason, number>> = {
  // RFC 6455, 7.4.1: "an unexpected condition".
  failed: 1011,
  rotation: 3001,
  drain: 3001,
  'not-vouched': 3001,
  'bad-input': 4400,
  ended: 4401,
  forbidden: 4403,
  slow: 4408,
  limit: 4429,
};

/** A client that does not take its leave is cut off. */
const closeMs = 2000;

/** The wire of one WebSocket. */
export class SocketWire implements Wire {
  readonly framing = 'ws';
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;

  /** `socket` is what `webSocket` was made on. Without compression each of its frames is one write, so ours stand between them. */
  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  write(block: Buffer): void {
    if (this.#webSocket.readyState === WebSocket.OPEN && this.#socket.writable) this.#socket.write(block);
  }

  end(reason: EndReason): void {
    this.#webSocket.close(closeCodes[reason], reason);
    setTimeout(() => this.#webSocket.terminate(), closeMs).unref();
  }
}
