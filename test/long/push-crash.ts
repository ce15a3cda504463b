/** 200 kills, or as many as are named: `node -C @signpost/source test/long/push-crash.ts 50`. Minutes; not part of `npm test`. */
import { argv } from 'node:process';
import { killWhileTelling } from '../crash/push.ts';

const kills = Number(argv[2] ?? 200);
const { findings, acknowledged, answered, frames } = await killWhileTelling(kills, console.log);

for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(
  `${kills} kills, ${acknowledged} acknowledged (${answered} by session), ${frames} frames: ${findings.length} findings`,
);
process.exitCode = findings.length === 0 && answered > 0 ? 0 : 1;
