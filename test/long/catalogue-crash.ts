/** 200 kills, or as many as are named: `node -C @signpost/source test/long/catalogue-crash.ts 20`. Minutes; not part of `npm test`. */
import { argv } from 'node:process';
import { killWhileActivating } from '../crash/catalogue.ts';

const kills = Number(argv[2] ?? 200);
const { findings, changes, read } = await killWhileActivating(kills, console.log);

for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(`${kills} kills, ${changes} changes, ${read} catalogues read: ${findings.length} findings`);
process.exitCode = findings.length === 0 && changes > 0 && read > kills ? 0 : 1;
