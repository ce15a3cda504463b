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

/** The most answers kept, and their bytes; the oldest go first. Host and query are the client's choice, so both are bounded. */
const maxAnswers = 2_000;
const maxBytes = 64 * 1024 * 1024;

/** Finished answers by host and path. */
export class PreparedAnswers {
  readonly #answers = new Map<string, PreparedAnswer>();
  readonly #now: () => number;
  #generation = 0;
  #bytes = 0;

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
    if (place.generation !== this.#generation || answer.body.length > maxBytes) return;
    const key = `${place.host} ${place.target}`;
    this.#drop(key);
    this.#answers.set(key, answer);
    this.#bytes += answer.body.length;
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= maxAnswers && this.#bytes <= maxBytes) break;
      this.#drop(oldest);
    }
  }

  /** Forgets everything about an organisation: call it after each commit that changes what it publishes. */
  forget(organisationId: string): void {
    this.#generation += 1;
    for (const [key, answer] of this.#answers) if (answer.organisationId === organisationId) this.#drop(key);
  }

  /** Forgets everything: call it when a host name may stand for another organisation than before. */
  forgetAll(): void {
    this.#generation += 1;
    this.#answers.clear();
    this.#bytes = 0;
  }

  #drop(key: string): void {
    this.#bytes -= this.#answers.get(key)?.body.length ?? 0;
    this.#answers.delete(key);
  }
}
