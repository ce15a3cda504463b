/** 200 kills, or as many as are named: `node -C @signpost/source test/long/issuance-crash.ts 50`. Minutes; not part of `npm test`. */
import { argv } from 'node:process';
import { killWhileIssuing } from '../crash/issuance.ts';

const kills = Number(argv[2] ?? 200);
const { findings, received } = await killWhileIssuing(kills, console.log);

for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(`${kills} kills, ${received} certificates received: ${findings.length} findings`);
process.exitCode = findings.length === 0 && received > 0 ? 0 : 1;
