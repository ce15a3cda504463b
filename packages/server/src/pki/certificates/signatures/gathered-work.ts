/** Work that comes piece by piece, done where it delays the others least: a little of it here, much of it in a thread of its own. */
import { SignatureThread } from './thread.ts';

/** Fewer that come in one turn of the event loop are not worth a thread. */
const minForThread = 4;
/** Enough for one message: with more the thread would wait for this one, and this one then for the thread. */
const maxTogether = 16;
/** Messages of a kind that the thread has before it: one more would only wait there, where nothing can join it. */
const maxUnderWay = 2;

/** The two places where work can be done. */
export interface WorkPlaces<Item, Result> {
  here(item: Item): Promise<Result>;
  /** Results in the order of `items`. */
  inThread(thread: SignatureThread, items: readonly Item[]): Promise<readonly Result[]>;
}

/** At most one thread, from when it is needed on. */
export class ThreadAtNeed {
  #thread: SignatureThread | undefined;

  /** Whether there is one that takes work. */
  get isRunning(): boolean {
    return this.#thread?.isAlive ?? false;
  }

  /** The one that runs, or a new one. */
  take(): SignatureThread {
    if (!this.#thread?.isAlive) this.#thread = new SignatureThread();
    return this.#thread;
  }

  /** Ends the thread, if there is one; the next need starts another. */
  async close(): Promise<void> {
    await this.#thread?.close();
  }
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly answer: PromiseWithResolvers<Result>;
}

/** Work of one kind. */
export class GatheredWork<Item, Result> {
  readonly #thread: ThreadAtNeed;
  readonly #places: WorkPlaces<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #underWay = 0;

  constructor(thread: ThreadAtNeed, places: WorkPlaces<Item, Result>) {
    this.#thread = thread;
    this.#places = places;
  }

  /** Resolves with the result. Rejects with `unavailable` when the thread ends meanwhile. */
  take(item: Item): Promise<Result> {
    const answer = Promise.withResolvers<Result>();
    const count = this.#waiting.push({ item, answer });
    // What arrives in the same turn, or while the thread has enough to do, goes in few messages.
    if (count === 1) setImmediate(() => this.#sendAtNeed());
    if (count === maxTogether) this.#send();
    return answer.promise;
  }

  #sendAtNeed(): void {
    if (this.#waiting.length > 0 && this.#underWay < maxUnderWay) this.#send();
  }

  #send(): void {
    const sent = this.#waiting;
    this.#waiting = [];
    if (sent.length < minForThread && !this.#thread.isRunning) {
      for (const { item, answer } of sent) answer.resolve(this.#places.here(item));
      return;
    }
    void this.#handOver(sent);
  }

  async #handOver(sent: readonly Waiting<Item, Result>[]): Promise<void> {
    const items = sent.map(({ item }) => item);
    this.#underWay += 1;
    try {
      const results = await this.#places.inThread(this.#thread.take(), items);
      for (const [at, { answer }] of sent.entries()) answer.resolve(results[at] as Result);
    } catch (error) {
      for (const { answer } of sent) answer.reject(error);
    } finally {
      this.#underWay -= 1;
      this.#sendAtNeed();
    }
  }
}
