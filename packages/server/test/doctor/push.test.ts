import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorDependencies } from '../../src/doctor/finding.ts';
import { examinePush } from '../../src/doctor/push.ts';
import { createPushScene } from '../push/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

forEachEngine((_name, open) => {
  test('the doctor sees a push key that no trust list names, and events that wait for it', async (t) => {
    const scene = await createPushScene(await open(), { vouched: false });
    t.after(() => scene.close());
    const look = async () => {
      const findings = await examinePush(scene as unknown as DoctorDependencies, scene.home.id);
      return findings.map(({ code }) => code);
    };
    assert.deepEqual(await look(), []);
    const { waiting } = await scene.identity();
    assert.deepEqual(await look(), ['push-not-vouched']);
    await scene.tell('release.activated', { project: 'lighthouse', version: '1.0.0' });
    scene.travel(60_000);
    assert.deepEqual(await look(), ['push-not-vouched', 'push-events-wait']);
    await scene.publishTrust({ version: 1, push: waiting ? [waiting] : [] });
    await scene.settle();
    assert.deepEqual(await look(), []);
  });
});
