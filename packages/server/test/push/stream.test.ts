import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyChain } from '@signpost/protocol/frames/chain';
import { verifyChannelKey } from '@signpost/protocol/frames/channel-key';
import { parseFrame } from '@signpost/protocol/frames/frame';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { verifyFrame } from '@signpost/protocol/frames/verify-frame';
import { readTrustInForce } from '../../src/trust/trust-lists.ts';
import { forEachEngine } from '../storage/engines.ts';
import { listen } from './listening.ts';
import { createPushScene } from './scene.ts';

forEachEngine((_name, open) => {
  test('an event of the outbox reaches a listener as a frame that the trust list vouches for, and a later one catches it up', async (t) => {
    const scene = await createPushScene(await open());
    t.after(() => scene.close());
    const { database, now, home, url } = scene;
    const live = await listen(`${url}/api/push/stream?channels=releases,trust`);
    assert.equal(live.status, 200);
    assert.equal(live.headers['x-accel-buffering'], 'no');
    await scene.tell('release.activated', { project: 'lighthouse', version: '1.0.0', channel: 'stable', counter: 1 });
    await live.until(() => live.frames().length === 1);
    const [keys] = live.events.filter(({ event }) => event === 'keys');
    const trust = await readTrustInForce(database.query, home.id);
    assert.ok(trust && keys);
    const certificates = JSON.parse(keys.data).channel_keys.map((value: unknown) => JSON.stringify(value));
    const key = await verifyChannelKey(trust, certificates[0], now());
    const context = {
      keys: { find: (kid: string) => (kid === key.kid ? key : undefined) },
      window: new ReplayWindow(),
      now: now(),
    };
    for (const { event, data } of live.events) if (event === undefined) await verifyFrame(data, context);
    const [first = ''] = live.frames();
    assert.deepEqual(
      { ...parseFrame(first).payload.data },
      {
        project: 'lighthouse',
        version: '1.0.0',
        channel: 'stable',
        counter: 1,
      },
    );
    assert.equal(parseFrame(first).payload.sequence, 1);

    const position = live.events.find(({ id }) => id !== undefined)?.id ?? '';
    await scene.tell('release.withdrawn', { project: 'lighthouse', version: '1.0.0', reason: 'a mistake' });
    const late = await listen(`${url}/api/push/stream?channels=releases,trust`, { 'last-event-id': position });
    const headOfBoth = () =>
      late.events.find(({ event, data }) => {
        if (event !== undefined) return false;
        const { type, channel, sequence } = parseFrame(data).payload;
        return type === 'heartbeat' && channel === 'releases' && sequence === 2;
      });
    await late.until(() => late.frames().length === 2 && headOfBoth() !== undefined);
    assert.deepEqual(late.frames()[0], first);
    const head = await verifyFrame(headOfBoth()?.data ?? '', { ...context, window: new ReplayWindow() });
    assert.equal(verifyChain(late.frames().map(parseFrame), head, undefined).length, 2);
    live.close();
    late.close();
  });
});
