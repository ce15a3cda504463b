/** One question to a reader: within a time, and whatever becomes of it an answer. */
import type { BaseLogger } from 'pino';
import type { Unanswered } from '../readers/reader.ts';

/** What a question is asked with. */
export interface ReaderCall {
  /** Ends the look; its reason is thrown. */
  readonly signal: AbortSignal;
  readonly limitMs: number;
  readonly log: Pick<BaseLogger, 'error'>;
}

/** What the reader answers; `unknown` when it takes too long or fails, which it should not. Throws the reason of the signal only. */
export async function askReader<Answer>(
  read: (signal: AbortSignal) => Promise<Answer>,
  { signal, limitMs, log }: ReaderCall,
): Promise<Answer | Unanswered> {
  const limit = AbortSignal.timeout(limitMs);
  const both = AbortSignal.any([signal, limit]);
  try {
    return await Promise.race([read(both), failWith(both)]);
  } catch (err) {
    signal.throwIfAborted();
    if (limit.aborted) return { kind: 'unknown', reason: `it took longer than ${limitMs / 1000} s` };
    log.error({ err }, 'a reader of the watch failed');
    return { kind: 'unknown', reason: 'the reader failed; the log of the server says how' };
  }
}

function failWith(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
