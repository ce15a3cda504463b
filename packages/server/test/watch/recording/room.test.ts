/** What a sighting that brings nothing new takes up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import type { Database } from '../../../src/storage/database.ts';
import { record } from '../../../src/watch/recording/record.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { usualFacts } from '../drift/scene.ts';
import { contentOf, openEstablished } from './desk.ts';

/** Bytes to a sighting, its indexes included. PostgreSQL keeps 28 bytes of its own with each row. */
const limits = { sqlite: 150, postgres: 210 } as const;

forEachEngine((name, open) => {
  test(`a sighting that brings nothing new takes ${name === 'SQLite' ? limits.sqlite : limits.postgres} bytes at most`, async () => {
    const database = await open();
    const desk = await openEstablished(database, 'room');
    const artifacts = Array.from({ length: 100 }, (_, index) => ({
      ...{ line: '1', names: { version: `1.1.${index}` }, isDefault: false },
      facts: { ...usualFacts, content: contentOf(1000 + index) },
    }));
    const observe = () =>
      record(desk, { organisationId: desk.caller.organisationId, sourceId: desk.source.id, artifacts });
    await observe();
    const before = await measure(database);
    for (let round = 0; round < 8; round += 1) await observe();
    const bytes = ((await measure(database)) - before) / 800;
    assert.ok(bytes > 40 && bytes <= limits[database.engine], `${bytes} bytes`);
  });
});

async function measure({ engine, query }: Database): Promise<number> {
  const size =
    engine === 'sqlite'
      ? sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
      : sql<{ bytes: number }>`select pg_total_relation_size('watch_observation')::bigint as bytes`;
  return Number((await size.execute(query)).rows[0]?.bytes);
}
