/** Validations under way: started at once, in this process; a job takes up those that it did not live to finish. */
import type { Logger } from 'pino';
import type { ValidationStarter } from '../orders/authorization.ts';
import type { AuthorizationRow } from '../orders/store.ts';
import { type ValidationDependencies, validateRow } from './validate.ts';

/** Validations at once; most of each is waiting for others. What comes beyond is left to the job. */
const maxRunning = 128;

/** How long an answer waits: most proofs are found sooner, and spare their clients to ask again. */
const usualPatienceMs = 400;

/** What validations are started with. */
export interface ValidationParts extends ValidationDependencies {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** How long an answer waits for an outcome, where it is not as usual: in tests. */
  readonly patienceMs?: number;
}

/** Starts validations and lets go of them when the server stops. */
export class Validations implements ValidationStarter {
  readonly #dependencies: ValidationParts;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(dependencies: ValidationParts) {
    this.#dependencies = dependencies;
  }

  /** Whether another one may begin. */
  get hasRoom(): boolean {
    return this.#running.size < maxRunning && !this.#stopping.signal.aborted;
  }

  start(row: AuthorizationRow): Promise<void> {
    const { log } = this.#dependencies;
    const run = validateRow(this.#dependencies, row, this.#stopping.signal)
      .catch((err: unknown) => log.warn({ err, authorizationId: row.id }, 'a validation is left to its job'))
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
    return this.#waitFor(run);
  }

  /** Begins no more, and resolves when those under way have let go. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the server stops'));
    await Promise.all(this.#running);
  }
  async #waitFor(run: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#dependencies.patienceMs ?? usualPatienceMs);
    await Promise.race([run, promise]);
    clearTimeout(timer);
  }
}
