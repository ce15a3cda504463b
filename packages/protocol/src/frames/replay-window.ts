/** Which frames were seen: exact, bounded, and forgotten by the time that they bear themselves (docs/protocol/frame.md). */
import type { Frame } from './frame.ts';

/** How a window is set. */
export interface ReplayWindowOptions {
  /** How far a frame may be ahead of the clock, or lie behind it; absent: 5 s. The window is twice as wide. */
  readonly skewMs?: number | undefined;
  /** How many frames are remembered at most; absent: 16,384. */
  readonly maxFrames?: number | undefined;
}

/** Why a window does not let a frame in. */
export type WindowRefusal = 'clock_skew' | 'replayed' | 'window_full';

/** A frame as the window knows it. */
type Seen = Pick<Frame, 'kid' | 'nonce' | 'ts'>;

/**
 * Lets each frame in once. When it is full it lets nothing in rather than forget a frame that could come again: a frame
 * counts as seen for as long as its own time stands in the window, however late it came.
 */
export class ReplayWindow {
  readonly #skewMs: number;
  readonly #maxFrames: number;
  /** By whole seconds of the frames' own time, so that forgetting costs no walk. */
  readonly #seconds = new Map<number, Set<string>>();
  #size = 0;
  /** Whatever is older was forgotten, perhaps under a clock that has gone back since: nobody can tell whether it was seen. */
  #forgottenBefore = 0;

  constructor({ skewMs = 5000, maxFrames = 16_384 }: ReplayWindowOptions = {}) {
    if (skewMs < 0 || maxFrames < 1) {
      throw new TypeError('expected a skew, and room for a frame');
    }
    this.#skewMs = skewMs;
    this.#maxFrames = maxFrames;
  }

  /** How many frames are remembered. */
  get size(): number {
    return this.#size;
  }

  /** Whether a frame signed at `ts` is older than what is let in at `now`: then only a chain can prove it. */
  isPast(ts: number, now: number): boolean {
    return ts < now - this.#skewMs;
  }

  /** Why `frame` would not be let in at `now` (Unix milliseconds), or `undefined`. Changes nothing that counts. */
  judge(frame: Seen, now: number): WindowRefusal | undefined {
    return this.#judge(frame, nameOf(frame), now);
  }

  /** Lets `frame` in and remembers it, in one step, or says why not. */
  admit(frame: Seen, now: number): WindowRefusal | undefined {
    const name = nameOf(frame);
    const refusal = this.#judge(frame, name, now);
    if (refusal !== undefined) return refusal;
    const second = this.#seconds.get(secondOf(frame)) ?? this.#openSecond(secondOf(frame), now);
    second.add(name);
    this.#size++;
    return undefined;
  }

  #judge({ ts }: Seen, name: string, now: number): WindowRefusal | undefined {
    if (this.isPast(ts, now) || ts > now + this.#skewMs) return 'clock_skew';
    if (this.#size >= this.#maxFrames) this.#forget(now);
    if (ts < this.#forgottenBefore || this.#seconds.get(secondOf({ ts }))?.has(name)) return 'replayed';
    return this.#size >= this.#maxFrames ? 'window_full' : undefined;
  }

  /** Each second that is new makes room for itself. */
  #openSecond(second: number, now: number): Set<string> {
    this.#forget(now);
    const names = new Set<string>();
    this.#seconds.set(second, names);
    return names;
  }

  #forget(now: number): void {
    for (const [second, names] of this.#seconds) {
      const end = (second + 1) * 1000;
      if (!this.isPast(end - 1, now)) continue;
      this.#seconds.delete(second);
      this.#size -= names.size;
      this.#forgottenBefore = Math.max(this.#forgottenBefore, end);
    }
  }
}

function secondOf({ ts }: Pick<Seen, 'ts'>): number {
  return Math.floor(ts / 1000);
}

function nameOf({ kid, nonce }: Seen): string {
  return `${kid}:${nonce}`;
}
