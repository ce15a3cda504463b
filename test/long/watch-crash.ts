/** 200 kills, or as many as are named: `node -C @signpost/source test/long/watch-crash.ts 50`. Minutes; not part of `npm test`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { killWhileRecording } from '../../packages/server/test/watch/recording/siege.ts';

const kills = Number(argv[2] ?? 200);
const dataDir = await mkdtemp(join(tmpdir(), 'signpost-watch-'));
try {
  // An empty database of PostgreSQL, or SQLite in a folder.
  const location = { dataDir, databaseUrl: env.SIGNPOST_TEST_DATABASE_URL };
  const { findings, acknowledged } = await killWhileRecording(location, { kills, random: Math.random });
  for (const finding of findings) console.log(`FOUND ${finding}`);
  console.log(`${kills} kills, ${acknowledged} sightings acknowledged: ${findings.length} findings`);
  process.exitCode = findings.length === 0 && acknowledged > 0 ? 0 : 1;
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
