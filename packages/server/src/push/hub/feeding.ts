/** Feeds a connection from the log until it stands where the others do, and then leaves it to the ticks. */
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { PushMetrics } from '../metrics.ts';
import type { Listener } from './audience.ts';
import { type CatchUp, isAtHead } from './catch-up.ts';
import type { Feed } from './feed.ts';
import { encodePieces, type Piece } from './framing.ts';
import type { HeadStatements } from './head-statements.ts';
import type { EndReason } from './wire.ts';

/** What may be on its way to a connection, in bytes, before it is fed no more. */
export const bufferBytes: number = 64 * 1024;

const lookMs = 20;

/** What feeding takes. */
export interface FeedingParts {
  readonly log: Pick<BaseLogger, 'warn'>;
  readonly metrics: PushMetrics;
  readonly statements: HeadStatements;
  readonly catchUp: CatchUp;
  /** How long a connection that does not read may take to do so. */
  readonly graceMs: number;
  readonly end: (listener: Listener, reason: EndReason) => void;
}

/** Feeds connections, each by itself. */
export class Feeding {
  readonly #parts: FeedingParts;

  constructor(parts: FeedingParts) {
    this.#parts = parts;
  }

  /** Never rejects: a connection that cannot be fed ends. */
  async feed(feed: Feed, listener: Listener): Promise<void> {
    if (listener.state === 'ended') return;
    listener.state = 'catching';
    const { log, end } = this.#parts;
    try {
      while (isCatching(listener)) {
        if (!isAtHead(feed, listener.positions)) {
          if (!(await this.#isDrained(listener))) return end(listener, 'slow');
          await this.#sendMissed(feed, listener);
        } else if (listener.isProved) this.#join(listener);
        else await this.#prove(feed, listener);
      }
    } catch (err) {
      if (!(err instanceof Refusal)) log.warn({ err }, 'a listener could not be fed');
      end(listener, err instanceof Refusal ? 'not-vouched' : 'rotation');
    }
  }

  /** Writes frames that are for this connection alone. */
  write({ wire }: Listener, pieces: readonly Piece[]): void {
    wire.write(encodePieces(wire.framing, pieces));
    this.#parts.metrics.countDeliveries(pieces.length);
  }

  async #sendMissed(feed: Feed, listener: Listener): Promise<void> {
    const { wire, audience, positions } = listener;
    listener.isProved = false;
    const block = await this.#parts.catchUp.read(feed, wire.framing, positions);
    // It may have been moved to other channels meanwhile.
    if (!isCatching(listener) || listener.positions !== positions) return;
    if (block.frames === 0) {
      // Retention was faster than the listener.
      const lost = await this.#parts.statements.snapshots(feed, audience.names);
      listener.positions = lost.positions;
      const pieces = lost.texts.map((text) => ({ text }));
      return this.write(listener, pieces);
    }
    wire.write(block.bytes);
    listener.positions = block.positions;
    this.#parts.metrics.countDeliveries(block.frames);
  }

  /** Ends what was caught up by fresh heartbeats, which old frames are proved by, unless the heads have moved on. */
  async #prove(feed: Feed, listener: Listener): Promise<void> {
    const { names } = listener.audience;
    const { statements } = this.#parts;
    const { texts, positions, serial } = await statements.heartbeats(feed, names, listener.heartbeatSerial);
    if (names !== listener.audience.names || !isCatching(listener)) return;
    for (const name of names) if (positions.get(name) !== listener.positions.get(name)) return;
    const cursor = feed.formatCursor(positions);
    const pieces = texts.map((text) => ({ text, cursor }));
    this.write(listener, pieces);
    listener.isProved = true;
    listener.heartbeatSerial = serial;
  }

  #join(listener: Listener): void {
    if (!isCatching(listener)) return;
    listener.state = 'live';
    listener.next = listener.audience.end;
    this.#parts.metrics.countResumed();
  }

  /** Waits until little is on its way to a listener; false when that takes too long. */
  async #isDrained(listener: Listener): Promise<boolean> {
    const giveUpAt = performance.now() + this.#parts.graceMs;
    while (listener.wire.waitingBytes > bufferBytes && isCatching(listener)) {
      if (performance.now() >= giveUpAt) return false;
      await new Promise((resolve) => setTimeout(resolve, lookMs).unref());
    }
    return true;
  }
}

/** Others end and move it while it is waited for. */
function isCatching({ state }: Listener): boolean {
  return state === 'catching';
}
