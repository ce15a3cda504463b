/** Readings of plugins that strangers ask for: once for all of them, and failures are remembered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { requireRelease } from '../../../src/releases/lifecycle/release.ts';
import { createProject } from '../../../src/releases/projects/project.ts';
import type { Database } from '../../../src/storage/database.ts';
import { JoinedReadings } from '../../../src/wordpress/plugin/joined-readings.ts';
import { type ReadingParts, readRelease } from '../../../src/wordpress/plugin/reading.ts';
import { addStoredDraft, openPlanesScene } from '../../planes-scene.ts';
import { buildZip } from '../../releases/inspection/zip-builder.ts';

test('an archive is read once for all who wait for it, and what could not be read is not tried again for an hour', async (t) => {
  const scene = await openPlanesScene(t);
  const { resources, home } = scene;
  const { id: projectId } = await createProject(resources, home.caller, {
    ...{ slug: 'acme-forms', kind: 'wordpress_plugin', name: { en: 'Acme' }, description: {}, primaryLocale: 'en' },
    ...{ acceptedTypes: ['zip'], scan: 'off', manifestDays: 30 },
  });
  let now = resources.now();
  let located = 0;
  const blobs = Object.create(resources.blobs, {
    locate: {
      value: (digest: string) => {
        located += 1;
        return resources.blobs.locate(digest);
      },
    },
  });
  const parts: ReadingParts = { ...resources, blobs, now: () => now };
  const read = async (version: string) =>
    readRelease(
      parts,
      await requireRelease(parts.database.query, home.caller.organisationId, { slug: 'acme-forms', version }),
    );

  const bytes = buildZip([{ name: 'acme-forms/acme-forms.php', content: '<?php\n/* Plugin Name: Acme */' }]);
  await addStoredDraft(scene, { projectId, version: '1.0.0', files: [{ name: 'acme.zip', bytes }] });
  const all = await Promise.all(Array.from({ length: 20 }, () => read('1.0.0')));
  assert.deepEqual([new Set(all.map(({ header }) => header?.name)), located], [new Set(['Acme']), 1]);

  await addStoredDraft(scene, { projectId, version: '2.0.0', files: [{ name: 'x.zip', bytes: Buffer.from('none') }] });
  for (let count = 0; count < 3; count += 1) await assert.rejects(read('2.0.0'), { rule: 'zip-end-record' });
  assert.equal(located, 2);
  now += 3_600_000;
  await assert.rejects(read('2.0.0'), { rule: 'zip-end-record' });
  assert.equal(located, 3);
});

test('two archives are read at a time, some wait, and nobody else adds to them', async () => {
  const readings = new JoinedReadings<number>();
  const database = {} as Database;
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  // Five organisations of seven archives or fewer.
  const read = (key: number) =>
    readings.read(database, { key: String(key), organisationId: `owner-${key % 5}` }, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return key;
    });
  const asked = Array.from({ length: 34 }, (_, key) => read(key));
  await assert.rejects(read(34), { code: 'unavailable', retryAfterSeconds: 30 });
  const joined = read(33);
  for (let ended = 0; ended < 34; ended += 1) {
    await nextTurn();
    ends[ended]?.();
  }
  assert.deepEqual(await Promise.all(asked), [...asked.keys()]);
  assert.deepEqual([await joined, most, ends.length], [33, 2, 34]);
});

test('whoever has many archives read keeps nobody else from having one read', async () => {
  const readings = new JoinedReadings<string>();
  const database = {} as Database;
  const greedy = Promise.withResolvers<string>();
  const read = (key: string, organisationId: string, answer: Promise<string>) =>
    readings.read(database, { key, organisationId }, () => answer);
  const sent = Array.from({ length: 9 }, (_, count) => read(`greedy-${count}`, 'greedy', greedy.promise));
  await assert.rejects(read('greedy-9', 'greedy', greedy.promise), { code: 'rate_limited', rule: 'readings' });
  assert.equal(await read('other', 'other', Promise.resolve('read')), 'read');
  greedy.resolve('late');
  await Promise.all(sent);
});
