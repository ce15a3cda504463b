/** Turns of those who have foreign files read: an organisation waits for itself, few threads run, and nobody waits long. */
import { Refusal } from '../../errors.ts';

/** Threads at once: each may take a processor and 256 MiB for ten seconds. */
const maxRunning = 2;
/** Those who run and those who wait, of all organisations. */
const maxTaken = 8;
/** One that runs and one that waits. */
const maxTakenByOne = 2;
const retryAfterSeconds = 10;

interface Turn {
  readonly organisationId: string;
  readonly begin: () => void;
}

/** Whose turn it is. */
export class ReadingTurns {
  readonly #running = new Set<Turn>();
  /** The first to come is the first to run, among those whose organisation has none running. */
  readonly #waiting: Turn[] = [];

  /**
   * Runs `read` when its turn has come. Throws `rate_limited`, rule `watch-readings`, when the organisation has one that runs and one that waits, or too
   * many wait at all, and `unavailable` once `signal` says that nobody waits for it any more.
   */
  async run<T>(
    { organisationId, signal }: { readonly organisationId: string; readonly signal?: AbortSignal | undefined },
    read: () => Promise<T>,
  ): Promise<T> {
    this.#assertRoom(organisationId);
    const turn = await this.#await(organisationId, signal);
    try {
      return await read();
    } finally {
      this.#running.delete(turn);
      this.#beginNext();
    }
  }

  #assertRoom(organisationId: string): void {
    const taken = [...this.#running, ...this.#waiting];
    const own = taken.filter((turn) => turn.organisationId === organisationId).length;
    if (own < maxTakenByOne && taken.length < maxTaken) return;
    const what =
      own < maxTakenByOne
        ? `expected fewer than ${maxTaken} files to be read on this server`
        : 'expected one file at most to wait while another one of this organisation is read';
    throw new Refusal('rate_limited', what, {
      ...{ rule: 'watch-readings', retryAfterSeconds },
      hint: 'a file is read within seconds: hand it in again then',
    });
  }

  #await(organisationId: string, signal: AbortSignal | undefined): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        const place = this.#waiting.indexOf(turn);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(new Refusal('unavailable', 'expected somebody to wait for the file to be read'));
      };
      const begin = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve(turn);
      };
      const turn: Turn = { organisationId, begin };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(turn);
      this.#beginNext();
    });
  }

  #beginNext(): void {
    if (this.#running.size >= maxRunning) return;
    const busy = new Set([...this.#running].map(({ organisationId }) => organisationId));
    const place = this.#waiting.findIndex(({ organisationId }) => !busy.has(organisationId));
    const [turn] = place < 0 ? [] : this.#waiting.splice(place, 1);
    if (!turn) return;
    this.#running.add(turn);
    turn.begin();
  }
}
