/** Runs a fuzzer a million times over, and says how it went. */
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FuzzOptions, FuzzOutcome } from '../../packages/protocol/test/fuzz/judge-inputs.ts';

const rounds = 10;

/**
 * Runs `fuzz` as often as the arguments `[count] [seed]` say. The exit status is 1 when one input took over a second, or memory
 * stays; what is neither accepted nor refused throws.
 */
export async function runFuzz(fuzz: (options: FuzzOptions) => Promise<FuzzOutcome>): Promise<void> {
  const count = Number(process.argv[2] ?? 1_000_000);
  const seed = Number(process.argv[3] ?? 20_261_121);
  const startedAt = performance.now();
  const refused = new Map<string, number>();
  const heaps: number[] = [];
  let accepted = 0;
  let slowestMs = 0;
  for (let round = 0; round < rounds; round++) {
    const outcome = await fuzz({ count: Math.ceil(count / rounds), seed: seed + round });
    accepted += outcome.accepted;
    slowestMs = Math.max(slowestMs, outcome.slowestMs);
    for (const [code, times] of outcome.refused) refused.set(code, (refused.get(code) ?? 0) + times);
    heaps.push(await measureKept());
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${count} inputs from seed ${seed} in ${seconds} s, the slowest ${slowestMs.toFixed(0)} ms`);
  console.log(`memory after each tenth: ${heaps.map((mib) => mib.toFixed(0)).join(', ')} MiB`);
  console.log(`accepted ${accepted}`);
  const codes = [...refused].toSorted((left, right) => right[1] - left[1]);
  for (const [code, times] of codes) console.log(`${code} ${times}`);
  // Until half of them the platform's threads find their size, each with memory of its own.
  const settled = Math.max(...heaps.slice(0, rounds / 2));
  if (slowestMs >= 1000 || (heaps.at(-1) ?? 0) > settled + 100) process.exitCode = 1;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** MiB that are in use, also outside of the heap, but without what the heap only keeps room for: that grows with the machine's load. */
async function measureKept(): Promise<number> {
  await setTimeout(100);
  collect();
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return (rss - heapTotal + heapUsed) / 2 ** 20;
}
