/** The backup of the night: asked for by the clock, encrypted to the settings' keys, older ones removed. */
import assert from 'node:assert/strict';
import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemActor } from '../../src/audit/audit.ts';
import { recordAudit } from '../../src/audit/store.ts';
import { createKeyPair } from '../../src/backup/age/keys.ts';
import { createBackupJob } from '../../src/backup/job.ts';
import { verifyBackup } from '../../src/backup/offline.ts';
import { runBackup } from '../../src/schedules.ts';
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

/** Rows of the audit log that tell of backups which this server made. */
async function recordMade({ resources }: PlanesScene, names: readonly string[], size = 0): Promise<void> {
  await resources.database.transaction(async (transaction) => {
    for (const id of names) {
      await recordAudit(transaction, resources.now(), {
        ...{ organisationId: null, actor: systemActor, action: 'backup.created', object: { kind: 'backup', id } },
        detail: { sha256: '', size_bytes: size, encrypted: true },
      });
    }
  });
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
  const made = ['signpost-backup-2026-11-01.zip.age', ...old];
  await recordMade(scene, made);
  // Another server's, one of a clock that went wrong, one that somebody exchanged, and what only looks like a backup.
  const foreign = ['signpost-backup-2026-10-01.zip.age', 'signpost-backup-2126-01-01.zip', 'mine.zip'];
  const odd = ['signpost-backup-2026-02-30.zip', 'signpost-backup-2026-10-02.zip'];
  for (const name of [...made, ...foreign, ...odd]) await writeFile(join(dir, name), '');
  await recordMade(scene, ['signpost-backup-2126-01-01.zip', 'signpost-backup-2026-02-30.zip']);
  await recordMade(scene, ['signpost-backup-2026-10-02.zip'], 1000);
  await symlink(join(dir, 'mine.zip'), join(dir, 'signpost-backup-2026-10-03.zip'));
  await runBackup(scene.resources);
  await runBackup(scene.resources);
  assert.equal(((await runJobs(scene)) as { stage: string }).stage, 'done');
  const today = 'signpost-backup-2026-11-21.zip.age';
  const left = [...foreign, ...odd, 'signpost-backup-2026-10-03.zip', ...old, today];
  assert.deepEqual((await readdir(dir)).sort(), left.sort());
  await verifyBackup({}, join(dir, today), { opener: { identity: pair.identity }, report: () => undefined });
  const { events } = (
    await scene.ask('GET', '/api/audit?limit=500', { as: await scene.openKey(scene.home, ['admin']) })
  ).json as { events: { action: string }[] };
  const told = events.map(({ action }) => action).filter((action) => action.startsWith('backup.'));
  assert.deepEqual(told.slice(-2), ['backup.created', 'backup.removed']);
});

test('without a key in the settings no night makes a backup', async (t) => {
  const scene = await openPlanesScene(t);
  await runBackup(scene.resources);
  assert.equal(await runJobs(scene), undefined);
  const as = await scene.openKey(scene.home, ['admin']);
  const asked = await scene.ask('POST', '/api/backups', { as, json: {} });
  assert.deepEqual([asked.status, asked.json.rule], [409, 'backup-recipients']);
});

test('a job whose passphrase was lost with its process says so, and is not tried for ever', async (t) => {
  const scene = await openPlanesScene(t, { environment: { SIGNPOST_BACKUP_RECIPIENTS: pair.recipient } });
  const as = await scene.openKey(scene.home, ['admin']);
  const asked = await scene.ask('POST', '/api/backups', { as, json: {} });
  assert.equal(asked.status, 202);
  scene.resources.backupKeys.clear();
  assert.deepEqual((await runJobs(scene)) as object, {
    ...{ stage: 'failed', rule: 'backup-key-lost', hint: 'ask for the backup again' },
    message: 'the server was started again before the backup was made',
  });
});
