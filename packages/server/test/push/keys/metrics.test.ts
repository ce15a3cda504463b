/** The figures of channel keys: how old they are, and why there are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { registerChannelKeyMetrics } from '../../../src/push/keys/metrics.ts';
import { openPushScene } from '../scene.ts';

test('the age of a key grows with the clock, and the next key is young again', async (t) => {
  const { push, home, travel, close } = await openPushScene();
  t.after(close);
  const registry = new Registry();
  registerChannelKeyMetrics(registry, push.keys);
  const age = async () => Number(/^signpost_push_key_age_seconds (\d+)$/m.exec(await registry.metrics())?.[1]);
  assert.equal(await age(), 0);
  await push.keys.findSigner(home.id);
  travel(300_000);
  assert.equal(await age(), 300);
  travel(200_000);
  await push.keys.findSigner(home.id);
  travel(100_000);
  assert.equal(await age(), 30);
  assert.match(await registry.metrics(), /unsigned_organisations\{reason="push-not-vouched"\} 0/);
});

test('an organisation that nothing can be signed for is counted by the reason', async (t) => {
  const { push, home, close } = await openPushScene({ vouched: false });
  t.after(close);
  const registry = new Registry();
  registerChannelKeyMetrics(registry, push.keys);
  assert.equal(await push.keys.findSigner(home.id), undefined);
  assert.match(await registry.metrics(), /unsigned_organisations\{reason="push-not-vouched"\} 1/);
  assert.match(await registry.metrics(), /unsigned_organisations\{reason="vault-locked"\} 0/);
});
