/** The feeds of all organisations, each opened with the first who asks for it. */
import type { Database } from '../../storage/database.ts';
import { type ChannelHead, openLog } from '../log/log.ts';
import type { Batch } from '../log/sequencer.ts';
import type { Audience, Listener } from './audience.ts';
import { Feed } from './feed.ts';

/** Opens feeds and keeps them up to date. */
export class Feeds {
  readonly #parts: { readonly database: Database; readonly now: () => number };
  readonly #opening = new Map<string, Promise<Feed>>();
  readonly #open = new Map<string, Feed>();
  /** What came while a feed was being opened, in its order. */
  readonly #early = new Map<string, ((feed: Feed) => void)[]>();

  constructor(parts: { readonly database: Database; readonly now: () => number }) {
    this.#parts = parts;
  }

  /** The feed of an organisation; its log begins here if it had not. */
  find(organisationId: string): Promise<Feed> {
    const known = this.#opening.get(organisationId);
    if (known) return known;
    const feed = this.#openFeed(organisationId);
    this.#opening.set(organisationId, feed);
    feed.catch(() => this.#opening.delete(organisationId));
    return feed;
  }

  /** Takes frames that were committed; false when nobody has asked for their feed. */
  deliver(batch: Batch): boolean {
    const feed = this.#open.get(batch.log.organisationId);
    if (!feed) {
      this.#early.get(batch.log.organisationId)?.push((opened) => append(opened, batch));
      return false;
    }
    append(feed, batch);
    return true;
  }

  /** Takes what has become of a channel, as it was committed. */
  place(organisationId: string, channel: ChannelHead): void {
    const feed = this.#open.get(organisationId);
    if (feed) feed.place(channel);
    else this.#early.get(organisationId)?.push((opened) => opened.place(channel));
  }

  /** The feed of an organisation, if somebody has asked for it. */
  findOpen(organisationId: string): Feed | undefined {
    return this.#open.get(organisationId);
  }

  /** Those that are open. */
  get all(): Iterable<Feed> {
    return this.#open.values();
  }

  /** Every audience, with its feed. */
  *audiences(): Generator<{ feed: Feed; audience: Audience }> {
    for (const feed of this.#open.values()) for (const audience of feed.audiences) yield { feed, audience };
  }

  /** Every connection, with its feed. */
  *listeners(): Generator<{ feed: Feed; listener: Listener }> {
    for (const { feed, audience } of this.audiences()) {
      for (const listener of audience.listeners) yield { feed, listener };
    }
  }

  async #openFeed(organisationId: string): Promise<Feed> {
    const early: ((feed: Feed) => void)[] = [];
    this.#early.set(organisationId, early);
    try {
      const { database, now } = this.#parts;
      const feed = new Feed(await database.transaction((tx) => openLog(tx, organisationId, now())));
      // Its heads may be of frames that the disk has not flushed yet.
      await database.settle();
      this.#open.set(organisationId, feed);
      for (const take of early) take(feed);
      return feed;
    } finally {
      this.#early.delete(organisationId);
    }
  }
}

/** A batch is told once the disk has it, and knows channels as they were before: what has become of one since is known better here. */
function append(feed: Feed, { log, frames }: Batch): void {
  for (const channel of log.channels.values()) if (!feed.channels.has(channel.name)) feed.place(channel);
  feed.append(frames);
}
