/** The backup of the night: asked for by the clock, encrypted to the settings' keys, older ones removed. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createKeyPair } from '../../src/backup/age/keys.ts';
import { createBackupJob } from '../../src/backup/job.ts';
import { verifyBackup } from '../../src/backup/offline.ts';
import { runBackup } from '../../src/planes.ts';
import type { Job } from '../../src/storage/jobs.ts';
import { openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { openFolder } from './scene.ts';

const pair = createKeyPair();

/** Runs the jobs that wait, and returns what the last one said. */
async function runJobs({ resources }: PlanesScene): Promise<unknown> {
  const rows = await resources.database.query.selectFrom('job').selectAll().where('state', '=', 'waiting').execute();
  const told: unknown[] = [];
  for (const { id, kind, payload, organisation_id } of rows) {
    const job: Job = {
      ...{ id, kind, payload: JSON.parse(payload), organisationId: organisation_id, attempt: 1 },
      signal: new AbortController().signal,
    };
    await createBackupJob(resources)(job, async (progress) => void told.push(progress));
  }
  await resources.database.query.deleteFrom('job').execute();
  return told.at(-1);
}

test('a night makes one backup for the keys of the settings, and keeps those of so many days', async (t) => {
  const dir = await openFolder(t);
  const environment = {
    SIGNPOST_BACKUP_DIR: dir,
    SIGNPOST_BACKUP_RECIPIENTS: pair.recipient,
    SIGNPOST_BACKUP_KEEP: '3',
  };
  const scene = await openPlanesScene(t, { environment });
  const old = [
    'signpost-backup-2026-11-19.zip.age',
    'signpost-backup-2026-11-20.zip',
    'signpost-backup-2026-11-20-2.zip.age',
  ];
  for (const name of ['signpost-backup-2026-11-01.zip.age', ...old, 'mine.zip']) await writeFile(join(dir, name), '');
  await runBackup(scene.resources);
  await runBackup(scene.resources);
  assert.equal(((await runJobs(scene)) as { stage: string }).stage, 'done');
  const made = 'signpost-backup-2026-11-21.zip.age';
  assert.deepEqual((await readdir(dir)).sort(), ['mine.zip', ...old, made].sort());
  await verifyBackup({}, join(dir, made), { opener: { identity: pair.identity }, report: () => undefined });
  const { events } = (
    await scene.ask('GET', '/api/audit?limit=500', { as: await scene.openKey(scene.home, ['admin']) })
  ).json as { events: { action: string }[] };
  const told = events.map(({ action }) => action).filter((action) => action.startsWith('backup.'));
  assert.deepEqual(told, ['backup.created', 'backup.removed']);
});

test('without a key in the settings no night makes a backup', async (t) => {
  const scene = await openPlanesScene(t);
  await runBackup(scene.resources);
  assert.equal(await runJobs(scene), undefined);
});

test('a job whose passphrase was lost with its process says so, and is not tried for ever', async (t) => {
  const scene = await openPlanesScene(t);
  const as = await scene.openKey(scene.home, ['admin']);
  const asked = await scene.ask('POST', '/api/backups', { as, json: { recipients: [pair.recipient] } });
  assert.equal(asked.status, 202);
  scene.resources.backupKeys.clear();
  assert.deepEqual((await runJobs(scene)) as object, {
    ...{ stage: 'failed', rule: 'backup-key-lost', hint: 'ask for the backup again' },
    message: 'the server was started again before the backup was made',
  });
});
