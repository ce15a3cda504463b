/** The backup of the night: asked for by the clock, encrypted to the settings' keys, older ones removed. */
import assert from 'node:assert/strict';
import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemActor } from '../../src/audit/audit.ts';
import { listAudit, recordAudit } from '../../src/audit/store.ts';
import { createKeyPair, parseRecipient } from '../../src/backup/age/keys.ts';
import { createBackupJob, requestBackup } from '../../src/backup/job.ts';
import { backupJobKind } from '../../src/backup/names.ts';
import { verifyBackup } from '../../src/backup/offline.ts';
import { runBackup } from '../../src/schedules.ts';
import { type Job, readJob, startWorker } from '../../src/storage/jobs.ts';
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

/** A folder of backups that cannot be made: a file stands in its way. */
async function openWithoutFolder(t: TestContext): Promise<PlanesScene> {
  const file = join(await openFolder(t), 'file');
  await writeFile(file, '');
  return openPlanesScene(t, {
    environment: { SIGNPOST_BACKUP_DIR: join(file, 'backups'), SIGNPOST_BACKUP_RECIPIENTS: pair.recipient },
  });
}

/** Lets a worker run what is due, and again as often as it wants to try. */
async function work({ resources, home }: PlanesScene): Promise<void> {
  const { database, now, log } = resources;
  const handlers = { [backupJobKind]: createBackupJob(resources) };
  const worker = startWorker({ database, handlers, now, log, concurrency: 1 });
  try {
    for (let attempt = 0; attempt < 6; attempt++) {
      await worker.drain();
      home.travel(600_000);
    }
  } finally {
    await worker.stop();
  }
}

async function listFailed({ resources }: PlanesScene): Promise<unknown[]> {
  const rows = await listAudit(resources.database, { action: 'backup.failed', limit: 10 });
  return rows.map(({ outcome, detail }) => ({ outcome, ...JSON.parse(detail ?? '{}') }));
}

test('a backup that somebody asked for and that cannot be written says why, at once', async (t) => {
  const scene = await openWithoutFolder(t);
  const as = await scene.openKey(scene.home, ['admin']);
  const { job } = (await scene.ask('POST', '/api/backups', { as, json: {} })).json;
  await work(scene);
  const row = await readJob(scene.resources.database.query, String(job));
  assert.deepEqual([row?.state, row?.attempts], ['done', 1]);
  const { stage, rule, message, hint } = JSON.parse(row?.progress ?? '{}');
  assert.deepEqual([stage, rule], ['failed', 'backup-files']);
  assert.match(message, /could not be read or written: ENOTDIR/);
  assert.match(hint, /SIGNPOST_BACKUP_DIR/);
  assert.deepEqual(await listFailed(scene), [{ outcome: 'refused', rule: 'backup-files' }]);
  assert.equal(scene.resources.backupKeys.size, 0, 'what would have opened it is forgotten');
});

test('the backup of a night is tried five times, and then leaves a row in the audit log', async (t) => {
  const scene = await openWithoutFolder(t);
  await runBackup(scene.resources);
  await work(scene);
  const rows = await scene.resources.database.query.selectFrom('job').selectAll().execute();
  assert.deepEqual(
    rows.map(({ kind, attempts }) => [kind, attempts]),
    [[backupJobKind, 5]],
  );
  assert.equal(JSON.parse(rows[0]?.progress ?? '{}').rule, 'backup-files');
  assert.deepEqual(await listFailed(scene), [{ outcome: 'refused', rule: 'backup-files' }]);
});

test('a failure that could not be recorded keeps the passphrase for the next attempt', async (t) => {
  const scene = await openPlanesScene(t, { environment: { SIGNPOST_BACKUP_DIR: await openFolder(t) } });
  const id = await requestBackup(scene.resources, scene.home.caller, [parseRecipient(pair.recipient)]);
  const { query } = scene.resources.database;
  await query.schema.alterTable('audit_event').renameTo('audit_event_away').execute();
  const row = await query.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const job: Job = {
    ...{ id, kind: row.kind, payload: JSON.parse(row.payload), organisationId: row.organisation_id, attempt: 1 },
    signal: new AbortController().signal,
  };
  const run = createBackupJob(scene.resources);
  const told: { stage?: string }[] = [];
  const tell = async (progress: unknown) => void told.push(progress as { stage?: string });
  await assert.rejects(run(job, tell));
  await query.schema.alterTable('audit_event_away').renameTo('audit_event').execute();
  await run({ ...job, attempt: 2 }, tell);
  assert.equal(told.at(-1)?.stage, 'done');
  assert.equal(scene.resources.backupKeys.size, 0);
});

test('a backup that could not be asked for leaves nothing behind that would have opened it', async (t) => {
  const { resources, home } = await openPlanesScene(t, { environment: { SIGNPOST_BACKUP_DIR: await openFolder(t) } });
  const transaction: typeof resources.database.transaction = async () => {
    throw new Error('the disk is full');
  };
  const failing = { ...resources, database: { ...resources.database, transaction } };
  await assert.rejects(requestBackup(failing, home.caller, [parseRecipient(pair.recipient)]), /full/);
  assert.equal(resources.backupKeys.size, 0);
});
