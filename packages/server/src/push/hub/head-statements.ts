/** Heartbeats and snapshots: signed statements of where a channel stands, which are in no log. */
import type { FrameSigner } from '@signpost/protocol/frames/frame-key';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import { notVouched } from '../log/sequencer.ts';
import type { Feed, FeedChannel } from './feed.ts';

/** What statements are signed with. */
export interface StatementParts {
  readonly now: () => number;
  readonly findSigner: (organisationId: string) => Promise<FrameSigner | undefined>;
}

/** A statement, and the head that it states. */
interface Statement {
  readonly text: string;
  readonly sequence: number;
  /** Grows with each statement that is signed here. */
  readonly serial: number;
  readonly at: number;
}

/** Statements for several channels, and the heads that they state. */
export interface Heartbeats {
  readonly texts: readonly string[];
  readonly positions: ReadonlyMap<string, number>;
  /** That of the latest of them. */
  readonly serial: number;
}

/** A heartbeat that somebody is sent may be so old, in milliseconds: those who come together share it. */
const freshMs = 1000;

/** Signs statements, and keeps the last heartbeats of each channel for those who come together. */
export class HeadStatements {
  readonly #parts: StatementParts;
  /** In the order in which they were signed. */
  readonly #kept = new WeakMap<FeedChannel, readonly Statement[]>();
  /** Those who ask for one channel at once share one signature. */
  readonly #underWay = new WeakMap<FeedChannel, Promise<Statement>>();
  #serial = 0;

  constructor(parts: StatementParts) {
    this.#parts = parts;
  }

  /** The serial number of the last statement. */
  get serial(): number {
    return this.#serial;
  }

  /**
   * A fresh heartbeat of each channel, signed after that with the serial number `newerThan`, since nobody is sent the same one twice. It
   * states the head as it is, unless the head moves while it is signed. Throws `unavailable`, rule `push-not-vouched`, while nothing can be signed.
   */
  async heartbeats(feed: Feed, names: readonly string[], newerThan: number): Promise<Heartbeats> {
    const statements: Statement[] = [];
    for (const name of names) {
      const channel = requireChannel(feed, name);
      statements.push(this.#findFresh(channel, newerThan) ?? (await this.#renew(feed, channel)));
    }
    return combine(names, statements);
  }

  /** The same, where nothing has to be signed for it. */
  findHeartbeats(feed: Feed, names: readonly string[], newerThan: number): Heartbeats | undefined {
    const found = names.flatMap((name) => this.#findFresh(requireChannel(feed, name), newerThan) ?? []);
    return found.length === names.length ? combine(names, found) : undefined;
  }

  /**
   * Snapshots: what lies before the oldest frame of a channel cannot be had, and the listener goes on from the head. Throws as
   * `heartbeats` does.
   */
  async snapshots(feed: Feed, names: readonly string[]): Promise<Omit<Heartbeats, 'serial'>> {
    const texts: string[] = [];
    const positions = new Map<string, number>();
    for (const name of names) {
      const channel = requireChannel(feed, name);
      positions.set(name, channel.head);
      texts.push(await this.#sign(feed, channel, { type: 'snapshot', data: { oldest: channel.oldest } }));
    }
    return { texts, positions };
  }

  /**
   * The oldest that will do. Who comes back is sent one on arrival and a newer one behind what was missed: so two serve all who
   * come within a second, while the newest for each arrival would ask for another signature behind it.
   */
  #findFresh(channel: FeedChannel, newerThan: number): Statement | undefined {
    return this.#listFresh(channel).find(({ serial }) => serial > newerThan);
  }

  #listFresh(channel: FeedChannel): readonly Statement[] {
    const now = this.#parts.now();
    const kept = this.#kept.get(channel) ?? [];
    // A clock that was set back must not make an old one fresh.
    return kept.filter(({ sequence, at }) => sequence === channel.head && now >= at && now - at <= freshMs);
  }

  #renew(feed: Feed, channel: FeedChannel): Promise<Statement> {
    const pending = this.#underWay.get(channel);
    if (pending) return pending;
    const made = this.#make(feed, channel).finally(() => this.#underWay.delete(channel));
    this.#underWay.set(channel, made);
    return made;
  }

  async #make(feed: Feed, channel: FeedChannel): Promise<Statement> {
    const at = this.#parts.now();
    const sequence = channel.head;
    const text = await this.#sign(feed, channel, { type: 'heartbeat' });
    this.#serial += 1;
    const statement = { text, sequence, serial: this.#serial, at };
    this.#kept.set(channel, [...this.#listFresh(channel), statement]);
    return statement;
  }

  async #sign(
    { organisationId, epoch }: Feed,
    { name, head, headHash }: FeedChannel,
    said: { readonly type: string; readonly data?: { readonly oldest: number } },
  ): Promise<string> {
    const signer = await this.#parts.findSigner(organisationId);
    if (!signer) throw notVouched();
    const payload = { channel: name, epoch, sequence: head, prev: headHash, ...said };
    return (await writeFrame(signer, payload, { ts: this.#parts.now() })).text;
  }
}

function combine(names: readonly string[], statements: readonly Statement[]): Heartbeats {
  return {
    texts: statements.map(({ text }) => text),
    positions: new Map(statements.map(({ sequence }, place) => [names[place] ?? '', sequence])),
    serial: Math.max(...statements.map(({ serial }) => serial)),
  };
}

function requireChannel(feed: Feed, name: string): FeedChannel {
  const channel = feed.channels.get(name);
  if (!channel) throw new TypeError(`expected a channel ${name}`);
  return channel;
}
