/** Events for processes beside the server (docs/bus.md): a bus that may be away, behind the one in memory that the planes meet by. */

/** An event, ready to be carried. */
export interface CarriedEvent {
  /** UUIDv7, the event's own. */
  readonly id: string;
  /** Dotted, such as `release.activated`. */
  readonly topic: string;
  readonly position: number;
  /** JSON. */
  readonly text: string;
}

/** Carries events to other processes. */
export interface OuterBus {
  /**
   * Resolves when it can carry; `lost` when what it was given before is gone, so that all of it must be given again. Rejects while it is
   * away.
   */
  open(): Promise<'kept' | 'lost'>;
  /** Resolves when others will get all of them, in this order; the same event may be given again. */
  carry(events: readonly CarriedEvent[]): Promise<void>;
  close(): Promise<void>;
}
