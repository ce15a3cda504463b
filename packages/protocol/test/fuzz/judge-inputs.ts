/** The loop of all fuzzing: inputs that a seed determines, each accepted or refused, and what that cost. */
import { TrustError } from '@signpost/protocol/errors';
import { createRandom, type Random } from './der-damage.ts';

/** How many inputs, and which. */
export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
}

/** What came of it. */
export interface FuzzOutcome {
  readonly accepted: number;
  /** How often each code refused. */
  readonly refused: ReadonlyMap<string, number>;
  /** Of this process, so that a busy machine does not count; making the inputs does not count either. */
  readonly slowestMs: number;
}

/** Where inputs come from, and how one is judged: what is not thrown as TrustError is a fault. */
export interface FuzzTarget<T> {
  readonly createInput: (random: Random) => T;
  readonly judge: (input: T) => unknown;
}

/** Judges the inputs. Throws at the first that is neither accepted nor refused, and says which it was. */
export async function judgeInputs<T>(
  { count, seed }: FuzzOptions,
  { createInput, judge }: FuzzTarget<T>,
): Promise<FuzzOutcome> {
  const random = createRandom(seed);
  const refused = new Map<string, number>();
  let accepted = 0;
  let slowestMs = 0;
  for (let index = 0; index < count; index++) {
    // Whatever waits for the loop's next turn, as the ends of timers and of what was collected do, would otherwise wait for all.
    if (index % 1000 === 0) await new Promise(setImmediate);
    const input = createInput(random);
    const used = process.cpuUsage();
    try {
      await judge(input);
      accepted++;
    } catch (error) {
      if (!(error instanceof TrustError)) throw new Error(`input ${index} of seed ${seed}`, { cause: error });
      refused.set(error.code, (refused.get(error.code) ?? 0) + 1);
    }
    const { user, system } = process.cpuUsage(used);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
  }
  return { accepted, refused, slowestMs };
}
