/** The ticks: what was put into the logs goes out to all who are live, at most ten frames each, encoded once for those who stand together. */
import type { PushMetrics } from '../metrics.ts';
import type { Audience, Listener } from './audience.ts';
import type { Feed } from './feed.ts';
import { bufferBytes, type Feeding } from './feeding.ts';
import type { Feeds } from './feeds.ts';
import { encodePieces } from './framing.ts';
import type { Heartbeats } from './head-statements.ts';
import type { BucketSize } from './token-bucket.ts';

const tickFrames = 10;
const bufferFrames = 100;

/** What ticks take. */
export interface TickParts {
  readonly feeds: Feeds;
  readonly feeding: Feeding;
  readonly metrics: PushMetrics;
  readonly pace: BucketSize;
}

/** One sequence of ticks; there is none while nothing is to be sent. */
export class Ticks {
  readonly #parts: TickParts;
  #isArmed = false;

  constructor(parts: TickParts) {
    this.#parts = parts;
  }

  /** Sends what has come, unless others that came before it wait for a tick. */
  run(): void {
    if (!this.#isArmed) this.#tick();
  }

  /** Asks for a tick. */
  arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      this.#tick();
    });
  }

  /** Sends heartbeats to all of an audience who are live; what waits for its pace goes out before a heartbeat that states it. */
  beat(feed: Feed, audience: Audience, { texts, positions, serial }: Heartbeats): void {
    // A head that moved meanwhile is stated by the next heartbeat.
    const isCurrent = audience.names.every((name) => positions.get(name) === audience.positions.get(name));
    const { cursor } = audience;
    const pieces = texts.map((text) => ({ text, cursor }));
    const blocks = { sse: encodePieces('sse', pieces), ws: encodePieces('ws', pieces) };
    let delivered = 0;
    for (const listener of audience.listeners) {
      if (listener.state !== 'live') continue;
      if (audience.end - listener.next > bufferFrames || listener.wire.waitingBytes > bufferBytes) {
        this.#fallBehind(feed, listener);
        continue;
      }
      while (listener.next < audience.end) delivered += sendNext(listener, Math.min(tickFrames, waitingFor(listener)));
      // Somebody who arrived meanwhile has had one of these already.
      if (!isCurrent || listener.heartbeatSerial >= serial) continue;
      listener.heartbeatSerial = serial;
      listener.wire.write(blocks[listener.wire.framing]);
      delivered += texts.length;
    }
    audience.endTick();
    this.#parts.metrics.countDeliveries(delivered);
  }

  #tick(): void {
    let isMore = false;
    let delivered = 0;
    for (const { feed, audience } of this.#parts.feeds.audiences()) {
      for (const listener of audience.listeners) {
        if (listener.state !== 'live' || listener.next === audience.end) continue;
        const sent = this.#serve(feed, listener);
        delivered += sent;
        if (sent === tickFrames && listener.next < audience.end) isMore = true;
      }
      audience.endTick();
    }
    this.#parts.metrics.countDeliveries(delivered);
    if (isMore) this.arm();
  }

  /** Sends a live listener what its pace allows, and returns how many frames that were. */
  #serve(feed: Feed, listener: Listener): number {
    const { audience, next, wire } = listener;
    const waiting = waitingFor(listener);
    if (wire.waitingBytes > bufferBytes || waiting > bufferFrames) {
      this.#fallBehind(feed, listener);
      return 0;
    }
    const wanted = Math.min(tickFrames, waiting);
    const { pace } = this.#parts;
    if (pace.perSecond === 0) return sendNext(listener, wanted);
    const paced = audience.countPaced(next, wanted);
    const count = wanted - paced + (paced === 0 ? 0 : listener.pace(paced, pace));
    return count === 0 ? 0 : sendNext(listener, count);
  }

  /** Takes a listener off the ticks: it is fed from the log, once it has read what is on its way. */
  #fallBehind(feed: Feed, listener: Listener): void {
    listener.audience.leaveBehind(listener);
    this.#parts.metrics.countLagging();
    if (listener.wire.waitingBytes <= bufferBytes) void this.#parts.feeding.feed(feed, listener);
  }
}

function waitingFor({ audience, next }: Listener): number {
  return audience.end - next;
}

function sendNext(listener: Listener, count: number): number {
  const { audience, next, wire } = listener;
  wire.write(audience.block(wire.framing, next, next + count));
  listener.next = next + count;
  return count;
}
