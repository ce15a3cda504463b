/** What one more sighting of something that has not changed costs on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { migrate } from '../../packages/server/src/storage/migrations/migrate.ts';
import { record } from '../../packages/server/src/watch/recording/record.ts';
import { usualFacts } from '../../packages/server/test/watch/drift/scene.ts';
import { openDesk } from '../../packages/server/test/watch/recording/desk.ts';

const artifacts = 100;
const rounds = 200;
const hourMs = 3_600_000;

/** Bytes for each sighting on SQLite, indexes included, and sightings recorded a second. */
export async function measureUnchanged(): Promise<{ readonly bytes: number; readonly perSecond: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
  try {
    await migrate(database);
    const { caller, source } = await openDesk(database, 'bench');
    const { organisationId } = caller;
    let at = Date.UTC(2026, 5, 1);
    const observed = Array.from({ length: artifacts }, (_, index) => ({
      facts: { ...usualFacts, content: index.toString(16).padStart(64, '0') },
      ...{ names: { version: `1.0.${index}` }, line: '1', isDefault: false },
    }));
    const look = () =>
      record({ database, now: () => at }, { organisationId, sourceId: source.id, artifacts: observed });
    await look();
    const before = countBytes(dataDir);
    const started = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      at += hourMs;
      await look();
    }
    const perSecond = (artifacts * rounds * 1000) / (performance.now() - started);
    return { perSecond, bytes: (countBytes(dataDir) - before) / (artifacts * rounds) };
  } finally {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Of all tables and indexes, without the pages that are free. */
function countBytes(dataDir: string): number {
  const database = new DatabaseSync(join(dataDir, 'signpost.db'), { readOnly: true });
  const { bytes } = database.prepare('select sum(pgsize) as bytes from dbstat').get() as { bytes: number };
  database.close();
  return bytes;
}
