/** Whose turn it is where work takes much memory or time: organisations take turns, few run at once, and what waits is bounded for one and for all. */
import { Refusal } from '../errors.ts';

/** How much runs and may wait, and what those are told that find no room. */
export interface TurnLimits {
  /** At a time; of one organisation it is never more than one. */
  readonly running: number;
  readonly waiting: number;
  readonly waitingOfOne: number;
  /** What waits, in the plural. */
  readonly what: string;
  /** The rule of the refusal. */
  readonly rule: string;
  readonly retryAfterSeconds: number;
}

/** Who wants a turn. */
export interface TurnTaker {
  readonly organisationId: string;
  /** Gives the place in line up: whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
  /** A job of the server itself, of which there are few at a time: it waits in its organisation's line, and is never refused. */
  readonly isJob?: boolean;
}

/** A line for each organisation; the one that was served stands behind all others. */
export class FairTurns {
  readonly #limits: TurnLimits;
  /** Those who wait by organisation, whose turn it is first. Never empty lines. */
  readonly #lines = new Map<string, (() => void)[]>();
  readonly #running = new Set<string>();
  #waiting = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /**
   * Does the work when it is the organisation's turn. Throws `rate_limited` when that one has too much waiting, `unavailable` when all together have, or once
   * the signal says that nobody waits for it any more.
   */
  async run<T>(taker: TurnTaker, work: () => Promise<T>): Promise<T> {
    await this.#enter(taker);
    try {
      return await work();
    } finally {
      this.#leave(taker.organisationId);
    }
  }

  async #enter({ organisationId, signal, isJob = false }: TurnTaker): Promise<void> {
    // Who waits while a place is free has work running already.
    if (this.#running.size < this.#limits.running && !this.#running.has(organisationId)) {
      this.#running.add(organisationId);
      return;
    }
    if (!isJob) this.#assertRoom(this.#lines.get(organisationId)?.length ?? 0);
    await this.#wait(organisationId, signal);
  }

  #assertRoom(ofOne: number): void {
    const { waiting, waitingOfOne, what, rule, retryAfterSeconds } = this.#limits;
    const options = { rule, retryAfterSeconds, hint: 'send it again in a moment' };
    if (ofOne >= waitingOfOne) {
      throw new Refusal('rate_limited', `expected at most ${waitingOfOne} ${what} of an organisation to wait`, options);
    }
    if (this.#waiting >= waiting) {
      throw new Refusal('unavailable', `expected at most ${waiting} ${what} to wait on this server`, options);
    }
  }

  #wait(organisationId: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#drop(organisationId, begin);
        reject(new Refusal('unavailable', 'expected somebody to wait for the answer'));
      };
      const begin = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      this.#lines.set(organisationId, [...(this.#lines.get(organisationId) ?? []), begin]);
      this.#waiting += 1;
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Takes one that waits out of its line. */
  #drop(organisationId: string, begin: () => void): void {
    const rest = (this.#lines.get(organisationId) ?? []).filter((other) => other !== begin);
    // Set again in place, so that the line stays where it stood.
    if (rest.length > 0) this.#lines.set(organisationId, rest);
    else this.#lines.delete(organisationId);
    this.#waiting -= 1;
  }

  /** Hands the place to the first in line whose organisation has nothing running; the one that was served stands behind all others. */
  #leave(organisationId: string): void {
    this.#running.delete(organisationId);
    const own = this.#lines.get(organisationId);
    if (own && this.#lines.delete(organisationId)) this.#lines.set(organisationId, own);
    const next = [...this.#lines].find(([other]) => !this.#running.has(other));
    if (!next) return;
    const [other, [begin, ...rest]] = next;
    this.#lines.delete(other);
    if (rest.length > 0) this.#lines.set(other, rest);
    this.#waiting -= 1;
    this.#running.add(other);
    begin?.();
  }
}
