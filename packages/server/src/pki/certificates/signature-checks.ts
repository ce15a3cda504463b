/** Signatures of requests, checked where it delays the others least: alone in the pool, many together in a thread of their own. */
import { type CheckResult, checkInPool, type SignatureCheck } from './signature-check.ts';
import { SignatureThread } from './signature-thread.ts';

/** Fewer that come in one turn of the event loop are not worth a thread. */
const minForThread = 4;

interface Waiting {
  readonly check: SignatureCheck;
  readonly answer: PromiseWithResolvers<CheckResult>;
}

/** Checks of any number of requests. */
export class SignatureChecks {
  #waiting: Waiting[] = [];
  #thread: SignatureThread | undefined;

  /** Resolves with the result. Rejects with `unavailable` when the thread ends meanwhile; the next check starts another. */
  check(check: SignatureCheck): Promise<CheckResult> {
    const answer = Promise.withResolvers<CheckResult>();
    // What arrives in the same turn goes in one message.
    if (this.#waiting.push({ check, answer }) === 1) setImmediate(() => this.#send());
    return answer.promise;
  }

  /** Ends the thread, if there is one. */
  async close(): Promise<void> {
    await this.#thread?.close();
  }

  #send(): void {
    const sent = this.#waiting;
    this.#waiting = [];
    if (sent.length < minForThread && !this.#thread?.isAlive) {
      for (const { check, answer } of sent) answer.resolve(checkInPool(check));
      return;
    }
    if (!this.#thread?.isAlive) this.#thread = new SignatureThread();
    this.#thread.check(sent.map(({ check }) => check)).then(
      (results) => {
        for (const [at, { answer }] of sent.entries()) answer.resolve(results[at] ?? 'unusable');
      },
      (error: unknown) => {
        for (const { answer } of sent) answer.reject(error);
      },
    );
  }
}
