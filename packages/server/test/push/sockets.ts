/** WebSockets as clients use them, and frames that they send. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { openSessionKey, type SessionKey } from '@signpost/protocol/frames/session-key';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { isLogged } from './listening.ts';
import type { PushScene } from './scene.ts';

/** Somebody who listens and has a session key. */
export interface Member {
  readonly listener: Awaited<ReturnType<typeof openSocket>>;
  readonly key: SessionKey;
}

/** Opens a WebSocket, on `trust`, and a session key. */
export async function openMember(scene: PushScene, as: Readonly<Record<string, string>>): Promise<Member> {
  const answer = await scene.ask('POST', '/api/push/keys', { as });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const { kid, secret, channels, expiresAt } = (await answer.json()) as Record<string, string> & { channels: string[] };
  const key = await openSessionKey({
    ...{ kid: kid ?? '', secret: new Uint8Array(Buffer.from(secret ?? '', 'base64')), channels },
    ...{ notBefore: scene.now(), notAfter: Date.parse(expiresAt ?? '') },
  });
  return { listener: await openSocket(scene, 'channels=trust', as), key };
}

/** Opens a WebSocket. */
export async function openSocket(scene: PushScene, query: string, headers: Readonly<Record<string, string>> = {}) {
  const target = `${scene.url.replace('http', 'ws')}/api/push/ws?${query}`;
  const socket = new WebSocket(target, 'signpost.frames.v1', { headers });
  const texts: string[] = [];
  const watchers = new Set<() => void>();
  socket.on('message', (data) => {
    const value: unknown = JSON.parse(String(data));
    if (Array.isArray(value)) {
      assert.ok(value.length >= 1 && value.length <= 10);
      texts.push(...value.map((frame) => JSON.stringify(frame)));
    }
    for (const look of watchers) look();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return {
    ...{ socket, texts, closed },
    frames: () => texts.filter(isLogged),
    until: async (holds: () => boolean) => {
      if (holds()) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('expected something to come within two minutes')), 120_000);
        watchers.add(() => {
          if (!holds()) return;
          clearTimeout(timer);
          resolve();
        });
      });
    },
    send: async (key: SessionKey, type: string, data: SignableObject) => {
      const text = await write(key, type, data, scene.now());
      socket.send(text);
      return text;
    },
  };
}

/** A frame of a client. */
export async function write(
  key: SessionKey,
  type: string,
  data: SignableObject,
  ts = Date.parse('2026-11-21T09:00:00Z'),
) {
  const payload = {
    channel: key.channels[0] ?? '',
    epoch: '0123456789abcdef',
    sequence: 1,
    prev: Buffer.alloc(32).toString('base64'),
    type,
    data,
  };
  return (await writeFrame(key, payload, { ts })).text;
}

/** So many acknowledgements. */
export function writeMany(key: SessionKey, { now }: Pick<PushScene, 'now'>, count: number): Promise<string[]> {
  const data = { cursor: '0123456789abcdef:trust.1' };
  return Promise.all(Array.from({ length: count }, () => write(key, 'client.acknowledge', data, now())));
}

/** The network below a WebSocket, for what the library would not send. */
export function networkOf(socket: WebSocket): Socket {
  return (socket as unknown as { _socket: Socket })._socket;
}

/** Sends messages in one chunk. */
export function sendTogether(socket: WebSocket, texts: readonly string[]): void {
  const network = networkOf(socket);
  network.cork();
  for (const text of texts) socket.send(text);
  network.uncork();
}

/** The value of a figure with its labels; 0 before it was counted. */
export async function readFigure(figures: Registry, name: string): Promise<number> {
  const lines = (await figures.metrics()).split('\n');
  return Number(
    lines
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')
      .at(-1) ?? 0,
  );
}
