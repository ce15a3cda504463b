/** What the server answers to frames of the client: signed with the session key, each naming by its hash the frame that was done. */
import { TrustError } from '../../errors.ts';
import type { VerifiedFrame } from '../../frames/verify-frame.ts';

/** Where stands what was published. */
export interface PublishedPlace {
  readonly epoch: string;
  readonly sequence: number;
}

interface Waiting {
  readonly resolve: (place: PublishedPlace | undefined) => void;
  readonly reject: (error: TrustError) => void;
}

/** The answers that are waited for, of one connection at a time. */
export class Answers {
  readonly #waiting = new Map<string, Waiting>();

  /**
   * Resolves when the frame with this hash was done: with the place of what it published, if it published anything. Rejects with
   * `fetch_failed` when the connection ends before that: the frame may have been done all the same.
   */
  expect(hash: string): Promise<PublishedPlace | undefined> {
    const answered = new Promise<PublishedPlace | undefined>((resolve, reject) => {
      this.#waiting.set(hash, { resolve, reject });
    });
    // Nobody need wait for it.
    answered.catch(() => undefined);
    return answered;
  }

  /** Takes a frame that a session key verified. False for one that answers nothing that is waited for. */
  take({ known }: VerifiedFrame): boolean {
    // A frame of our own that was sent back to us is no answer.
    if (known?.type !== 'session.answered' || !known.data) return false;
    const { answers, epoch, sequence } = known.data;
    const waiting = this.#waiting.get(String(answers));
    if (!waiting) return false;
    this.#waiting.delete(String(answers));
    const isPlace = typeof epoch === 'string' && typeof sequence === 'number';
    waiting.resolve(isPlace ? { epoch, sequence } : undefined);
    return true;
  }

  /** The connection has ended: nothing more is answered. */
  end(): void {
    const error = new TrustError('fetch_failed', 'expected an answer, but the connection ended before it');
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
