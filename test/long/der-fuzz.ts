/**
 * A million damaged certificates, requests, lists, answers, messages and keys: no error but a refusal, none over a second, no
 * memory that stays.
 * Run: node -C @signpost/source test/long/der-fuzz.ts [count] [seed]
 */
import { fuzzDer } from '../../packages/protocol/test/fuzz/der-fuzz.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 20_261_121);
const rounds = 10;
const startedAt = performance.now();
const refused = new Map<string, number>();
const heaps: number[] = [];
let accepted = 0;
let slowestMs = 0;
for (let round = 0; round < rounds; round++) {
  const outcome = await fuzzDer({ count: Math.ceil(count / rounds), seed: seed + round });
  accepted += outcome.accepted;
  slowestMs = Math.max(slowestMs, outcome.slowestMs);
  for (const [code, times] of outcome.refused) refused.set(code, (refused.get(code) ?? 0) + times);
  heaps.push(process.memoryUsage().rss / 2 ** 20);
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(`${count} things from seed ${seed} in ${seconds} s, the slowest ${slowestMs.toFixed(0)} ms`);
console.log(`memory after each tenth: ${heaps.map((mib) => mib.toFixed(0)).join(', ')} MiB`);
console.log(`accepted ${accepted}`);
for (const [code, times] of [...refused].toSorted((left, right) => right[1] - left[1])) console.log(`${code} ${times}`);
const [first = 0, second = first] = heaps;
if (slowestMs >= 1000 || (heaps.at(-1) ?? 0) > Math.max(first, second) + 100) process.exitCode = 1;
