import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMissingProxy, withBufferingProxy } from '../../packages/protocol/test/portable/buffering-proxy.ts';
import { listen } from '../../packages/server/test/push/listening.ts';
import { openPushScene } from '../../packages/server/test/push/scene.ts';

const what = 'frames pass nginx: a stream under its defaults, and a long poll where it holds back all that it can';

test(what, { skip: findMissingProxy() }, async (t) => {
  const scene = await openPushScene();
  t.after(() => scene.close());
  await withBufferingProxy(scene.url, async (proxy) => {
    const head = await fetch(`${proxy}/api/push/frames?channels=releases`);
    const { cursor } = (await head.json()) as { cursor: string };
    const waiting = fetch(`${proxy}/api/push/frames?channels=releases&since=${cursor}&wait=20`);
    await scene.tell('release.activated', { project: 'lighthouse', version: '1.0.0' });
    const { frames } = (await (await waiting).json()) as { frames: { payload: { type: string } }[] };
    assert.deepEqual(
      frames.map(({ payload }) => payload.type),
      ['release.activated', 'heartbeat'],
    );
  });
  await withBufferingProxy(
    scene.url,
    async (proxy) => {
      const stream = await listen(`${proxy}/api/push/stream?channels=releases`);
      await stream.until(() => stream.events.length >= 2);
      await scene.tell('release.activated', { project: 'lighthouse', version: '1.0.1' });
      await stream.until(() => stream.frames().length === 1);
      stream.close();
    },
    { heeds: true },
  );
});
