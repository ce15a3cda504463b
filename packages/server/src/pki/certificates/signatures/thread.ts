/** A thread beside the one that answers requests: checking one signature and making another cost more than all else about a certificate. */
import { Worker } from 'node:worker_threads';
import { Refusal } from '../../../errors.ts';
import { threadEnvironment } from '../../../thread-environment.ts';
import { type CheckResult, type PackedChecks, packChecks, type SignatureCheck } from './check.ts';
import { type PackedResult, type PackedSignings, packSignings, unpackResult } from './packed-signings.ts';
import type { Signing, SigningResult } from './signing.ts';

/** What it works on is a few hundred bytes each. */
const maxHeapMb = 64;
/** With less room for what is new, much of what it works on would be moved before it is forgotten. */
const youngMb = 24;

/** What is asked of the thread. */
export type Question =
  | { readonly kind: 'check'; readonly id: number; readonly packed: PackedChecks }
  | { readonly kind: 'sign'; readonly id: number; readonly count: number; readonly packed: PackedSignings };

/** What it answers; not always in the order of the questions. */
export interface Answer {
  readonly id: number;
  readonly results: readonly unknown[];
}

/** A running thread. It keeps the process alive only while it owes an answer. */
export class SignatureThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<readonly unknown[]>>();
  #lastId = 0;
  #failure: Refusal | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: youngMb },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', (code) => this.#fail(new Error(`code ${code}`)));
  }

  /** Whether it still takes work. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /** Results in the order of `checks`. Rejects with `unavailable` (`signature-thread`) when the thread ends before. */
  async check(checks: readonly SignatureCheck[]): Promise<readonly CheckResult[]> {
    const packed = packChecks(checks);
    const results = await this.#ask({ kind: 'check', id: this.#nextId(), packed }, packed.bytes);
    return results as readonly CheckResult[];
  }

  /** Results in the order of `signings`. Rejects as `check` does. */
  async sign(signings: readonly Signing[]): Promise<readonly SigningResult[]> {
    const packed = packSignings(signings);
    const question = { kind: 'sign', id: this.#nextId(), count: signings.length, packed } as const;
    const results = await this.#ask(question, packed.bytes);
    return (results as readonly PackedResult[]).map(unpackResult);
  }

  /** Ends it, whatever it was doing. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #ask(question: Question, { buffer }: Uint8Array<ArrayBuffer>): Promise<readonly unknown[]> {
    if (this.#failure) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<readonly unknown[]>();
    this.#waiting.set(question.id, answer);
    if (this.#waiting.size === 1) this.#worker.ref();
    this.#worker.postMessage(question, [buffer]);
    return answer.promise;
  }

  #settle({ id, results }: Answer): void {
    this.#waiting.get(id)?.resolve(results);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
  }

  #fail(cause: unknown): void {
    this.#failure ??= new Refusal('unavailable', 'the thread for signatures has ended', {
      rule: 'signature-thread',
      hint: 'try again',
      cause,
    });
    for (const answer of this.#waiting.values()) answer.reject(this.#failure);
    this.#waiting.clear();
  }
}
