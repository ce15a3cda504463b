/** Who answers what is posted to a path: found once by the application, then asked by the socket itself. */

/** One short question. */
export interface Question {
  readonly host: string;
  /** Path and query. */
  readonly target: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** An answer of status 200 to one question. */
export interface DirectAnswer {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** Answers questions that change nothing, whoever asks. */
export interface DirectResponder {
  /** Counted as this one, which the role table names. */
  readonly route: string;
  /** Never rejects: what cannot be answered is told in an answer. */
  respond(question: Question): Promise<DirectAnswer>;
}

/** The most that are kept; the host is the client's choice. */
const maxResponders = 1000;

/** Responders by host and target, or what else answers there; the oldest go first. */
export class DirectResponders<Found = DirectResponder> {
  readonly #responders = new Map<string, Found>();
  #generation = 0;

  /** Grows with each `forgetAll`: what was found under an older generation must not be kept. */
  get generation(): number {
    return this.#generation;
  }

  /** Who answers there, as far as is known. */
  find(host: string, target: string): Found | undefined {
    return this.#responders.get(`${host} ${target}`);
  }

  /** Keeps who answers there, unless something was forgotten since `generation`. */
  keep(place: Omit<Question, 'body'> & { readonly generation: number }, responder: Found): void {
    if (place.generation !== this.#generation) return;
    this.#responders.set(`${place.host} ${place.target}`, responder);
    const [oldest] = this.#responders.keys();
    if (this.#responders.size > maxResponders && oldest !== undefined) this.#responders.delete(oldest);
  }

  /** Forgets everything: call it when a host name may stand for another organisation than before. */
  forgetAll(): void {
    this.#generation += 1;
    this.#responders.clear();
  }
}
