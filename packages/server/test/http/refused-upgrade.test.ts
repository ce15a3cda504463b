/** Handshakes that are refused: nobody may keep their connection, and the descriptor behind it, after the answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { openPushScene } from '../push/scene.ts';

const behaviours: readonly (readonly [string, (client: Socket) => void])[] = [
  [
    'never closes its side',
    // Only what is sent to a connection that is gone is answered by a reset.
    (client) => {
      const sending = setInterval(() => client.write('x'), 100);
      client.once('close', () => clearInterval(sending));
    },
  ],
  ['sends on and closes its side', (client) => client.end('x'.repeat(1000))],
];
for (const [what, behave] of behaviours) {
  test(`a client that ${what} after its handshake was refused is cut off`, async (t) => {
    const scene = await openPushScene();
    t.after(() => scene.close());
    const { hostname, port } = new URL(scene.url);
    const client = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    t.after(() => client.destroy());
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    const lines = ['GET /api/push/ws?channels=trust HTTP/1.1', 'Host: a', 'Upgrade: websocket', 'Connection: Upgrade'];
    client.write(`${lines.join('\r\n')}\r\n\r\n`);
    const [answer] = await once(client, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 400 /);
    behave(client);
    await closed;
  });
}
