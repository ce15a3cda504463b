/** The servers of the fan-out: ours, with every frame signed and durable, and the peers, which keep and sign nothing. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { waitForAnswer } from '../../test/programs/answer.ts';
import type { Deployment } from '../signpost.ts';
import { stopChild } from '../stop-child.ts';

/** A server with a way to publish. */
export interface Contestant {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** What a listener sends to listen. */
  readonly request: string;
  /** What it sends after the first answer, in base64. */
  readonly hello?: string | undefined;
  /** Publishes all of them, as fast as the server takes them. */
  publish(frames: readonly Frame[]): Promise<void>;
  stop(): Promise<void>;
}

/** What a frame carries: 200 octets with the mark, and the time in Unix microseconds. */
export interface Frame {
  readonly mark: string;
  readonly t: number;
}

/** A frame of the usual length. */
export function createFrame(): Frame {
  return { mark: `~~${'x'.repeat(120)}`, t: Math.round((performance.timeOrigin + performance.now()) * 1000) };
}

const accept = 'Host: 127.0.0.1\r\nAccept: text/event-stream\r\n';
const upgrade = `Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n`;

/** All listeners come from one address. */
export const manyListeners = {
  SIGNPOST_PUSH_CONNECTIONS: '0',
  SIGNPOST_PUSH_CONNECTIONS_PER_ADDRESS: '0',
} as const;

/** The channel that ours broadcasts on. */
const channel = 'app.bench';

/** Ours: frames are published over HTTP, stored, chained and signed before they go out. */
export async function openOurs({ server, operator }: Deployment, transport: 'sse' | 'websocket'): Promise<Contestant> {
  const { port } = new URL(server.base);
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  const path = `/api/push/channels/${channel}/frames`;
  const options = { port, host: '127.0.0.1', path, method: 'POST', agent };
  return {
    name: `Signpost, ${transport}`,
    ...{ pid: server.process.pid ?? 0, port: Number(port) },
    request:
      transport === 'sse'
        ? `GET /api/push/stream?channels=${channel} HTTP/1.1\r\n${accept}\r\n`
        : `GET /api/push/ws?channels=${channel} HTTP/1.1\r\n${upgrade}Sec-WebSocket-Protocol: signpost.frames.v1\r\n\r\n`,
    publish: async (frames) => {
      await Promise.all(
        frames.map(async (data) => {
          const body = JSON.stringify({ type: 'app.bench', data });
          const headers = { ...operator.headers, 'content-type': 'application/json', 'content-length': body.length };
          const asking = request({ ...options, headers });
          asking.end(body);
          const [response] = await once(asking, 'response');
          response.resume();
          if (response.statusCode !== 202) throw new Error(`expected 202, got ${response.statusCode}`);
          await once(response, 'end');
        }),
      );
    },
    stop: async () => agent.destroy(),
  };
}

/** Makes the channel that anybody may listen to. */
export async function createBenchChannel({ operator }: Deployment): Promise<void> {
  await operator.call('POST', '/api/push/channels', { name: channel, visibility: 'public' });
}

/** Where the channel's readers stand now. */
export async function readCursor({ operator }: Deployment): Promise<string> {
  const { channels } = await operator.call('GET', '/api/push/channels');
  const found = channels.find(({ name }: { name: string }) => name === channel);
  return `${found.epoch}:${channel}.${found.head}`;
}

/** The request of somebody who has read up to `cursor`. */
export function requestSince(cursor: string): string {
  return `GET /api/push/stream?channels=${channel}&since=${encodeURIComponent(cursor)} HTTP/1.1\r\n${accept}\r\n`;
}

const peerRequests: Readonly<Record<string, Pick<Contestant, 'request' | 'hello'>>> = {
  ws: { request: `GET / HTTP/1.1\r\n${upgrade}\r\n` },
  // "40", masked: how its clients join.
  'socket.io': {
    request: `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${upgrade}\r\n`,
    hello: Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]).toString('base64'),
  },
  'better-sse': { request: `GET / HTTP/1.1\r\n${accept}\r\n` },
};

/** A peer on Node. */
export async function openPeer(name: string): Promise<Contestant> {
  const known = peerRequests[name];
  if (!known) throw new Error(`expected a peer, got ${name}`);
  const child = fork(join(import.meta.dirname, 'peer-server.ts'), [name]);
  const [port] = (await once(child, 'message')) as [number];
  return {
    ...{ name, pid: child.pid ?? 0, port, ...known },
    publish: async (frames) => {
      child.send(frames.map((frame) => JSON.stringify(frame)));
    },
    stop: () => stopChild(child),
  };
}

/** The request of somebody whom nchan sends all that it keeps. */
export const nchanFromOldest = `GET /missed HTTP/1.1\r\n${accept}\r\n`;

/** nginx with nchan. */
export async function openNchan(scratch: string, transport: 'sse' | 'websocket'): Promise<Contestant> {
  const port = await chooseFreePort();
  await mkdir(scratch, { recursive: true });
  const configuration = join(scratch, 'nchan.conf');
  await writeFile(configuration, formatNchan(scratch, port));
  const child = spawn('nginx', ['-c', configuration, '-p', scratch, '-e', join(scratch, 'error.log')], {
    stdio: 'inherit',
  });
  await waitForAnswer(`http://127.0.0.1:${port}/alive`);
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  const options = { port, host: '127.0.0.1', path: '/pub', method: 'POST', agent };
  return {
    name: `nchan, ${transport}`,
    ...{ pid: await findWorker(child.pid ?? 0), port },
    request: `GET /sub HTTP/1.1\r\n${transport === 'sse' ? accept : upgrade}\r\n`,
    publish: async (frames) => {
      await Promise.all(
        frames.map(async (frame) => {
          const asking = request(options);
          asking.end(JSON.stringify(frame));
          const [response] = await once(asking, 'response');
          response.resume();
          await once(response, 'end');
        }),
      );
    },
    stop: () => {
      agent.destroy();
      return stopChild(child);
    },
  };
}

function formatNchan(scratch: string, port: number): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
${user}
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${scratch}/nchan.pid;
error_log ${scratch}/error.log;
events { worker_connections 15000; }
http {
  access_log off;
  client_body_temp_path ${scratch}/body;
  proxy_temp_path ${scratch}/proxy;
  fastcgi_temp_path ${scratch}/fastcgi;
  uwsgi_temp_path ${scratch}/uwsgi;
  scgi_temp_path ${scratch}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /alive { return 200; }
    location = /pub { nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 1000; }
    location = /sub { nchan_subscriber; nchan_channel_id bench; nchan_subscriber_first_message newest; }
    location = /missed { nchan_subscriber; nchan_channel_id bench; nchan_subscriber_first_message oldest; }
  }
}
`;
}

/** nginx's master does nothing but watch its one worker. */
async function findWorker(master: number): Promise<number> {
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'latin1');
  return Number(children.trim().split(' ')[0]);
}
