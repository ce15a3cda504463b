/** 500 kills, or as many as are named: `node -C @signpost/source test/long/crash.ts 50`. Minutes; not part of `npm test`. */
import { argv } from 'node:process';
import { crashRepeatedly } from '../crash/crash.ts';

const kills = Number(argv[2] ?? 500);
const { findings, history } = await crashRepeatedly(kills, console.log);
const active = history.releases.filter(({ state }) => state === 'active').length;

for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(
  `${kills} kills, ${active} acknowledged activations, ${history.rotations} rotations: ${findings.length} findings`,
);
process.exitCode = findings.length === 0 && active > 0 && history.rotations > 0 ? 0 : 1;
