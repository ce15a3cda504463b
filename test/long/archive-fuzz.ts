/**
 * 100,000 damaged archives: no crash, no error without a rule, none read over and over.
 * Run: node -C @signpost/source test/long/archive-fuzz.ts [count] [seed]
 */
import { fuzzArchives } from '../../packages/server/test/releases/inspection/archive-fuzz.ts';

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 20_261_121);
const startedAt = performance.now();
const outcome = await fuzzArchives({ count, seed });
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(
  `${count} archives from seed ${seed} in ${seconds} s, each octet of one read ${outcome.mostReadings.toFixed(1)} times`,
);
console.log(`accepted ${outcome.accepted}`);
for (const [rule, times] of [...outcome.refused].toSorted((left, right) => right[1] - left[1]))
  console.log(`${rule} ${times}`);
if (outcome.mostReadings >= 4) process.exitCode = 1;
