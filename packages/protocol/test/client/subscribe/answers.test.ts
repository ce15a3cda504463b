import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
import { hashFrame, parseFrame } from '@signpost/protocol/frames/frame';
import { SessionFrames } from '@signpost/protocol/frames/session-frames';
import { openSessionKey, type SessionKey } from '@signpost/protocol/frames/session-key';
import { rootA } from '../../documents.ts';
import { epoch, sessionSecret } from '../../frames/documents.ts';
import { waitUntil } from '../../wait-until.ts';
import { MemoryStore } from '../world.ts';
import { PushServer } from './push-server.ts';
import { TestSocket } from './test-socket.ts';

const place = { epoch, sequence: 8 };
/** Nobody beats on these connections, and none is to be cut for that. */
const heartbeatMs = 60_000;

test('an answer counts when the session key signed it, once, and for the frame that it names', async () => {
  await using scene = await openScene();
  const { socket, subscription, refused, send } = scene;
  const first = await send();
  const second = await send();
  const answer = await scene.write(second.hash, place);
  socket.hear(`[${await scene.write(first.hash, undefined, await openKey('b', scene.kid))}]`);
  await waitUntil('the forged answer to be refused', () => refused.length === 1);
  socket.hear(`[${socket.sent[0]}]`);
  await waitUntil('the frame that was sent back to be refused', () => refused.length === 2);
  socket.hear(`[${await scene.write(hashFrame(parseFrame(answer)), place)}]`);
  await waitUntil('the answer to nothing to be refused', () => refused.length === 3);
  socket.hear(`[${answer},${answer}]`);
  assert.deepEqual(await second.answered, place);
  socket.hear(`[${await scene.write(first.hash, undefined)}]`);
  assert.equal(await first.answered, undefined);
  assert.deepEqual(refused, ['bad_signature', 'payload_invalid', 'payload_invalid', 'replayed']);
  await subscription.close();
});

test('what was not answered when the connection ends is rejected, and the next connection has answers of its own', async () => {
  await using scene = await openScene();
  const lost = await scene.send();
  scene.socket.close();
  await assert.rejects(lost.answered, { code: 'fetch_failed' });
  await waitUntil('another connection', () => TestSocket.opened.length === 2);
  await scene.subscription.close();
});

/** A subscription that is connected, with a session key, and its server. */
async function openScene() {
  const server = await PushServer.start();
  const kid = `s_${'a'.repeat(32)}`;
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const secret = encodeBase64(sessionSecret('a'));
  server.sessionKey = { kid, channels: ['session.1'], secret, algorithm: 'sha256', expiresAt };
  const key = await openKey('a', kid);
  const frames = new SessionFrames();
  const refused: string[] = [];
  const opened = Promise.withResolvers<void>();
  TestSocket.opened = [];
  const subscription = subscribe({
    ...{ base: server.base, roots: [rootA.pubkeyB64], store: new MemoryStore(), fetch, now: Date.now },
    ...{ channels: ['releases'], heartbeatMs, random: () => 0.02, session: true, transports: ['web-socket'] },
    webSocket: TestSocket as unknown as typeof WebSocket,
    onFrame: () => undefined,
    onGap: () => undefined,
    onRefused: (reason) => void refused.push(reason),
    onConnection: ({ kind }) => void (kind === 'open' && opened.resolve()),
  });
  await opened.promise;
  const [socket = assert.fail('expected a connection')] = TestSocket.opened;
  return {
    ...{ kid, socket, subscription, refused },
    /** Sends a frame; `hash` is what an answer names it by. */
    send: async () => {
      const sent = await subscription.send('client.acknowledge', { cursor: `${epoch}:releases.7` });
      return { ...sent, hash: hashFrame(parseFrame(socket.sent.at(-1) ?? '')) };
    },
    /** An answer as the server writes it. */
    write: async (answers: string, published: typeof place | undefined, signer: SessionKey = key) => {
      const data = { answers, ...published };
      return (await frames.write(signer, { type: 'session.answered', data, ts: Date.now() })).text;
    },
    [Symbol.asyncDispose]: async () => {
      await subscription.close();
      await server.close();
    },
  };
}

function openKey(name: string, kid: string): Promise<SessionKey> {
  const times = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 540_000 };
  return openSessionKey({ kid, secret: sessionSecret(name), channels: ['session.1'], ...times });
}
