/** Those who wait for a frame that has not come yet: long polls. */
import type { Positions } from './audience.ts';
import { isAtHead } from './catch-up.ts';
import type { Feed } from './feed.ts';
import type { Reader } from './reader.ts';

/** Somebody who waits. */
export interface Waiter {
  readonly reader: Reader;
  /** Their channels. */
  readonly names: readonly string[];
  /** Ends the waiting, whether or not something has come. */
  readonly wake: () => void;
}

/** What somebody waits for. */
export interface Waiting {
  readonly reader: Reader;
  readonly positions: Positions;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** Everybody who waits, in all organisations. */
export class Waiters {
  readonly #waiting = new Map<Waiter, { readonly feed: Feed; readonly positions: Positions }>();
  #isClosed = false;

  /** Resolves when there is a frame after the positions, somebody wakes the waiter, `ms` are over or the signal is aborted. */
  async wait(feed: Feed, { reader, positions, ms, signal }: Waiting): Promise<void> {
    if (this.#isClosed || signal.aborted || !isAtHead(feed, positions)) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const waiter = { reader, names: [...positions.keys()], wake };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
      this.#waiting.set(waiter, { feed, positions });
    });
  }

  /** Wakes those for whom a frame has come. */
  look(): void {
    for (const [{ wake }, { feed, positions }] of this.#waiting) if (!isAtHead(feed, positions)) wake();
  }

  /** Those of an organisation. */
  of(organisationId: string): Waiter[] {
    return [...this.#waiting]
      .filter(([, { feed }]) => feed.organisationId === organisationId)
      .map(([waiter]) => waiter);
  }

  /** Wakes all, and lets nobody wait any more. */
  close(): void {
    this.#isClosed = true;
    for (const { wake } of this.#waiting.keys()) wake();
  }
}
