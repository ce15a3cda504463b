/** Thousands of damaged certificates, requests, lists, answers, messages and keys: each is accepted or refused, quickly, and nothing else. */
import { createRandom, damage, pick, type Random } from './der-damage.ts';
import { type FuzzSeed, judge } from './der-readers.ts';
import { createFuzzSeeds } from './der-seeds.ts';

/** What came of it. */
export interface FuzzOutcome {
  readonly accepted: number;
  /** How often each code refused. */
  readonly refused: ReadonlyMap<string, number>;
  /** Of this process, so that a busy machine does not count. */
  readonly slowestMs: number;
}

/** Reads `count` things that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError. */
export async function fuzzDer(options: { readonly count: number; readonly seed: number }): Promise<FuzzOutcome> {
  const seeds = await createFuzzSeeds();
  const random = createRandom(options.seed);
  const refused = new Map<string, number>();
  let accepted = 0;
  let slowestMs = 0;
  for (let index = 0; index < options.count; index++) {
    const damaged = damageOne(seeds, random);
    const used = process.cpuUsage();
    const verdict = await judge(damaged);
    slowestMs = Math.max(slowestMs, countMs(process.cpuUsage(used)));
    if (verdict === 'accepted') accepted++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  }
  return { accepted, refused, slowestMs };
}

function countMs({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}

/** One of the seeds, damaged. */
export function damageOne(seeds: readonly FuzzSeed[], random: Random): FuzzSeed {
  const { kind, bytes } = pick(seeds, random);
  return { kind, bytes: damage(bytes, pick(seeds, random).bytes, random) };
}
