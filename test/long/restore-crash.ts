/** 200 kills, or as many as are named: `node -C @signpost/source test/long/restore-crash.ts 20`. Minutes; not part of `npm test`. */
import { argv } from 'node:process';
import { crashRestores } from '../crash/restore-crash.ts';

const kills = Number(argv[2] ?? 200);
const { findings, seen } = await crashRestores(kills, console.log);

for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(
  `${kills} kills left the old state ${seen.old} times, the new one ${seen.new} times: ${findings.length} findings`,
);
process.exitCode = findings.length === 0 && seen.old + seen.new === kills ? 0 : 1;
