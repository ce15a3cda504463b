/** An event stream (WHATWG HTML, 9.2), written straight to the socket: one buffer for all, one system call for each. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal } from '../../errors.ts';
import type { EndReason, Wire } from '../hub/wire.ts';

/** Milliseconds after which a client that lost its stream comes back: spread, so that not all come together. */
const retryMs = { from: 1000, to: 5000 } as const;

/** A client that does not read the rest is cut off, as it would be on a WebSocket. */
const closeMs = 2000;

/** The wire of one event stream. */
export class EventStream implements Wire {
  readonly framing = 'sse';
  readonly #response: ServerResponse;
  readonly #socket: Socket;

  private constructor(response: ServerResponse, socket: Socket) {
    this.#response = response;
    this.#socket = socket;
  }

  /**
   * Answers with `headers`, names and values in turn, and leaves the body open, without chunks: its end is the end of the connection, in HTTP/1.0 too, so
   * that the same bytes serve everybody. Throws `invalid` for a request that waits behind another one on its connection.
   */
  static open(response: ServerResponse, headers: readonly string[]): EventStream {
    const { socket } = response;
    if (!socket) throw new Refusal('invalid', 'expected the stream to be asked for on a connection of its own');
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
    // What the hub has for it at once, even a hundred frames that were missed, leaves with the head in one system call.
    socket.cork();
    process.nextTick(() => socket.uncork());
    response.writeHead(200, [...headers]);
    response.flushHeaders();
    socket.write(`retry: ${chooseRetry()}\n\n`, 'latin1');
    return new EventStream(response, socket);
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  write(block: Buffer): void {
    if (this.#socket.writable) this.#socket.write(block);
  }

  /** The client comes back in any case; whether it is let in, the answer says then. */
  end(reason: EndReason): void {
    if (reason === 'slow') {
      this.#socket.destroy();
      return;
    }
    this.#response.end();
    const timer = setTimeout(() => this.#socket.destroy(), closeMs).unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }
}

function chooseRetry(): number {
  return Math.floor(retryMs.from + Math.random() * (retryMs.to - retryMs.from));
}
