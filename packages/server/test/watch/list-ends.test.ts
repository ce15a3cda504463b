/** Lists of the watch that end with a full page: what says whether there is more. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Query } from '../../src/storage/database.ts';
import { createId } from '../../src/storage/ids.ts';
import { record } from '../../src/watch/recording/record.ts';
import { openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { forEachEngine } from '../storage/engines.ts';
import { hour, keyless, stranger, usualFacts } from './drift/scene.ts';

forEachEngine((_engine, open) => {
  test('a page that the list ends with is the last one, and one row more makes another', async (t) => {
    const { scene, list } = await openWatch(t, await open());
    const { query } = scene.resources.database;
    const grow = {
      findings: (count: number) => addFindings(query, count),
      cases: (count: number) => addArtifacts(query, count),
      inventory: (count: number) => addSources(query, count),
    };
    for (const { name, rows, size } of [
      { name: 'findings', rows: 'findings', size: 200 },
      { name: 'cases', rows: 'cases', size: 100 },
      { name: 'inventory', rows: 'sources', size: 50 },
    ] as const) {
      const there = (await list(name, rows)).count;
      await grow[name](size - there);
      assert.deepEqual(await list(name, rows), { count: size, next: null }, name);
      await grow[name](1);
      const { count, next } = await list(name, rows);
      assert.equal(count, size);
      const place = name === 'inventory' ? 'after' : 'before';
      assert.deepEqual(await list(`${name}?${place}=${next}`, rows), { count: 1, next: null }, name);
    }
    for (const name of ['findings', 'cases'] as const)
      assert.equal((await list(`${name}?order=gravest`, name)).next, null, 'of the gravest there is one page');
  });
});

/** A watch with one source, one artifact and one finding. */
async function openWatch(t: TestContext, database: PlanesScene['resources']['database']) {
  const scene = await openPlanesScene(t, { database });
  const as = await scene.openPerson(scene.home, 'manager');
  const made = await scene.ask('POST', '/api/watch/sources', { as, json: { source: 'ghcr.io/org/app:1' } });
  const now = scene.resources.now();
  for (const day of [1, 2, 3, 4])
    await record(scene.resources, {
      ...{ organisationId: scene.home.caller.organisationId, sourceId: String(made.json.id) },
      artifacts: [
        {
          ...{ names: { version: `1.0.${day}` }, line: '1', isDefault: false },
          facts: {
            ...{ ...usualFacts, content: String(day).padStart(64, '0'), publishedAt: now - (40 - day) * 24 * hour },
            ...(day === 4 && { signatures: [keyless(stranger)] }),
          },
        },
      ],
    });
  const list = async (path: string, rows: string) => {
    const { status, json, body } = await scene.ask('GET', `/api/watch/${path}`, { as });
    assert.equal(status, 200, String(body));
    return { count: (json[rows] as unknown[]).length, next: json.next };
  };
  return { scene, list };
}

async function addFindings(query: Query, count: number): Promise<void> {
  const one = await query.selectFrom('watch_finding').selectAll().limit(1).executeTakeFirstOrThrow();
  const rows = Array.from({ length: count }, () => {
    const id = createId(Date.now());
    return { ...one, id, fingerprint: id.padEnd(64) };
  });
  await query.insertInto('watch_finding').values(rows).execute();
}

/** Each with the one finding that has an artifact. */
async function addArtifacts(query: Query, count: number): Promise<void> {
  const { finding_id } = await query.selectFrom('watch_finding_artifact').selectAll().executeTakeFirstOrThrow();
  const newest = query.selectFrom('watch_artifact').selectAll().orderBy('number', 'desc').limit(1);
  const { number, ...one } = await newest.executeTakeFirstOrThrow();
  const rows = Array.from({ length: count }, (_, index) => {
    const next = number + 1 + index;
    return { ...one, number: next, content: String(next).padStart(64, '0'), version: `2.0.${next}` };
  });
  await query.insertInto('watch_artifact').values(rows).execute();
  const links = rows.map(({ number: artifact }) => ({ finding_id, artifact }));
  await query.insertInto('watch_finding_artifact').values(links).execute();
}

async function addSources(query: Query, count: number): Promise<void> {
  const one = await query.selectFrom('watch_source').selectAll().limit(1).executeTakeFirstOrThrow();
  const { source_id: _, ...plan } = await query.selectFrom('watch_schedule').selectAll().executeTakeFirstOrThrow();
  const rows = Array.from({ length: count }, () => {
    const id = createId(Date.now());
    return { ...one, id, key: `oci:ghcr.io/org/${id}` };
  });
  await query.insertInto('watch_source').values(rows).execute();
  await query
    .insertInto('watch_schedule')
    .values(rows.map(({ id }) => ({ ...plan, source_id: id })))
    .execute();
}
