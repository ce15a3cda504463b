/** Answers kept as finished buffers, so that an update check costs little more than the runtime's own server. */

/** A finished answer to GET, or to a POST that only asks. */
export interface PreparedAnswer {
  readonly organisationId: string;
  /** Counted as this one, which the role table names. */
  readonly route: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly etag: string;
  readonly body: Uint8Array;
  /** Unix milliseconds from which on the answer must be made again. */
  readonly validUntil: number;
  /** Whether what it says still holds, where one answer may be overtaken and not all of its organisation. */
  readonly isCurrent?: () => boolean;
}

/** What an answer is found by. */
interface AnswerPlace {
  readonly host: string;
  /** Path and query. */
  readonly target: string;
  /** Of a POST that only asks, one character an octet. */
  readonly body?: string | undefined;
}

/** The most answers kept, and their bytes; the oldest go first. Host, query and body are the client's choice, so both are bounded. */
const defaultLimits = { answers: 2_000, bytes: 64 * 1024 * 1024 };

/** At how many places one body may be kept, where several answers share it: it counts once, and is held until all of them are gone. */
const maxPlacesOfBody = 8;

/** Finished answers by host and path. */
export class PreparedAnswers {
  readonly #answers = new Map<string, PreparedAnswer>();
  /** How many answers share a body. */
  readonly #bodies = new Map<Uint8Array, number>();
  readonly #now: () => number;
  readonly #limits: typeof defaultLimits;
  #generation = 0;
  #bytes = 0;

  constructor(now: () => number, limits: typeof defaultLimits = defaultLimits) {
    this.#now = now;
    this.#limits = limits;
  }

  /** Grows with each `forget`: an answer computed under an older generation must not be kept. */
  get generation(): number {
    return this.#generation;
  }

  /** The answer that is still good, or undefined. */
  find(host: string, target: string, body?: string): PreparedAnswer | undefined {
    const answer = this.#answers.get(keyOf({ host, target, body }));
    if (answer === undefined || this.#now() >= answer.validUntil) return undefined;
    return answer.isCurrent?.() === false ? undefined : answer;
  }

  /** Keeps an answer, unless something was forgotten since `generation`, or its body has places enough. */
  keep(place: AnswerPlace & { readonly generation: number }, answer: PreparedAnswer): void {
    const { answers, bytes } = this.#limits;
    if (place.generation !== this.#generation || answer.body.length > bytes) return;
    const key = keyOf(place);
    this.#drop(key);
    const places = this.#bodies.get(answer.body) ?? 0;
    if (places >= maxPlacesOfBody) return;
    this.#answers.set(key, answer);
    this.#bodies.set(answer.body, places + 1);
    if (places === 0) this.#bytes += answer.body.length;
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= answers && this.#bytes <= bytes) break;
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
    this.#bodies.clear();
    this.#bytes = 0;
  }

  #drop(key: string): void {
    const body = this.#answers.get(key)?.body;
    if (!body) return;
    this.#answers.delete(key);
    const places = (this.#bodies.get(body) ?? 1) - 1;
    if (places > 0) this.#bodies.set(body, places);
    else {
      this.#bodies.delete(body);
      this.#bytes -= body.length;
    }
  }
}

/** Bytes as answers are found by, and as they leave fastest: one character an octet. */
export function formatBody({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** The body as a response takes it: the very bytes, so that a thousand slow readers hold them once. */
export function shareBody({ body }: Pick<PreparedAnswer, 'body'>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength);
}

function keyOf({ host, target, body }: AnswerPlace): string {
  return body === undefined ? `${host} ${target}` : `${host} ${target} ${body}`;
}
