/** A client of the protocol package sends frames of its own to a real server, and hears what came of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveredFrame } from '@signpost/protocol/client/subscribe/receiver';
import { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
import { createRoot, installServerKey, startServer } from '../support/server.ts';

test('what a client publishes over its WebSocket comes back to it in a frame of the server', async (t) => {
  const server = await startServer(t);
  const root = await createRoot(server);
  await installServerKey(server, '*', root);
  await server.json('push', 'create-channel', 'app.chat');
  const headers = { Authorization: `Bearer ${server.env.SIGNPOST_API_KEY}` };
  const webSocket = class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, { protocols, headers } as unknown as string[]);
    }
  };
  const heard = Promise.withResolvers<DeliveredFrame>();
  const opened = Promise.withResolvers<void>();
  const subscription = subscribe({
    ...{ base: server.base, roots: [root], fetch, now: Date.now, webSocket, session: true },
    store: { read: async () => undefined, write: async () => undefined },
    channels: ['app.chat'],
    transports: ['web-socket'],
    headers: () => headers,
    onFrame: heard.resolve,
    onGap: ({ reason }) => heard.reject(new Error(reason)),
    onState: () => opened.resolve(),
  });
  const early = subscription.send('client.publish', { channel: 'app.chat', type: 'app.message' });
  await assert.rejects(early, { code: 'fetch_failed' });
  await opened.promise;
  const message = { channel: 'app.chat', type: 'app.message', data: { text: 'hello' } };
  const { answered } = await subscription.send('client.publish', message);
  const { payload } = await heard.promise;
  assert.deepEqual({ ...payload.data }, { text: 'hello' });
  assert.deepEqual(await answered, { epoch: payload.epoch, sequence: payload.sequence });
  await assert.rejects(subscription.send('client.publish', { channel: 'app.chat' }), { code: 'malformed' });
  const acknowledged = await subscription.send('client.acknowledge', { cursor: String(subscription.cursor) });
  assert.equal(await acknowledged.answered, undefined);
  const refused = await subscription.send('client.publish', { ...message, channel: 'app.nowhere' });
  await assert.rejects(refused.answered, { code: 'fetch_failed' });
  await subscription.close();
});
