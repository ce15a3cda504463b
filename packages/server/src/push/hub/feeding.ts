/** Feeds a connection from the log until it stands where the others do, and then leaves it to the ticks. */
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { PushMetrics } from '../metrics.ts';
import type { Listener } from './audience.ts';
import { type Block, type CatchUp, isAtHead } from './catch-up.ts';
import type { Feed } from './feed.ts';
import { encodePieces, type Piece } from './framing.ts';
import type { HeadStatements, Heartbeats } from './head-statements.ts';
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
    const { log, end, catchUp, statements } = this.#parts;
    try {
      // What is at hand already goes out in this turn, and so leaves together with what was written before.
      while (isCatching(listener)) {
        if (!isAtHead(feed, listener.positions)) {
          if (isFull(listener) && !(await this.#isDrained(listener))) return end(listener, 'slow');
          const { positions, wire } = listener;
          const block =
            catchUp.find(feed, wire.framing, positions) ?? (await catchUp.read(feed, wire.framing, positions));
          // It may have been moved to other channels meanwhile.
          if (!isCatching(listener) || listener.positions !== positions) continue;
          if (block.frames > 0) this.#sendMissed(listener, block);
          else await this.#tellLost(feed, listener);
        } else if (listener.isProved) this.#join(listener);
        else {
          const { audience, heartbeatSerial } = listener;
          const wanted = [feed, audience.names, heartbeatSerial] as const;
          const beats = statements.findHeartbeats(...wanted) ?? (await statements.heartbeats(...wanted));
          if (isCatching(listener) && listener.audience === audience) this.#prove(feed, listener, beats);
        }
      }
    } catch (err) {
      if (!(err instanceof Refusal)) log.warn({ err }, 'a listener could not be fed');
      end(listener, err instanceof Refusal ? 'not-vouched' : 'failed');
    }
  }

  /** Writes frames that are for this connection alone. */
  write({ wire }: Listener, pieces: readonly Piece[]): void {
    wire.write(encodePieces(wire.framing, pieces));
    this.#parts.metrics.countDeliveries(pieces.length);
  }

  #sendMissed(listener: Listener, { bytes, frames, positions }: Block): void {
    listener.isProved = false;
    listener.positions = positions;
    listener.wire.write(bytes);
    this.#parts.metrics.countDeliveries(frames);
  }

  /** Retention was faster than the listener. */
  async #tellLost(feed: Feed, listener: Listener): Promise<void> {
    listener.isProved = false;
    const lost = await this.#parts.statements.snapshots(feed, listener.audience.names);
    listener.positions = lost.positions;
    this.write(
      listener,
      lost.texts.map((text) => ({ text })),
    );
  }

  /** Ends what was caught up by fresh heartbeats, which old frames are proved by, unless the heads have moved on. */
  #prove(feed: Feed, listener: Listener, { texts, positions, serial }: Heartbeats): void {
    for (const name of listener.audience.names) if (positions.get(name) !== listener.positions.get(name)) return;
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
    while (isFull(listener) && isCatching(listener)) {
      if (performance.now() >= giveUpAt) return false;
      await new Promise((resolve) => setTimeout(resolve, lookMs).unref());
    }
    return true;
  }
}

function isFull({ wire }: Listener): boolean {
  return wire.waitingBytes > bufferBytes;
}

/** Others end and move it while it is waited for. */
function isCatching({ state }: Listener): boolean {
  return state === 'catching';
}
