/**
 * 10,000 wrong passphrases for a root: one answer for all, and times that do not tell what was wrong.
 * Run: node -C @signpost/source test/long/root-passphrase.ts [count]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { migrate } from '../../packages/server/src/storage/migrations/migrate.ts';
import { guessPassphrases } from '../../packages/server/test/pki/authorities/passphrase-guesses.ts';
import { createPkiScene } from '../../packages/server/test/pki/scene.ts';

/** Above this, timing tests of cryptography speak of a leak (Reparaz, Balasch, Verbauwhede: dude, is my code constant time?). */
const threshold = 4.5;

const count = Number(process.argv[2] ?? 10_000);
const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
try {
  await migrate(database);
  const { parts } = await createPkiScene(database);
  const { answers, classes, largestT } = await guessPassphrases(parts.vault, count);
  for (const answer of answers) console.log(answer);
  for (const { name, times } of classes) {
    const sorted = times.toSorted((left, right) => left - right);
    console.log(`${name}: ${times.length} guesses, median ${sorted[Math.floor(times.length / 2)]?.toFixed(4)} ms`);
  }
  console.log(`largest difference: ${largestT.toFixed(2)} standard errors`);
  if (answers.size !== 1 || largestT > threshold) process.exitCode = 1;
} finally {
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
}
