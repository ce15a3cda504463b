import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFrame } from '@signpost/protocol/frames/frame';
import { listen } from '../../packages/server/test/push/listening.ts';
import { killWhileTelling } from '../crash/push.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { createOperator, signIn } from '../programs/operator.ts';
import { pinRoot } from '../programs/publisher.ts';
import { install, startServer } from '../programs/server.ts';

test('what was acknowledged stands in the log of frames once and without a hole, wherever SIGKILL strikes', async () => {
  const { findings, acknowledged, answered, frames } = await killWhileTelling(2, () => undefined);
  assert.deepEqual(findings, []);
  assert.ok(answered > 0 && acknowledged > answered && frames >= acknowledged);
});

test('a server that stops lets its listeners go at once, and they go on at the next one without a gap', async (t) => {
  const installation = await install();
  t.after(() => installation.remove());
  const channel = 'app.drain';
  const first = await startServer(installation);
  const operator = await signIn(first.base, installation.admin.email, installation.admin.password);
  await pinRoot(operator, await OfflineRoot.create());
  await operator.call('POST', '/api/push/channels', { name: channel, visibility: 'public' });
  const publish = (base: string) =>
    createOperator(base, operator.headers).call('POST', `/api/push/channels/${channel}/frames`, { type: 'app.told' });
  const before = await listen(`${first.base}/api/push/stream?channels=${channel}`);
  await publish(first.base);
  await before.until(() => before.frames().length === 1);
  await Promise.all([first.stop(), before.ended]);
  assert.ok(before.response.complete, 'its stream was ended, not cut off as what is left after ten seconds');
  const second = await startServer(installation);
  await publish(second.base);
  const position = before.events.findLast(({ id }) => id !== undefined)?.id ?? '';
  const after = await listen(`${second.base}/api/push/stream?channels=${channel}`, { 'last-event-id': position });
  await after.until(() => after.frames().length === 1);
  assert.equal(parseFrame(after.frames()[0] ?? '').payload.sequence, 2);
  after.close();
  await second.stop();
});
