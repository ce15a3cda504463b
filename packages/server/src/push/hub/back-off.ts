/** How long somebody who was turned away should stay away: twice as long each time that they come again and are turned away again. */

const firstSeconds = 1;
const maxSeconds = 64;

/** Those who were turned away lately; beyond it the ones longest ago are forgotten, and begin anew. */
const maxRemembered = 10_000;

interface TurnedAway {
  readonly seconds: number;
  /** When, in milliseconds of a clock that only goes forward. */
  readonly at: number;
}

/** Remembers who was turned away, in memory of bounded size. */
export class BackOff {
  readonly #turnedAway = new Map<string, TurnedAway>();

  /** The seconds to say: 1, 2, 4 and so on to 64. Whoever was away for longer than twice what they were told begins anew. */
  next(who: string, now: number): number {
    const last = this.#turnedAway.get(who);
    const isAgain = last !== undefined && now - last.at <= 2000 * last.seconds;
    const seconds = isAgain ? Math.min(2 * last.seconds, maxSeconds) : firstSeconds;
    this.#turnedAway.delete(who);
    this.#turnedAway.set(who, { seconds, at: now });
    const [oldest] = this.#turnedAway.keys();
    if (this.#turnedAway.size > maxRemembered && oldest !== undefined) this.#turnedAway.delete(oldest);
    return seconds;
  }

  /** They were let in. */
  forget(who: string): void {
    this.#turnedAway.delete(who);
  }
}
