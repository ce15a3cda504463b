/** Everybody who listens to the same channels: what reaches them is put in order once and encoded once; and each of them. */
import { formatCursor } from '@signpost/protocol/frames/cursor';
import type { Log, LoggedFrame } from '../log/log.ts';
import { encodePieces, type Framing, type Piece } from './framing.ts';
import type { Reader } from './reader.ts';
import { type BucketSize, TokenBucket } from './token-bucket.ts';
import type { EndReason, Wire } from './wire.ts';

/** Frames that an audience keeps for those who are a little behind. */
const keptFrames = 1024;

interface Entry extends Piece {
  readonly channel: string;
  readonly sequence: number;
  readonly urgent: boolean;
}

/** How far somebody has read, by channel. */
export type Positions = ReadonlyMap<string, number>;

/** The listeners of one set of channels. */
export class Audience {
  readonly names: readonly string[];
  readonly listeners: Set<Listener> = new Set();
  readonly organisationId: string;
  readonly #epoch: string;
  readonly #positions: Map<string, number>;
  #entries: Entry[] = [];
  /** The number of the first entry; `end` is the one after the last. */
  #start = 0;
  #blocks = new Map<number, Buffer>();

  constructor(names: readonly string[], log: Pick<Log, 'organisationId' | 'epoch'>, positions: Positions) {
    this.names = names;
    this.organisationId = log.organisationId;
    this.#epoch = log.epoch;
    this.#positions = new Map(names.map((name) => [name, positions.get(name) ?? 0]));
  }

  /** Where somebody stands who has read everything. */
  get end(): number {
    return this.#start + this.#entries.length;
  }

  /** How far that is, by channel. */
  get positions(): Positions {
    return this.#positions;
  }

  /** The positions as text. */
  get cursor(): string {
    return formatCursor({ epoch: this.#epoch, sequences: this.#positions });
  }

  /** Adds a frame of one of its channels. */
  append({ channel, sequence, text }: LoggedFrame, urgent: boolean): void {
    this.#positions.set(channel, sequence);
    this.#entries.push({ channel, sequence, text, cursor: this.cursor, urgent });
    if (this.#entries.length >= 2 * keptFrames) this.#trim(this.#entries.length - keptFrames);
  }

  /** How many of the `count` frames from `from` on count against the pace: those after the last one that is urgent. */
  countPaced(from: number, count: number): number {
    const first = from - this.#start;
    let paced = 0;
    while (paced < count && this.#entries[first + count - 1 - paced]?.urgent !== true) paced++;
    return paced;
  }

  /** The frames from `from` up to `to`, encoded once for all who stand there in this tick. */
  block(framing: Framing, from: number, to: number): Buffer {
    const key = (to - this.#start) * 8192 + 2 * (from - this.#start) + (framing === 'sse' ? 0 : 1);
    const known =
      this.#blocks.get(key) ?? encodePieces(framing, this.#entries.slice(from - this.#start, to - this.#start));
    this.#blocks.set(key, known);
    return known;
  }

  /** Forgets what was encoded in a tick. */
  endTick(): void {
    if (this.#blocks.size > 0) this.#blocks = new Map();
  }

  /** Takes a live listener off the ticks; it is fed from where it stands. */
  leaveBehind(listener: Listener): void {
    listener.positions = this.#positionsAt(listener.next);
    listener.state = 'lagging';
    listener.slowSince = performance.now();
  }

  /** The positions of somebody who has read everything before `index`: those at the end, less what comes after. */
  #positionsAt(index: number): Positions {
    const positions = new Map(this.#positions);
    for (const { channel, sequence } of this.#entries.slice(index - this.#start).reverse()) {
      positions.set(channel, sequence - 1);
    }
    return positions;
  }

  #trim(count: number): void {
    for (const listener of this.listeners) {
      if (listener.state === 'live' && listener.next < this.#start + count) this.leaveBehind(listener);
    }
    this.#start += count;
    this.#entries = this.#entries.slice(count);
  }
}

/** `live`: fed with each tick. `catching`: fed from the log until it stands where the others do. `lagging`: not fed until it has read. */
type ListenerState = 'live' | 'catching' | 'lagging' | 'ended';

/** A connection that listens. */
export class Listener {
  readonly wire: Wire;
  readonly reader: Reader;
  /** Unix milliseconds. */
  readonly endsAt: number;
  /** Made when it is asked for: without a pace it never is. */
  #bucket: TokenBucket | undefined;
  state: ListenerState = 'catching';
  audience: Audience;
  /** The number of the next entry of the audience; of use while it is live. */
  next = 0;
  /** How far it has read; of use while it is not live. */
  positions: Positions;
  /** Whether the last it was sent were heartbeats that state where it stands. */
  isProved: boolean;
  /** That of the last heartbeat it was sent. */
  heartbeatSerial: number;
  /** Since when it does not keep up, on the clock that only goes forward. */
  slowSince = 0;

  constructor(made: {
    readonly wire: Wire;
    readonly reader: Reader;
    readonly audience: Audience;
    readonly positions: Positions;
    readonly isProved: boolean;
    readonly heartbeatSerial: number;
    readonly endsAt: number;
  }) {
    this.wire = made.wire;
    this.reader = made.reader;
    this.audience = made.audience;
    this.positions = made.positions;
    this.isProved = made.isProved;
    this.heartbeatSerial = made.heartbeatSerial;
    this.endsAt = made.endsAt;
  }

  /** Up to `wanted` frames that its pace allows now. */
  pace(wanted: number, size: BucketSize): number {
    this.#bucket ??= new TokenBucket(size, performance.now());
    return this.#bucket.take(wanted, size, performance.now());
  }

  /** Ends the connection; it is heard of no more. */
  end(reason: EndReason): void {
    this.leave();
    this.wire.end(reason);
  }

  /** Takes note that the connection is gone. */
  leave(): void {
    this.state = 'ended';
    this.audience.listeners.delete(this);
  }
}
