/**
 * Half an hour with 5,000 listeners, or as many minutes and listeners as are named, and a mishap every so many seconds:
 * `node -C @signpost/source test/long/push-soak.ts 30 5000 15`. Needs `ulimit -n 20000` and nats-server; not part of `npm test`.
 */
import { argv } from 'node:process';
import { soak } from '../crash/push-soak.ts';

const [minutes, listeners, everySeconds] = [Number(argv[2] ?? 30), Number(argv[3] ?? 5000), Number(argv[4] ?? 15)];
const result = await soak({ minutes, listeners, everySeconds }, console.log);

for (const finding of result.findings) console.log(`FOUND ${finding}`);
for (const { upSeconds, late, rise = 'not to be told' } of result.memory) {
  console.log(`up for ${upSeconds} s: ${late} MiB at the end, rise in the second half: ${rise} (MiB)`);
}
console.log(
  `${result.messages} messages to ${listeners} listeners, ${JSON.stringify(result.mishaps)}, ${result.repeated} came again: ${result.findings.length} findings`,
);
process.exitCode = result.findings.length === 0 && result.messages > 0 ? 0 : 1;
