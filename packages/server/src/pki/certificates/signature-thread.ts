/** A thread beside the one that answers requests: reading a public key and checking a signature cost more than all else. */
import { Worker } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import { type CheckResult, packChecks, type SignatureCheck } from './signature-check.ts';

/** What it works on is a few hundred bytes a check. */
const maxHeapMb = 32;

/** A running thread. It keeps the process alive only while it owes an answer. */
export class SignatureThread {
  readonly #worker: Worker;
  /** Who waits, in the order of the answers. */
  readonly #waiting: PromiseWithResolvers<readonly CheckResult[]>[] = [];
  #failure: Refusal | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./signature-worker.ts', import.meta.url), {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    this.#worker.unref();
    this.#worker.on('message', (results: readonly CheckResult[]) => this.#settle(results));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', (code) => this.#fail(new Error(`code ${code}`)));
  }

  /** Whether it still takes checks. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /** Results in the order of `checks`. Rejects with `unavailable` (`signature-thread`) when the thread ends before. */
  check(checks: readonly SignatureCheck[]): Promise<readonly CheckResult[]> {
    if (this.#failure) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<readonly CheckResult[]>();
    if (this.#waiting.push(answer) === 1) this.#worker.ref();
    const packed = packChecks(checks);
    this.#worker.postMessage(packed, [packed.bytes.buffer]);
    return answer.promise;
  }

  /** Ends it, whatever it was doing. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(results: readonly CheckResult[]): void {
    this.#waiting.shift()?.resolve(results);
    if (this.#waiting.length === 0) this.#worker.unref();
  }

  #fail(cause: unknown): void {
    this.#failure ??= new Refusal('unavailable', 'the thread that checks signatures has ended', {
      rule: 'signature-thread',
      hint: 'try again',
      cause,
    });
    for (const answer of this.#waiting.splice(0)) answer.reject(this.#failure);
  }
}
