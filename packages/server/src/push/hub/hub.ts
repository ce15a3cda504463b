/** The hub: whoever listens comes in here, is fed from the logs while connected, and is let go here. */
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import type { ChannelKeys } from '../keys/channel-keys.ts';
import type { ChannelHead } from '../log/log.ts';
import type { Batch } from '../log/sequencer.ts';
import type { PushMetrics } from '../metrics.ts';
import type { Refusals } from '../refusals.ts';
import { Listener, type Positions } from './audience.ts';
import { CatchUp } from './catch-up.ts';
import type { Feed } from './feed.ts';
import { bufferBytes, Feeding } from './feeding.ts';
import { Feeds } from './feeds.ts';
import { encodeKeys, formatKeys, type Piece } from './framing.ts';
import { HeadStatements, type Heartbeats, type StatementParts } from './head-statements.ts';
import type { Reader } from './reader.ts';
import { Ticks } from './ticks.ts';
import type { BucketSize } from './token-bucket.ts';
import { type Waiter, Waiters, type Waiting } from './waiters.ts';
import type { EndReason, Wire } from './wire.ts';

/** The times and sizes of a hub. */
export interface HubSettings {
  /** Frames that one connection is sent; `perSecond` 0 lifts it. */
  readonly pace: BucketSize;
  readonly heartbeatMs: number;
  /** How long a connection lives, give or take a fifth. */
  readonly lifeMs: number;
  /** How long a connection that does not read may take to do so. */
  readonly graceMs: number;
}

/** Every 5 seconds a heartbeat; 10 minutes of life; 10 seconds to catch up. */
export const hubTimes: Omit<HubSettings, 'pace'> = { heartbeatMs: 5000, lifeMs: 600_000, graceMs: 10_000 };

/** What a hub works with. */
export interface HubParts extends StatementParts {
  readonly database: Database;
  readonly log: Pick<BaseLogger, 'warn'>;
  readonly metrics: PushMetrics;
  readonly refusals: Pick<Refusals, 'countLimited'>;
  readonly settings: HubSettings;
  readonly keys: Pick<ChannelKeys, 'listCertificates' | 'findCertificates'>;
}

/** Somebody who wants to listen. */
export interface Subscription {
  readonly organisationId: string;
  /** Sorted, each once; channels that are there and that the reader may hear. */
  readonly names: readonly string[];
  readonly since: string | undefined;
  readonly reader: Reader;
}

/** Where somebody goes on, and signed word of the channels that cannot be followed from where they stood. */
interface Resumed {
  readonly positions: Positions;
  readonly snapshots: readonly string[];
}

/** Somebody who arrives, with what they are sent first. */
interface Arrival extends Pick<Subscription, 'names' | 'reader'> {
  readonly resumed: Resumed | undefined;
  readonly certificates: readonly string[];
  readonly beats: Heartbeats;
}

const sweepMs = 250;
/** Between two slices of connections that are let go. */
const sliceMs = 50;
const minSlice = 100;

/** The connections of all organisations. */
export class Hub {
  readonly #parts: HubParts;
  readonly #feeds: Feeds;
  readonly #statements: HeadStatements;
  readonly #feeding: Feeding;
  readonly #ticks: Ticks;
  readonly #waiters = new Waiters();
  #isClosing = false;
  #sweeping: NodeJS.Timeout | undefined;
  #beatAt = 0;

  constructor(parts: HubParts) {
    const { database, metrics, settings } = parts;
    this.#parts = parts;
    this.#feeds = new Feeds(parts);
    this.#statements = new HeadStatements(parts);
    const catchUp = new CatchUp(database.query);
    const end = (listener: Listener, reason: EndReason) => this.end(listener, reason);
    this.#feeding = new Feeding({ ...parts, statements: this.#statements, catchUp, graceMs: settings.graceMs, end });
    this.#ticks = new Ticks({ feeds: this.#feeds, feeding: this.#feeding, metrics, pace: settings.pace });
  }

  /** The feed of an organisation; its log begins with the first who asks. */
  feedOf(organisationId: string): Promise<Feed> {
    return this.#feeds.find(organisationId);
  }

  /** The same, where somebody has asked for it before. */
  findFeed(organisationId: string): Feed | undefined {
    return this.#feeds.findOpen(organisationId);
  }

  /** Takes frames that were committed. */
  deliver(batch: Batch): void {
    if (!this.#feeds.deliver(batch)) return;
    // A frame that comes alone leaves before whoever published it is answered.
    this.#ticks.run();
    this.#waiters.look();
  }

  /** Heartbeats of these channels, new enough for somebody who arrives. */
  heartbeats(feed: Feed, names: readonly string[]): Promise<Heartbeats> {
    return this.#statements.heartbeats(feed, names, 0);
  }

  /**
   * Where somebody with a cursor goes on, and signed word of the channels that cannot be followed from there. Throws TrustError for
   * text that is no cursor, and as `heartbeats` does.
   */
  async resume(feed: Feed, names: readonly string[], since: string | undefined): Promise<Resumed> {
    const start = feed.resume(names, since);
    const lost = await this.#statements.snapshots(
      feed,
      names.filter((name) => start.get(name) === undefined),
    );
    const positions = new Map(names.map((name) => [name, start.get(name) ?? lost.positions.get(name) ?? 0]));
    return { positions, snapshots: lost.texts };
  }

  /**
   * Prepares a connection: what it is sent first, and the start that feeds it once there is a wire. Throws a Refusal while the hub
   * closes or nothing can be signed, and TrustError for a cursor that is none.
   */
  async prepare({ organisationId, names, since, reader }: Subscription): Promise<(wire: Wire) => Listener> {
    const feed = await this.feedOf(organisationId);
    const resumed = since === undefined ? undefined : await this.resume(feed, names, since);
    const certificates = await this.#parts.keys.listCertificates(organisationId);
    const beats = await this.heartbeats(feed, names);
    this.#assertOpen();
    return this.#createStart(feed, { names, reader, resumed, certificates, beats });
  }

  /** As `prepare`, where all that it takes is at hand; undefined where something must be waited for, or said. Throws TrustError for a cursor that is none. */
  prepareAtOnce({ organisationId, names, since, reader }: Subscription): ((wire: Wire) => Listener) | undefined {
    const feed = this.#feeds.findOpen(organisationId);
    const certificates = this.#parts.keys.findCertificates(organisationId);
    if (!feed || !certificates || this.#isClosing) return undefined;
    const beats = this.#statements.findHeartbeats(feed, names, 0);
    const resumed = since === undefined ? undefined : resumeHeld(feed, names, since);
    if (!beats || (since !== undefined && !resumed)) return undefined;
    return this.#createStart(feed, { names, reader, resumed, certificates, beats });
  }

  #createStart(feed: Feed, { names, reader, resumed, certificates, beats }: Arrival): (wire: Wire) => Listener {
    const positions = resumed?.positions ?? beats.positions;
    // Whoever has something to catch up still stands where they stood.
    const cursor = resumed ? undefined : feed.formatCursor(positions);
    const pieces: Piece[] = [...beats.texts, ...(resumed?.snapshots ?? [])].map((text) => ({ text, cursor }));
    return (wire) => {
      const listener = new Listener({
        ...{ wire, reader, positions, audience: feed.audienceOf(names), isProved: resumed === undefined },
        heartbeatSerial: beats.serial,
        endsAt: this.#parts.now() + this.#parts.settings.lifeMs * (0.8 + 0.4 * Math.random()),
      });
      wire.write(encodeKeys(wire.framing, formatKeys(certificates)));
      this.#enter(feed, listener, pieces);
      return listener;
    };
  }

  /** Moves a connection to other channels; it goes on where it was, and hears new ones from `since`, or from now on. */
  async move(listener: Listener, { organisationId, names, since }: Omit<Subscription, 'reader'>): Promise<void> {
    const feed = await this.feedOf(organisationId);
    const added = names.filter((name) => !listener.audience.names.includes(name));
    const resumed = await this.resume(feed, added, since);
    if (listener.state === 'ended') return;
    const isFed = listener.state === 'catching';
    if (listener.state === 'live') listener.audience.leaveBehind(listener);
    const stands = listener.positions;
    listener.positions = new Map(names.map((name) => [name, stands.get(name) ?? resumed.positions.get(name) ?? 0]));
    listener.isProved = false;
    listener.audience.listeners.delete(listener);
    listener.audience = feed.audienceOf(names);
    const pieces = resumed.snapshots.map((text) => ({ text }));
    if (!isFed) return this.#enter(feed, listener, pieces);
    if (this.#admit(feed, listener)) this.#feeding.write(listener, pieces);
  }

  /** Resolves when there is a frame after the positions, the waiter is woken, the hub closes, `ms` are over or the signal is aborted. */
  wait(feed: Feed, waiting: Waiting): Promise<void> {
    return this.#waiters.wait(feed, waiting);
  }

  /** Tells everybody of an organisation about its keys, before a new one is used. */
  announceKeys(organisationId: string, certificates: readonly string[]): void {
    const keys = formatKeys(certificates);
    for (const { wire } of this.listenersOf(organisationId)) wire.write(encodeKeys(wire.framing, keys));
  }

  /** Takes up a channel that was declared, and ends those who listen to one that they may not hear any more. */
  place(organisationId: string, channel: ChannelHead): void {
    this.#feeds.place(organisationId, channel);
    const mayStay = (reader: Reader, names: readonly string[]) =>
      !names.includes(channel.name) || mayGoOn(reader, channel);
    for (const listener of this.listenersOf(organisationId)) {
      if (!mayStay(listener.reader, listener.audience.names)) this.end(listener, 'forbidden');
    }
    for (const { reader, names, wake } of this.waitersOf(organisationId)) if (!mayStay(reader, names)) wake();
  }

  /** The feeds that are open. */
  get feeds(): Iterable<Feed> {
    return this.#feeds.all;
  }

  /** The connections of an organisation, or of all. */
  *listenersOf(organisationId?: string): Generator<Listener> {
    for (const { feed, listener } of this.#feeds.listeners()) {
      if (organisationId === undefined || feed.organisationId === organisationId) yield listener;
    }
  }

  /** The long polls of an organisation that wait for a frame. */
  waitersOf(organisationId: string): Waiter[] {
    return this.#waiters.of(organisationId);
  }

  /** Ends a connection and counts why. */
  end(listener: Listener, reason: EndReason): void {
    if (listener.state === 'ended') return;
    this.#parts.metrics.countEnd(reason);
    if (reason === 'slow') this.#parts.refusals.countLimited(reason, listener.audience.organisationId);
    listener.end(reason);
  }

  /** Lets everybody go, in slices over `overMs`, and lets nobody in any more. */
  async close(overMs: number): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#sweeping);
    this.#waiters.close();
    const leaving = [...this.listenersOf()];
    const size = Math.max(minSlice, Math.ceil((leaving.length * sliceMs) / Math.max(overMs, sliceMs)));
    for (let at = 0; at < leaving.length; at += size) {
      if (at > 0) await new Promise((resolve) => setTimeout(resolve, sliceMs));
      for (const listener of leaving.slice(at, at + size)) this.end(listener, 'drain');
    }
  }

  #assertOpen(): void {
    if (!this.#isClosing) return;
    throw new Refusal('unavailable', 'the server is stopping', { rule: 'stopping', retryAfterSeconds: 5 });
  }

  #enter(feed: Feed, listener: Listener, pieces: readonly Piece[]): void {
    if (!this.#admit(feed, listener)) return;
    this.#feeding.write(listener, pieces);
    this.#startSweeping();
    void this.#feeding.feed(feed, listener);
  }

  /** Between being prepared and coming in, everybody may have been let go, or those of a channel that became private or was removed. */
  #admit(feed: Feed, listener: Listener): boolean {
    listener.audience.listeners.add(listener);
    const mayStay = (name: string) => {
      const channel = feed.channels.get(name);
      return channel !== undefined && mayGoOn(listener.reader, channel);
    };
    if (this.#isClosing) this.end(listener, 'drain');
    else if (!listener.audience.names.every(mayStay)) this.end(listener, 'forbidden');
    return listener.state !== 'ended';
  }

  #startSweeping(): void {
    if (this.#sweeping) return;
    this.#beatAt = performance.now();
    const { heartbeatMs } = this.#parts.settings;
    this.#sweeping = setInterval(() => this.#sweep(), Math.min(sweepMs, heartbeatMs)).unref();
  }

  /** What time alone brings: heartbeats, ends of lives, frames that waited for their pace, listeners that read again. */
  #sweep(): void {
    const now = this.#parts.now();
    const isBeat = performance.now() - this.#beatAt >= this.#parts.settings.heartbeatMs;
    if (isBeat) this.#beatAt = performance.now();
    let count = 0;
    for (const { feed, listener } of this.#feeds.listeners()) {
      count += 1;
      if (now >= listener.endsAt) this.end(listener, 'rotation');
      else if (listener.state === 'lagging') this.#lookAfter(feed, listener);
    }
    for (const feed of this.#feeds.all) {
      feed.prune();
      if (isBeat) void this.#beat(feed);
    }
    this.#ticks.arm();
    if (count > 0) return;
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }

  #lookAfter(feed: Feed, listener: Listener): void {
    if (listener.wire.waitingBytes <= bufferBytes) void this.#feeding.feed(feed, listener);
    else if (performance.now() - listener.slowSince > this.#parts.settings.graceMs) this.end(listener, 'slow');
  }

  async #beat(feed: Feed): Promise<void> {
    // Those of this beat serve all audiences.
    const newerThan = this.#statements.serial;
    for (const audience of [...feed.audiences]) {
      try {
        this.#ticks.beat(feed, audience, await this.#statements.heartbeats(feed, audience.names, newerThan));
      } catch (err) {
        if (!(err instanceof Refusal)) this.#parts.log.warn({ err }, 'a heartbeat could not be signed');
        // Nobody is left to believe that there is no news.
        const reason = err instanceof Refusal ? 'not-vouched' : 'failed';
        for (const listener of [...audience.listeners]) this.end(listener, reason);
      }
    }
  }
}

/** Whether a channel may be heard on as it is now; whoever has an account is looked at as soon as its rights change. */
function mayGoOn({ principal }: Reader, { removed, visibility }: Pick<ChannelHead, 'removed' | 'visibility'>): boolean {
  return !removed && (visibility === 'public' || principal !== undefined);
}

/** Where somebody goes on who can follow all channels from where they stood. */
function resumeHeld(feed: Feed, names: readonly string[], since: string): Resumed | undefined {
  const positions = new Map<string, number>();
  for (const [name, position] of feed.resume(names, since)) if (position !== undefined) positions.set(name, position);
  return positions.size === names.length ? { positions, snapshots: [] } : undefined;
}
