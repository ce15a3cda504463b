/** Events between planes. They are recorded in the transaction that causes them (`outbox.ts`) and published after it. */

/** Something that happened, and was committed. */
export interface Event {
  /** UUIDv7; the same event may arrive twice and has the same id then. */
  readonly id: string;
  readonly organisationId: string | null;
  /** Dotted, such as `release.activated`. */
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Carries events to whoever subscribed, at least once, in order. */
export interface Bus {
  /** Resolves when every subscriber has taken the event; rejects when one failed, and is then asked again. */
  publish(event: Event): Promise<void>;
  /** Calls `take` for each event whose topic is `topic` or starts with `topic.`; `*` is every event. Returns the way out. */
  subscribe(topic: string, take: (event: Event) => void | Promise<void>): () => void;
  close(): Promise<void>;
}
