/** Clients that are gone before they were let in. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { forEachEngine } from '../storage/engines.ts';
import { createPushScene } from './scene.ts';

const handshake = [
  ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
  ...['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol: signpost.frames.v1'],
];

suite('somebody who is gone before they were let in', () => {
  forEachEngine((_name, open) => {
    for (const [target, more] of [
      ['/api/push/stream?channels=trust', []],
      ['/api/push/frames?channels=trust&wait=30', []],
      ['/api/push/ws?channels=trust', handshake],
    ] as const) {
      test(`takes no room, having asked for ${target}`, async (t) => {
        const scene = await createPushScene(await open());
        t.after(() => scene.close());
        const { hostname, port } = new URL(scene.url);
        const { admission, hub } = scene.push;
        const countAll = () => Object.values(admission.counts).reduce((sum, count) => sum + count, 0);
        let most = 0;
        for (let client = 0; client < 60; client += 1) {
          const socket = connect({ host: hostname, port: Number(port) });
          // With a cookie the application is asked each time, which takes a moment.
          socket.write([`GET ${target} HTTP/1.1`, 'Host: a', 'Cookie: a=b', ...more, '\r\n'].join('\r\n'));
          await delay(client % 6);
          socket.resetAndDestroy();
          most = Math.max(most, countAll());
        }
        assert.ok(most > 0, 'nobody was ever let in');
        await waitUntil('all to be let out', () => {
          return countAll() === 0 && [...hub.listenersOf()].length === 0;
        });
      });
    }
  });
});
