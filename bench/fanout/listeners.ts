/** Many listeners in one process: they connect, count the frames that arrive, and read the time out of some. Run as a child process. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Latencies, ListenerOrder, ListenerReport } from './orders.ts';

/** Stands once in each frame, and in nothing that goes around it. */
const mark = Buffer.from('~~');
const timeName = Buffer.from('"t":');
const signedName = Buffer.from('"ts":');

interface Listener {
  readonly socket: Socket;
  received: number;
  /** The last octet of a chunk, when it could be the first half of a mark. */
  isHalf: boolean;
}

const listeners: Listener[] = [];
let expected = Number.POSITIVE_INFINITY;
let complete = 0;
let total = 0;
let latencies: Latencies | undefined;
let report: (() => void) | undefined;

function take(listener: Listener, chunk: Buffer): void {
  const count = countMarks(listener, chunk);
  if (count === 0) return;
  const before = listener.received;
  listener.received += count;
  total += count;
  if (latencies) noteLatencies(latencies, chunk);
  if (before < expected && listener.received >= expected) {
    complete += 1;
    report?.();
  }
}

function countMarks(listener: Listener, chunk: Buffer): number {
  let count = listener.isHalf && chunk[0] === 0x7e ? 1 : 0;
  let at = chunk.indexOf(mark);
  while (at >= 0) {
    count += 1;
    at = chunk.indexOf(mark, at + 2);
  }
  listener.isHalf = chunk.at(-1) === 0x7e && chunk.at(-2) !== 0x7e;
  return count;
}

// A thousand listeners read each frame here, one after the other: what this takes stands in the figures of the last of them.
function noteLatencies({ published, signed }: Latencies, chunk: Buffer): void {
  const now = performance.timeOrigin + performance.now();
  for (const microseconds of listNumbers(chunk, timeName, 16)) published.push(roundMs(now - microseconds / 1000));
  for (const milliseconds of listNumbers(chunk, signedName, 13)) signed.push(roundMs(now - milliseconds));
}

/** The numbers of so many digits that follow `name`; what the end of a chunk cuts off is left out. */
function listNumbers(chunk: Buffer, name: Buffer, digits: number): number[] {
  const found: number[] = [];
  for (let at = chunk.indexOf(name); at >= 0; at = chunk.indexOf(name, at)) {
    at += name.length;
    if (at + digits > chunk.length) break;
    let value = 0;
    for (const end = at + digits; at < end; at += 1) value = value * 10 + ((chunk[at] ?? 0) - 0x30);
    found.push(value);
  }
  return found;
}

function roundMs(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** One buffer for all: what is read is counted at once, and kept by nobody. */
const shared = Buffer.alloc(256 * 1024);

interface Opening {
  readonly port: number;
  readonly request: string;
  readonly hello?: string | undefined;
}

async function open({ port, request, hello }: Opening): Promise<void> {
  let opened: (() => void) | undefined;
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const listener: Listener = {
    socket: connect({
      ...{ port, host: '127.0.0.1' },
      onread: {
        buffer: shared,
        callback: (length) => {
          take(listener, shared.subarray(0, length));
          opened?.();
          opened = undefined;
          return true;
        },
      },
    }),
    received: 0,
    isHalf: false,
  };
  listener.socket.on('error', () => undefined);
  // Random octets cost what a connection does.
  const isHandshake = request.includes('{key}');
  listener.socket.write(isHandshake ? request.replace('{key}', randomBytes(16).toString('base64')) : request);
  await isOpen;
  if (hello !== undefined) listener.socket.write(Buffer.from(hello, 'base64'));
  listeners.push(listener);
}

async function connectAll(order: Extract<ListenerOrder, { kind: 'connect' }>): Promise<void> {
  let left = order.count;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      await open(order);
    }
  };
  await Promise.all(Array.from({ length: 100 }, work));
  send({ kind: 'connected', count: listeners.length });
}

/** So many handshakes are under way at a time: more than the kernel queues are answered a second later, by whichever server. */
const stormWidth = 2000;

/** Connects all of them without a pause, and tells when each has got `frames`. */
function storm(order: Extract<ListenerOrder, { kind: 'storm' }>): void {
  [expected, complete, total] = [order.frames, 0, 0];
  report = () => {
    if (complete === order.count) send({ kind: 'received', total });
  };
  let left = order.count;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      await open(order);
    }
  };
  for (let index = 0; index < stormWidth; index += 1) void work();
}

/** Tells when all who read have got `count` more frames. */
function expect(count: number): void {
  const reading = listeners.filter(({ socket }) => !socket.isPaused());
  for (const listener of reading) listener.received = 0;
  [expected, complete, total] = [count, 0, 0];
  report = () => {
    if (complete < reading.length) return;
    report = undefined;
    send({ kind: 'received', total });
  };
}

function send(message: ListenerReport): void {
  process.send?.(message);
}

process.on('message', (order: ListenerOrder) => {
  switch (order.kind) {
    case 'connect':
      void connectAll(order);
      break;
    case 'storm':
      storm(order);
      break;
    case 'expect':
      expect(order.count);
      send({ kind: 'ready' });
      break;
    case 'pause':
      for (const { socket } of listeners.slice(0, order.count)) socket.pause();
      send({ kind: 'ready' });
      break;
    case 'time':
      latencies = { published: [], signed: [] };
      send({ kind: 'ready' });
      break;
    case 'latencies':
      send({ kind: 'latencies', published: [], signed: [], ...latencies });
      latencies = undefined;
      break;
  }
});
process.once('disconnect', () => process.exit());
