/** The pace of what one client sends: ten frames at once and one a second after that; whoever sends faster waits longer each time. */
import { TokenBucket } from '../hub/token-bucket.ts';

/** Frames that are done at once, and a second after that. */
export const inbound = { capacity: 10, perSecond: 1 } as const;

/** The first pause; each further one is twice as long. */
const pauseMs = 1000;
const maxPauses = 3;

/** The time that a gate goes by. */
export interface GateClock {
  /** Milliseconds of a clock that only goes forward. */
  readonly elapsed: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** The gate of one connection. */
export class FrameGate {
  readonly #clock: GateClock;
  readonly #limited: () => void;
  readonly #bucket: TokenBucket;
  #pauses = 0;

  /** `limited` is told of each time that the limit is hit. */
  constructor(clock: GateClock, limited: () => void) {
    this.#clock = clock;
    this.#limited = limited;
    this.#bucket = new TokenBucket(inbound, clock.elapsed());
  }

  /**
   * Resolves when the next frame may be done; false when its sender has gone on for too long. One frame waits at a time. The pauses begin anew
   * after the client has kept so quiet that ten frames at once are free again: a single one that came in time says nothing.
   */
  async pass(): Promise<boolean> {
    const { elapsed, sleep } = this.#clock;
    if (this.#bucket.has(inbound.capacity, inbound, elapsed())) this.#pauses = 0;
    while (this.#bucket.take(1, inbound, elapsed()) === 0) {
      this.#limited();
      if (this.#pauses >= maxPauses) return false;
      await sleep(pauseMs * 2 ** this.#pauses++);
    }
    return true;
  }
}
