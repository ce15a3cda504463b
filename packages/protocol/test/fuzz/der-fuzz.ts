/** Thousands of damaged certificates, requests, lists, answers, messages and keys: each is accepted or refused, quickly, and nothing else. */
import { damage, pick, type Random } from './der-damage.ts';
import { type FuzzSeed, read } from './der-readers.ts';
import { createFuzzSeeds } from './der-seeds.ts';
import { type FuzzOptions, type FuzzOutcome, judgeInputs } from './judge-inputs.ts';

/** Reads `count` things that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError. */
export async function fuzzDer(options: FuzzOptions): Promise<FuzzOutcome> {
  const seeds = await createFuzzSeeds();
  return judgeInputs(options, { createInput: (random) => damageOne(seeds, random), judge: read });
}

/** One of the seeds, damaged. */
export function damageOne(seeds: readonly FuzzSeed[], random: Random): FuzzSeed {
  const { kind, bytes } = pick(seeds, random);
  return { kind, bytes: damage(bytes, pick(seeds, random).bytes, random) };
}
