/** A push plane on the loopback, as small as it gets: one channel, and whatever a test wants done wrong. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type FramePayload, firstPrev } from '@signpost/protocol/frames/frame';
import type { FrameSigner } from '@signpost/protocol/frames/frame-key';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import { pushKey, pushKeyEntry, signTrust } from '../../documents.ts';
import { createChannelKey, createPayload, epoch, type TestChannelKey } from '../../frames/documents.ts';

/** How often the head is stated, in milliseconds. */
export const heartbeatMs = 60;

/** What a frame of the log says, when a test does not mind. */
export const release = { type: 'release.activated', data: { project: 'demo', version: '1.2.0' } } as const;

/** A running push plane whose faults are its public members. */
export class PushServer {
  readonly requests: string[] = [];
  /** Paths that are answered with a status, and what stands in `Retry-After`. */
  readonly refusals = new Map<string, { readonly status: number; readonly retryAfter?: string }>();
  /** What else is served, by path: pages and scripts. */
  readonly pages = new Map<string, { readonly type: string; readonly body: string }>();
  trust = '';
  certificates: readonly string[] = [];
  key: TestChannelKey;
  /** Sequences that streams leave out. */
  readonly dropped = new Set<number>();
  /** Whether streams are swallowed whole, as by a proxy that buffers. */
  buffers = false;
  /** Whether WebSockets come through. */
  upgrades = true;
  /** What `POST /api/push/keys` answers. */
  sessionKey: object | undefined;
  readonly channel: string;
  readonly #log: { readonly text: string; readonly hash: string }[] = [];
  readonly #streams = new Set<(text: string) => void>();
  readonly #ends = new Set<() => void>();
  readonly #upgraded = new Set<Duplex>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #beatMs: number;
  readonly #timer: NodeJS.Timeout;

  private constructor(key: TestChannelKey, channel: string, beatMs: number) {
    this.key = key;
    this.channel = channel;
    this.#beatMs = beatMs;
    this.#timer = setInterval(() => void this.#beat(), beatMs);
  }

  /** Starts a server with a channel key of now. */
  static async start(channel = 'releases', beatMs: number = heartbeatMs): Promise<PushServer> {
    const server = new PushServer(await createLiveKey('live'), channel, beatMs);
    server.trust = await signTrust({ push_keys: [pushKeyEntry(pushKey)] });
    server.certificates = [server.key.certificate];
    server.#server.on('upgrade', (request: IncomingMessage, socket: Duplex) => server.#upgrade(request, socket));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Publishes `count` frames and returns their texts. */
  async publish(
    count: number,
    changes: Partial<FramePayload> = release,
    signer: FrameSigner = this.key,
  ): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let index = 0; index < count; index++) {
      const payload = { ...this.#headPayload(), ...changes, sequence: this.#log.length + 1 };
      const frame = await writeFrame(signer, payload, { ts: Date.now() });
      this.#log.push(frame);
      texts.push(frame.text);
      if (!this.dropped.has(this.#log.length)) this.#send(frame.text);
    }
    return texts;
  }

  /** Sends `text` on all streams, whatever it is. */
  inject(text: string): void {
    this.#send(text);
  }

  /** Ends all streams, as a server does that stops. */
  drain(): void {
    for (const end of [...this.#ends]) end();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.drain();
    for (const socket of this.#upgraded) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #headPayload(): FramePayload {
    const prev = this.#log.at(-1)?.hash ?? firstPrev(this.channel, epoch);
    return createPayload({ channel: this.channel, sequence: this.#log.length, prev });
  }

  async #writeHead(): Promise<string> {
    const payload = { ...this.#headPayload(), type: 'heartbeat', data: undefined };
    return (await writeFrame(this.key, payload, { ts: Date.now() })).text;
  }

  async #beat(): Promise<void> {
    if (this.#streams.size > 0) this.#send(await this.#writeHead());
  }

  #send(text: string): void {
    for (const send of this.#streams) send(text);
  }

  #after(request: IncomingMessage): readonly string[] {
    const since = new URL(request.url ?? '', 'http://localhost').searchParams.get('since');
    const after = since === null ? this.#log.length : Number(since.split('.').at(-1));
    return this.#log.slice(after).map(({ text }) => text);
  }

  #keys(): string {
    return `{"channel_keys":[${this.certificates.join(',')}]}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    this.requests.push(`${request.method} ${request.url}`);
    const refusal = this.refusals.get(path);
    if (refusal) {
      const { status, retryAfter } = refusal;
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
    } else if (path === '/api/signing/trust') response.end(this.trust);
    else if (path === '/api/push/keys')
      response.end(request.method === 'POST' ? JSON.stringify(this.sessionKey) : this.#keys());
    else if (path === '/api/push/stream') await this.#stream(request, response);
    else if (path === '/api/push/frames') await this.#poll(request, response);
    else this.#page(path, response);
  }

  #page(path: string, response: ServerResponse): void {
    const page = this.pages.get(path);
    if (page) response.writeHead(200, { 'content-type': page.type }).end(page.body);
    else response.writeHead(404).end();
  }

  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    if (this.buffers) return;
    response.write(`retry: 10\n\nevent: keys\ndata: ${this.#keys()}\n\n`);
    const missed = [...this.#after(request), await this.#writeHead()];
    response.write(missed.map((text) => `data: ${text}\n\n`).join(''));
    this.#join(
      (text) => response.write(`data: ${text}\n\n`),
      () => response.end(),
      response,
    );
  }

  async #poll(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wait = new URL(request.url ?? '', 'http://localhost').searchParams.get('wait');
    if (wait !== '0' && this.#after(request).length === 0)
      await new Promise((resolve) => setTimeout(resolve, this.#beatMs));
    const frames = [...this.#after(request), await this.#writeHead()];
    response.end(`{"frames":[${frames.join(',')}],"cursor":"x","keys":[${this.certificates.join(',')}]}`);
  }

  /** RFC 6455, 4.2.2 and 5.2: unmasked text messages below 64 KiB. */
  async #upgrade(request: IncomingMessage, socket: Duplex): Promise<void> {
    this.requests.push(`UPGRADE ${request.url}`);
    if (!this.upgrades) {
      socket.destroy();
      return;
    }
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: signpost.frames.v1\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => undefined);
    this.#upgraded.add(socket);
    const send = (text: string) => {
      const body = Buffer.from(text);
      const header = Buffer.from([0x81, 126, body.length >> 8, body.length & 0xff]);
      socket.write(Buffer.concat([header, body]));
    };
    send(this.#keys());
    send(`[${[...this.#after(request), await this.#writeHead()].join(',')}]`);
    const close = () => socket.end(Buffer.from([0x88, 2, this.closeCode >> 8, this.closeCode & 0xff]));
    this.#join((text) => send(`[${text}]`), close, socket);
  }

  /** With what WebSockets are closed. */
  closeCode = 3001;

  #join(send: (text: string) => void, end: () => void, stream: Duplex | ServerResponse): void {
    this.#streams.add(send);
    this.#ends.add(end);
    stream.on('close', () => {
      this.#streams.delete(send);
      this.#ends.delete(end);
    });
  }
}

/** A channel key in force for ten minutes from now on. */
export function createLiveKey(
  name: string,
  signer: Parameters<typeof createChannelKey>[1] = {},
): Promise<TestChannelKey> {
  return createChannelKey(name, { from: Date.now() - 1000, until: Date.now() + 600_000, ...signer });
}
