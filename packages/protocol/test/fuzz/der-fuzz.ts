/** Thousands of damaged certificates, requests, lists, answers, messages and keys: each is accepted or refused, quickly, and nothing else. */
import { createRandom, damage, pick, type Random } from './der-damage.ts';
import { type FuzzSeed, judge } from './der-readers.ts';
import { createFuzzSeeds } from './der-seeds.ts';

/** What came of it. */
export interface FuzzOutcome {
  readonly accepted: number;
  /** How often each code refused. */
  readonly refused: ReadonlyMap<string, number>;
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
    const startedAt = performance.now();
    const verdict = await judge(damaged);
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    if (verdict === 'accepted') accepted++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  }
  return { accepted, refused, slowestMs };
}

/** One of the seeds, damaged. */
export function damageOne(seeds: readonly FuzzSeed[], random: Random): FuzzSeed {
  const { kind, bytes } = pick(seeds, random);
  return { kind, bytes: damage(bytes, pick(seeds, random).bytes, random) };
}
