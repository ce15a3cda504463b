/** One thread that computes digests, seen from outside. */
import { Worker } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import { threadEnvironment } from '../../thread-environment.ts';
import type { DigestAnswer, DigestOrder } from './digests.ts';

/** The bytes lie outside the heap; what is left is the state of the files. */
const maxHeapMb = 64;

/** A running thread. It keeps the process alive only while it owes an answer. */
export class DigestThread {
  readonly #worker: Worker;
  /** Who waits, in the order of the answers. */
  readonly #waiting: PromiseWithResolvers<DigestAnswer>[] = [];
  #failure: Refusal | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./digest-worker.ts', import.meta.url), {
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: DigestAnswer) => this.#settle(answer));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', (code) => this.#fail(new Error(`code ${code}`)));
  }

  /** Whether it still takes orders. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /** Gives an order. Rejects with `unavailable` (`digests-failed`) when the thread has ended or ends before it answers. */
  ask(order: DigestOrder): Promise<DigestAnswer> {
    if (this.#failure) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<DigestAnswer>();
    if (this.#waiting.push(answer) === 1) this.#worker.ref();
    this.#worker.postMessage(order);
    return answer.promise;
  }

  /** Ends it, whatever it was doing. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answer: DigestAnswer): void {
    this.#waiting.shift()?.resolve(answer);
    if (this.#waiting.length === 0) this.#worker.unref();
  }

  #fail(cause: unknown): void {
    this.#failure ??= new Refusal('unavailable', 'the thread that computes digests has ended', {
      rule: 'digests-failed',
      hint: 'send the rest: what came is kept',
      cause,
    });
    for (const answer of this.#waiting.splice(0)) answer.reject(this.#failure);
  }
}
