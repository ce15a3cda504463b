/** 50 kills, or as many as are named: `node -C @signpost/source test/long/wordpress-crash.ts 10`. Minutes; not part of `npm test`. */
import { argv } from 'node:process';
import { killWhileDeploying } from '../crash/wordpress.ts';

const kills = Number(argv[2] ?? 50);
const { findings, deployed, struck } = await killWhileDeploying(kills, console.log);

for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(
  `${kills} kills, ${deployed} versions, killed while ${JSON.stringify(struck)}: ${findings.length} findings`,
);
process.exitCode = findings.length === 0 && deployed > 0 ? 0 : 1;
