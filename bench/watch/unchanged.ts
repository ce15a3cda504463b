/** What one more sighting of something that has not changed costs on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import type { Database } from '../../packages/server/src/storage/database.ts';
import { migrate } from '../../packages/server/src/storage/migrations/migrate.ts';
import { record } from '../../packages/server/src/watch/recording/record.ts';
import { findPostgres, startPostgres } from '../../packages/server/test/storage/postgres-server.ts';
import { usualFacts } from '../../packages/server/test/watch/drift/scene.ts';
import { countBytes } from '../../packages/server/test/watch/recording/bytes-on-disk.ts';
import { openDesk } from '../../packages/server/test/watch/recording/desk.ts';

/** Bytes for each sighting, indexes included, and sightings recorded a second. */
export interface Unchanged {
  readonly bytes: number;
  readonly perSecond: number;
}

const artifacts = 100;
const rounds = 200;
const hourMs = 3_600_000;

/** On SQLite. */
export async function measureUnchanged(): Promise<Unchanged> {
  return measureOn(undefined);
}

/** On a PostgreSQL of its own; undefined: none is installed. */
export async function measureUnchangedOnPostgres(): Promise<Unchanged | undefined> {
  const bin = findPostgres();
  return bin === undefined ? undefined : measureOn(await startPostgres(bin));
}

async function measureOn(databaseUrl: string | undefined): Promise<Unchanged> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  const database = await openDatabase({ dataDir, databaseUrl }, { create: true });
  try {
    await migrate(database);
    return await fill(database);
  } finally {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function fill(database: Database): Promise<Unchanged> {
  const { caller, source } = await openDesk(database, 'bench');
  const { organisationId } = caller;
  let at = Date.UTC(2026, 5, 1);
  const observed = Array.from({ length: artifacts }, (_, index) => ({
    facts: { ...usualFacts, content: index.toString(16).padStart(64, '0') },
    ...{ names: { version: `1.0.${index}` }, line: '1', isDefault: false },
  }));
  const look = () => record({ database, now: () => at }, { organisationId, sourceId: source.id, artifacts: observed });
  await look();
  const before = await countBytes(database);
  const started = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    at += hourMs;
    await look();
  }
  const perSecond = (artifacts * rounds * 1000) / (performance.now() - started);
  return { perSecond, bytes: ((await countBytes(database)) - before) / (artifacts * rounds) };
}
