/** 200 kills of the watch on each engine, or as many as are named: `node -C @signpost/source test/long/watch-crash.ts 50`. Minutes; not part of `npm test`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { findPostgres, startPostgres } from '../../packages/server/test/storage/postgres-server.ts';
import { killAtWork } from '../../packages/server/test/watch/recording/siege.ts';

const kills = Number(argv[2] ?? 200);
const dataDir = await mkdtemp(join(tmpdir(), 'signpost-watch-'));
try {
  for (const work of ['looking', 'recording'] as const) {
    await strike('SQLite', work, { dataDir: await mkdtemp(join(dataDir, work)), databaseUrl: undefined });
    // An empty database of PostgreSQL for each, or a server of our own.
    const bin = findPostgres();
    const databaseUrl = env.SIGNPOST_TEST_DATABASE_URL ?? (bin && (await startPostgres(bin)));
    if (databaseUrl !== undefined) await strike('PostgreSQL', work, { dataDir, databaseUrl });
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}

/** Half of the kills while sightings are handed in, half while the scheduler looks. */
async function strike(
  engine: string,
  work: Parameters<typeof killAtWork>[1]['work'],
  location: Parameters<typeof killAtWork>[0],
): Promise<void> {
  const share = Math.ceil(kills / 2);
  const { findings, acknowledged } = await killAtWork(location, { work, kills: share, random: Math.random });
  for (const finding of findings) console.log(`FOUND ${finding}`);
  console.log(
    `${engine}: ${share} kills while ${work}, ${acknowledged} sightings acknowledged: ${findings.length} findings`,
  );
  if (findings.length > 0 || acknowledged === 0) process.exitCode = 1;
}
