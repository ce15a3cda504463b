import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examineTimestamps } from '../../src/doctor/timestamps.ts';
import { createTimestampScene } from '../pki/timestamps/scene.ts';
import { dayMs } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

forEachEngine((_engine, openDatabase) => {
  test('timestamps that stop, or will, are named with the way to mend it', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const { parts, caller } = scene;
    const find = async (organisationId = caller.organisationId) =>
      (await examineTimestamps(parts, organisationId)).map(({ level, code, message }) => [level, code, message]);
    assert.deepEqual(await find(), []);
    const { certificate_id: id } = await scene.enable();
    await scene.stamp();
    assert.deepEqual(await find(), []);
    scene.travel(-10_000);
    assert.deepEqual(
      (await find()).map(([level, code]) => [level, code]),
      [['error', 'timestamps-clock']],
    );
    scene.travel(10_000 + 400 * dayMs);
    const said = 'the certificate that signs timestamps of issuing is';
    assert.deepEqual(await find(), [['warning', 'timestamps-certificate', `${said} due to be renewed`]]);
    assert.deepEqual(await find('another organisation'), []);
    await parts.database.query
      .updateTable('certificate')
      .set({ state: 'held', reason: 'certificateHold', revoked_at: 1 })
      .where('id', '=', id)
      .execute();
    assert.deepEqual(await find(), [['error', 'timestamps-certificate', `${said} held`]]);
  });
});
