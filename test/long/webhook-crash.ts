/** 200 kills, or as many as are named: `node -C @signpost/source test/long/webhook-crash.ts 50`. Minutes; not part of `npm test`. */
import { argv } from 'node:process';
import { killWhilePosting } from '../crash/webhooks.ts';

const kills = Number(argv[2] ?? 200);
const { findings, acknowledged, arrived, repeated } = await killWhilePosting(kills, console.log);

for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(
  `${kills} kills, ${acknowledged} events acknowledged, ${arrived} arrived, ${repeated} again: ${findings.length} findings`,
);
process.exitCode = findings.length === 0 && acknowledged > 0 ? 0 : 1;
