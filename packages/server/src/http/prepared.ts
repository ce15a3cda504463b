/** Answers kept as finished buffers, so that an update check costs little more than the runtime's own server. */

/** A finished answer to GET. */
export interface PreparedAnswer {
  readonly organisationId: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly etag: string;
  readonly body: Uint8Array;
  /** Unix milliseconds from which on the answer must be made again. */
  readonly validUntil: number;
}

/** The most answers kept; the oldest one goes first. Host and query are the client's choice, so this must be bounded. */
const maxAnswers = 2_000;

/** Finished answers by host and path. */
export class PreparedAnswers {
  readonly #answers = new Map<string, PreparedAnswer>();
  readonly #now: () => number;
  #generation = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Grows with each `forget`: an answer computed under an older generation must not be kept. */
  get generation(): number {
    return this.#generation;
  }

  /** The answer that is still good, or undefined. */
  find(host: string, target: string): PreparedAnswer | undefined {
    const answer = this.#answers.get(`${host} ${target}`);
    return answer !== undefined && this.#now() < answer.validUntil ? answer : undefined;
  }

  /** Keeps an answer, unless something was forgotten since `generation`. */
  keep(place: { host: string; target: string; generation: number }, answer: PreparedAnswer): void {
    if (place.generation !== this.#generation) return;
    if (this.#answers.size >= maxAnswers) {
      const oldest = this.#answers.keys().next();
      if (!oldest.done) this.#answers.delete(oldest.value);
    }
    this.#answers.set(`${place.host} ${place.target}`, answer);
  }

  /** Forgets everything about an organisation: call it after each commit that changes what it publishes. */
  forget(organisationId: string): void {
    this.#generation += 1;
    for (const [key, answer] of this.#answers) {
      if (answer.organisationId === organisationId) this.#answers.delete(key);
    }
  }
}
