/** The doctor on backups, and what the API says of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemActor } from '../../src/audit/audit.ts';
import { recordAudit } from '../../src/audit/store.ts';
import { createKeyPair } from '../../src/backup/age/keys.ts';
import { parseConfig } from '../../src/config.ts';
import { examineBackups } from '../../src/doctor/backups.ts';
import { examine } from '../../src/doctor/doctor.ts';
import { openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { dayMs } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

const nightly = parseConfig({ SIGNPOST_DATA: '/', SIGNPOST_BACKUP_RECIPIENTS: createKeyPair().recipient });
const byHand = parseConfig({ SIGNPOST_DATA: '/' });

/** As the job leaves it. */
async function record({ resources }: PlanesScene, action: 'backup.created' | 'backup.failed'): Promise<void> {
  await resources.database.transaction((transaction) =>
    recordAudit(transaction, resources.now(), {
      ...{ organisationId: null, actor: systemActor, action, object: { kind: 'backup', id: 'x' } },
      detail: action === 'backup.failed' ? { rule: 'backup-files' } : { size_bytes: 1 },
    }),
  );
}

async function find(scene: PlanesScene, config = nightly): Promise<string[]> {
  const findings = await examineBackups({ ...scene.resources, config }, scene.home.caller.organisationId);
  return findings.map(({ level, code, message }) => `${level} ${code}: ${message}`);
}

forEachEngine((_engine, open) => {
  test('the doctor sees backups that were never made, that are too old, and that fail', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    assert.deepEqual(await find(scene), ['warning backup-none: no backup was ever made']);
    await record(scene, 'backup.failed');
    assert.deepEqual(await find(scene), [
      'error backup-failed: the last backup failed (backup-files) and there is none',
    ]);
    await record(scene, 'backup.created');
    assert.deepEqual(await find(scene), []);
    scene.home.travel(1.6 * dayMs);
    assert.deepEqual(await find(scene), ['warning backup-late: the newest backup is 1 day old']);
    assert.deepEqual(await find(scene, byHand), [], 'nobody asked for one every night');
    await record(scene, 'backup.failed');
    const message = 'the last backup failed (backup-files) and the newest is 1 day old';
    assert.deepEqual(await find(scene), [`error backup-failed: ${message}`]);
    assert.deepEqual(await find(scene, byHand), [`warning backup-failed: ${message}`]);
    await record(scene, 'backup.created');
    scene.home.travel(32 * dayMs);
    assert.deepEqual(await find(scene, byHand), ['warning backup-late: the newest backup is 32 days old']);
  });
});

test('the doctor tells of backups those who run the server, and no other organisation', async (t) => {
  const scene = await openPlanesScene(t);
  const codes = async (id: string) => (await examine(scene.resources, id)).map(({ code }) => code);
  assert.ok((await codes(scene.home.caller.organisationId)).includes('backup-none'));
  assert.ok(!(await codes(scene.other.caller.organisationId)).includes('backup-none'));
});

test('the list of backups says how the server stands with them', async (t) => {
  const scene = await openPlanesScene(t);
  const as = await scene.openKey(scene.home, ['admin']);
  const standing = async () => (await scene.ask('GET', '/api/backups', { as })).json.standing;
  assert.deepEqual(await standing(), { state: 'none', made_at: null, fresh: false, failed_at: null, rule: null });
  await record(scene, 'backup.created');
  const madeAt = new Date(scene.resources.now()).toISOString();
  assert.deepEqual(await standing(), { state: 'good', made_at: madeAt, fresh: true, failed_at: null, rule: null });
  scene.home.travel(1000);
  await record(scene, 'backup.failed');
  assert.deepEqual(await standing(), {
    ...{ state: 'failed', made_at: madeAt, fresh: true, rule: 'backup-files' },
    failed_at: new Date(scene.resources.now()).toISOString(),
  });
});
