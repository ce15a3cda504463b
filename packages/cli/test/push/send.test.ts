/** A client of the protocol package sends frames of its own to a real server, and hears what came of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  const heard = Promise.withResolvers<unknown>();
  const opened = Promise.withResolvers<void>();
  const subscription = subscribe({
    ...{ base: server.base, roots: [root], fetch, now: Date.now, webSocket, session: true },
    store: { read: async () => undefined, write: async () => undefined },
    channels: ['app.chat'],
    transports: ['web-socket'],
    headers: () => headers,
    onFrame: ({ payload }) => heard.resolve(payload.data),
    onGap: ({ reason }) => heard.reject(new Error(reason)),
    onState: () => opened.resolve(),
  });
  const early = subscription.send('client.publish', { channel: 'app.chat', type: 'app.message' });
  await assert.rejects(early, { code: 'fetch_failed' });
  await opened.promise;
  const message = { channel: 'app.chat', type: 'app.message', data: { text: 'hello' } };
  await subscription.send('client.publish', message);
  assert.deepEqual({ ...((await heard.promise) as object) }, { text: 'hello' });
  await assert.rejects(subscription.send('client.publish', { channel: 'app.chat' }), { code: 'malformed' });
  await subscription.send('client.acknowledge', { cursor: String(subscription.cursor) });
  await subscription.close();
});
