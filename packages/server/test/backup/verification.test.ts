/** What the server is told about its backups, and the figure that comes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { systemActor } from '../../src/audit/audit.ts';
import { listAudit, recordAudit } from '../../src/audit/store.ts';
import { recordVerification, registerBackupMetrics } from '../../src/backup/verification.ts';
import { createScene, type Scene } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

const dayMs = 86_400_000;

/** The row of a backup that was made now; the SHA-256 of its file. */
async function makeBackup({ dependencies, caller }: Scene, digit: string): Promise<string> {
  const sha256 = digit.repeat(64);
  await dependencies.database.transaction((tx) =>
    recordAudit(tx, dependencies.now(), {
      ...{ organisationId: caller.organisationId, actor: systemActor, action: 'backup.created' },
      object: { kind: 'backup', id: `backup-${digit}` },
      detail: { sha256, size_bytes: 1000, encrypted: true },
    }),
  );
  return sha256;
}

forEachEngine((_engine, open) => {
  test('the age of the youngest backup that was verified is a figure, without end until there is one', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const registry = new Registry();
    registerBackupMetrics(registry, dependencies);
    const read = async () =>
      /^signpost_backup_verified_age_seconds (\S+)$/m.exec(await registry.metrics())?.[1] ?? 'missing';
    const older = await makeBackup(scene, 'a');
    scene.travel(3 * dayMs);
    const younger = await makeBackup(scene, 'b');
    scene.travel(dayMs);
    assert.equal(await read(), '+Inf', 'one that was only made says nothing');

    await recordVerification(dependencies, caller, { sha256: older, drilled: false });
    assert.equal(Number(await read()), (4 * dayMs) / 1000);
    const told = await recordVerification(dependencies, caller, { sha256: younger, drilled: true });
    assert.deepEqual(told, { name: 'backup-b', madeAt: dependencies.now() - dayMs });
    await recordVerification(dependencies, caller, { sha256: older, drilled: false });
    assert.equal(Number(await read()), dayMs / 1000, 'verifying an older one takes nothing back');
    const [row] = await listAudit(dependencies.database, { action: 'backup.verified', limit: 1 });
    assert.deepEqual([row?.object_id, JSON.parse(row?.detail ?? '{}').drilled], ['backup-a', false]);
  });

  test('a restore counts: it has proved what it took', async () => {
    const { dependencies, caller } = await createScene(await open());
    const registry = new Registry();
    registerBackupMetrics(registry, dependencies);
    const detail = { made_at: new Date(dependencies.now() - 5000).toISOString(), restored_sequence: 1 };
    await dependencies.database.transaction((tx) =>
      recordAudit(tx, dependencies.now(), {
        ...{ organisationId: caller.organisationId, actor: systemActor, action: 'restore.completed' },
        ...{ object: { kind: 'backup', id: detail.made_at }, detail },
      }),
    );
    assert.match(await registry.metrics(), /^signpost_backup_verified_age_seconds 5$/m);
  });

  test('a file that this server did not make is refused, and nothing is recorded', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await makeBackup(scene, 'a');
    const foreign = recordVerification(dependencies, caller, { sha256: 'c'.repeat(64), drilled: true });
    await assert.rejects(foreign, { code: 'not_found', rule: 'backup-unknown' });
    assert.deepEqual(await listAudit(dependencies.database, { action: 'backup.verified', limit: 1 }), []);
  });
});
