/** Validations under way: started at once, in this process; a job takes up those that it did not live to finish. */
import type { Logger } from 'pino';
import type { ValidationStarter } from '../orders/authorization.ts';
import { type ValidationDependencies, validateAuthorization } from './validate.ts';

/** Validations at once; most of each is waiting for others. What comes beyond is left to the job. */
const maxRunning = 128;

/** Starts validations and lets go of them when the server stops. */
export class Validations implements ValidationStarter {
  readonly #dependencies: ValidationDependencies & { readonly log: Pick<Logger, 'warn'> };
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(dependencies: ValidationDependencies & { readonly log: Pick<Logger, 'warn'> }) {
    this.#dependencies = dependencies;
  }

  /** Whether another one may begin. */
  get hasRoom(): boolean {
    return this.#running.size < maxRunning && !this.#stopping.signal.aborted;
  }

  /** Begins; what it finds stands in the database. */
  start(authorizationId: string): void {
    const job = { payload: { authorization_id: authorizationId }, signal: this.#stopping.signal };
    const run = validateAuthorization(this.#dependencies, job)
      .catch((err: unknown) => this.#dependencies.log.warn({ err, authorizationId }, 'a validation is left to its job'))
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Begins no more, and resolves when those under way have let go. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the server stops'));
    await Promise.all(this.#running);
  }
}
