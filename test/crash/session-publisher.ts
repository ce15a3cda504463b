/** Publishes over a WebSocket by frames of a session key, and believes only what is answered under that key. */
import { once } from 'node:events';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { SessionFrames } from '@signpost/protocol/frames/session-frames';
import { openSessionKey, type SessionKey } from '@signpost/protocol/frames/session-key';
import { verifyFrame } from '@signpost/protocol/frames/verify-frame';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { WebSocket } from 'ws';
import type { Operator } from '../programs/operator.ts';

/** An open connection. */
export interface SessionPublisher {
  /** Publishes, and resolves with the sequence that was answered. Rejects when the connection ends before that. */
  publish(data: SignableObject): Promise<number>;
}

/** Gets a session key and opens a connection on `channel`. Throws when either cannot be had. */
export async function openSessionPublisher(operator: Operator, channel: string): Promise<SessionPublisher> {
  const key = await fetchKey(operator);
  const target = `${operator.base.replace('http', 'ws')}/api/push/ws?channels=${channel}`;
  const socket = new WebSocket(target, 'signpost.frames.v1', { headers: operator.headers });
  const waiting = new Map<string, PromiseWithResolvers<number>>();
  const window = new ReplayWindow();
  const takeAnswer = async (text: string) => {
    const { known } = await verifyFrame(text, { keys: { find: () => key }, window, now: Date.now() });
    if (known?.type === 'session.answered') {
      waiting.get(String(known.data?.answers))?.resolve(Number(known.data?.sequence));
    }
  };
  socket.on('message', (message) => {
    for (const text of listAnswers(String(message), key)) void takeAnswer(text);
  });
  socket.on('error', () => undefined);
  socket.on('close', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the connection was closed with code ${code}`));
  });
  await Promise.race([once(socket, 'open'), once(socket, 'close').then(throwClosed)]);
  const frames = new SessionFrames();
  return {
    publish: async (data) => {
      const { text, hash } = await frames.write(key, { type: 'client.publish', data, ts: Date.now() });
      if (socket.readyState !== WebSocket.OPEN) throw new Error('the connection is closed');
      const answered = Promise.withResolvers<number>();
      waiting.set(hash, answered);
      socket.send(text);
      return answered.promise.finally(() => waiting.delete(hash));
    },
  };
}

async function fetchKey(operator: Operator): Promise<SessionKey> {
  const { kid, secret, channels, expiresAt } = await operator.call('POST', '/api/push/keys');
  return openSessionKey({
    ...{ kid, secret: new Uint8Array(Buffer.from(secret, 'base64')), channels },
    ...{ notBefore: 0, notAfter: Date.parse(expiresAt) },
  });
}

/** The frames of a message that the session key is said to have signed; what others signed is for listeners. */
function listAnswers(message: string, { kid }: SessionKey): string[] {
  const value: unknown = JSON.parse(message);
  if (!Array.isArray(value)) return [];
  return value.filter((frame: { kid?: unknown }) => frame.kid === kid).map((frame) => JSON.stringify(frame));
}

function throwClosed(): never {
  throw new Error('expected the connection to open');
}
