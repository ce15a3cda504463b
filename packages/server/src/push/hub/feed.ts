/** What an organisation has to say at present: the heads of its channels, their last frames, and who listens. */
import { formatCursor, parseCursor } from '@signpost/protocol/frames/cursor';
import { isUrgent, type Visibility } from '../channels/plane-channels.ts';
import type { ChannelHead, Log, LoggedFrame } from '../log/log.ts';
import { Audience, type Positions } from './audience.ts';
import { rememberLast } from './remember-last.ts';

/** Frames of a channel that are kept in memory. */
const keptFrames = 1024;

/** A channel of a feed. */
export interface FeedChannel {
  readonly name: string;
  visibility: Visibility;
  head: number;
  headHash: string;
  oldest: number;
  removed: boolean;
  /** The last frames in order, without holes, up to the head. */
  recent: LoggedFrame[];
}

/** An organisation's feed. */
export class Feed {
  readonly organisationId: string;
  readonly epoch: string;
  readonly channels: Map<string, FeedChannel> = new Map();
  /** By their channels. */
  readonly #audiences = new Map<string, Audience>();
  readonly #readCursor = rememberLast(parseCursor);

  constructor(log: Log) {
    this.organisationId = log.organisationId;
    this.epoch = log.epoch;
    for (const channel of log.channels.values()) this.place(channel);
  }

  /** Those with somebody in them. */
  get audiences(): Iterable<Audience> {
    return this.#audiences.values();
  }

  /** Takes up a channel, or what has become of one beside its frames. */
  place({ name, visibility, head, headHash, oldest, removed }: ChannelHead): void {
    const known = this.channels.get(name);
    if (known) Object.assign(known, { visibility, oldest, removed });
    else this.channels.set(name, { name, visibility, head, headHash, oldest, removed, recent: [] });
  }

  /** Takes up frames that were committed, in their order; those that it has already are passed over. */
  append(frames: readonly LoggedFrame[]): void {
    for (const frame of frames) {
      const channel = this.channels.get(frame.channel);
      if (!channel || frame.sequence <= channel.head) continue;
      if (frame.sequence !== channel.head + 1)
        throw new TypeError(`expected frame ${channel.head + 1}, got ${frame.sequence}`);
      channel.head = frame.sequence;
      channel.headHash = frame.hash;
      channel.recent.push(frame);
      if (channel.recent.length >= 2 * keptFrames) channel.recent = channel.recent.slice(-keptFrames);
      for (const audience of this.#audiences.values()) {
        if (audience.names.includes(frame.channel)) audience.append(frame, isUrgent(frame.channel));
      }
    }
  }

  /** The audience of these channels, which must be sorted. */
  audienceOf(names: readonly string[]): Audience {
    const key = names.join();
    const audience = this.#audiences.get(key) ?? new Audience(names, this, this.headsOf(names));
    this.#audiences.set(key, audience);
    return audience;
  }

  /** Forgets audiences without listeners. */
  prune(): void {
    for (const [key, audience] of this.#audiences) if (audience.listeners.size === 0) this.#audiences.delete(key);
  }

  /** The heads of channels by name. */
  headsOf(names: readonly string[]): Map<string, number> {
    return new Map(names.map((name) => [name, this.channels.get(name)?.head ?? 0]));
  }

  /** The frames of a channel after `after` that are in memory; undefined when the first of them is not. */
  recentAfter(name: string, after: number): readonly LoggedFrame[] | undefined {
    const channel = this.channels.get(name);
    if (!channel || after > channel.head) return undefined;
    if (after === channel.head) return [];
    const first = channel.recent[0]?.sequence ?? Number.POSITIVE_INFINITY;
    return after + 1 < first ? undefined : channel.recent.slice(after + 1 - first);
  }

  /**
   * Where somebody with `cursor` goes on, by channel; undefined for a channel where what comes next cannot be had, because
   * it is no longer held, or the cursor is of another epoch or ahead of the log. Throws TrustError for text that is no cursor.
   */
  resume(names: readonly string[], cursor: string | undefined): Map<string, number | undefined> {
    if (cursor === undefined) return this.headsOf(names);
    const { epoch, sequences } = this.#readCursor(cursor);
    return new Map(
      names.map((name) => {
        const channel = this.channels.get(name);
        // A channel that is not in the cursor is new to its holder, and heard from now on.
        const after = sequences.get(name) ?? channel?.head ?? 0;
        const isHeld = epoch === this.epoch && channel && after <= channel.head && after + 1 >= channel.oldest;
        return [name, isHeld ? after : undefined];
      }),
    );
  }

  /** Positions as text. */
  formatCursor(positions: Positions): string {
    return formatCursor({ epoch: this.epoch, sequences: positions });
  }
}
