/** Reads foreign files in a thread, with bounded memory and time: a parser of YAML takes minutes for some half a megabyte. */
import { Worker } from 'node:worker_threads';
import { Refusal } from '../../errors.ts';
import { FairTurns } from '../../storage/fair-turns.ts';
import { threadEnvironment } from '../../thread-environment.ts';
import { refuseFile } from './foreign-text.ts';
import type { FormatAnswer, FormatOrder } from './format-messages.ts';
import type { Imported } from './image-policy.ts';

const maxHeapMb = 256;
const usualLimitMs = 10_000;

/** Of the whole process, whose processors and memory they are about. */
const turns = new FairTurns({
  ...{ running: 2, waiting: 6, waitingOfOne: 1, what: 'files' },
  ...{ rule: 'watch-readings', retryAfterSeconds: 10 },
});

/** Who hands a file in, and for how long it is worth reading. */
export interface Reading {
  readonly organisationId: string;
  /** Ends the reading: whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
  readonly timeLimitMs?: number | undefined;
}

/**
 * What `Format.parse` says of the file. Throws as it does and as `FairTurns.run` does, and `invalid`, rule `watch-format`, for a file that takes too long.
 */
export async function readFormat(order: FormatOrder, reading: Reading): Promise<Imported> {
  const answer = await turns.run(reading, () => follow(order, reading));
  if (answer.kind === 'read') return answer.imported;
  const { code, message, rule } = answer;
  throw new Refusal(code, message, rule === undefined ? {} : { rule });
}

async function follow(order: FormatOrder, { signal, timeLimitMs = usualLimitMs }: Reading): Promise<FormatAnswer> {
  const worker = new Worker(new URL('./format-worker.ts', import.meta.url), {
    workerData: order,
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  const limit = AbortSignal.any([AbortSignal.timeout(timeLimitMs), ...(signal ? [signal] : [])]);
  try {
    return await new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(refuseFile('expected a file that is read within seconds', cause));
      limit.addEventListener('abort', () => fail(limit.reason), { once: true });
      worker.on('message', (answer: FormatAnswer) => resolve(answer));
      worker.on('error', fail);
      worker.on('exit', (code) => fail(new Error(`the thread ended with code ${code}`)));
    });
  } finally {
    await worker.terminate();
  }
}
