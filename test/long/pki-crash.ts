/** 200 kills of the certificate authority on each engine, or as many as are named: `node -C @signpost/source test/long/pki-crash.ts 50`. Minutes; not part of `npm test`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { killAtWork } from '../../packages/server/test/pki/siege/siege.ts';
import { findPostgres, startPostgres } from '../../packages/server/test/storage/postgres-server.ts';

const kills = Number(argv[2] ?? 200);
const dataDir = await mkdtemp(join(tmpdir(), 'signpost-pki-'));
try {
  await strike('SQLite', { dataDir, databaseUrl: undefined });
  // An empty database of PostgreSQL, or a server of our own.
  const bin = findPostgres();
  const databaseUrl = env.SIGNPOST_TEST_DATABASE_URL ?? (bin && (await startPostgres(bin)));
  if (databaseUrl !== undefined) await strike('PostgreSQL', { dataDir, databaseUrl });
} finally {
  await rm(dataDir, { recursive: true, force: true });
}

async function strike(engine: string, location: Parameters<typeof killAtWork>[0]): Promise<void> {
  const { findings, acknowledged } = await killAtWork(location, { kills, random: Math.random });
  for (const finding of findings) console.log(`FOUND ${finding}`);
  console.log(`${engine}: ${kills} kills, ${JSON.stringify(acknowledged)} acknowledged: ${findings.length} findings`);
  if (findings.length > 0 || Object.values(acknowledged).includes(0)) process.exitCode = 1;
}
