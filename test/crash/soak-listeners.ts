/**
 * Thousands of listeners in one process, half by event streams and half by WebSockets, each as a client should be: it comes back after whatever happens, goes on from its cursor, and passes over what it has had.
 * Each message must be the one after the last. Run as a child process.
 */
import { get, type IncomingMessage } from 'node:http';
import { formatCursor } from '@signpost/protocol/frames/cursor';
import { WebSocket } from 'ws';
import type { SoakOrder, SoakReport } from './soak-orders.ts';
import { startVerifiers, type Verifier } from './soak-verifiers.ts';

/** The channel of the soak, and another one that goes along. */
const channels = 'app.soak,trust';

/** How many connections are made at a time. */
const width = 200;
const maxPauseMs = 1500;
const maxFindings = 50;

interface Listener {
  readonly way: 'event-stream' | 'web-socket';
  cursor: string | undefined;
  /** The sequence of the last frame, by channel. */
  readonly sequences: Map<string, number>;
  /** The number of the last message. */
  message: number | undefined;
  /** What ends the connection, while there is one. */
  cut: (() => void) | undefined;
}

interface Payload {
  readonly channel: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: { readonly message: number };
}

const listeners: Listener[] = [];
let verifiers: readonly Verifier[] = [];
const findings: string[] = [];
let repeated = 0;
let port = 0;
let connecting = 0;
const waiting: Listener[] = [];

function connect(listener: Listener): void {
  waiting.push(listener);
  while (connecting < width && waiting.length > 0) {
    const next = waiting.shift();
    if (next) open(next);
  }
}

function open(listener: Listener): void {
  connecting += 1;
  let isCounted = true;
  const settle = () => {
    if (isCounted) connecting -= 1;
    isCounted = false;
    const next = waiting.shift();
    if (next && connecting < width) open(next);
    else if (next) waiting.unshift(next);
  };
  const opened = (cut: () => void) => {
    settle();
    listener.cut = cut;
  };
  const again = () => {
    settle();
    listener.cut = undefined;
    setTimeout(() => connect(listener), Math.random() * maxPauseMs);
  };
  if (listener.way === 'web-socket') openSocket(listener, opened, again);
  else openStream(listener, opened, again);
}

function openStream(listener: Listener, opened: (cut: () => void) => void, again: () => void): void {
  const headers = listener.cursor === undefined ? {} : { 'last-event-id': listener.cursor };
  const path = `/api/push/stream?channels=${channels}`;
  const asked = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
    opened(() => response.destroy());
    judgeStatus(response);
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const events = `${rest}${chunk}`.split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) takeEvent(listener, event);
    });
    response.on('error', () => undefined);
  });
  asked.on('error', () => undefined);
  asked.on('close', again);
}

function openSocket(listener: Listener, opened: (cut: () => void) => void, again: () => void): void {
  const since = listener.cursor === undefined ? '' : `&since=${listener.cursor}`;
  const url = `ws://127.0.0.1:${port}/api/push/ws?channels=${channels}${since}`;
  const socket = new WebSocket(url, 'signpost.frames.v1', { perMessageDeflate: false });
  socket.on('open', () => opened(() => socket.terminate()));
  socket.on('unexpected-response', (_request, response) => {
    judgeStatus(response);
    socket.terminate();
  });
  socket.on('message', (data) => {
    const message: unknown = JSON.parse(String(data));
    if (!Array.isArray(message)) return;
    for (const { payload } of message as { payload: Payload }[]) {
      take(listener, payload);
      listener.cursor = formatCursor({ epoch: payload.epoch, sequences: listener.sequences });
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', again);
}

function judgeStatus({ statusCode }: IncomingMessage): void {
  if (statusCode !== 200 && statusCode !== 503) note(`an answer of status ${statusCode}`);
}

function takeEvent(listener: Listener, event: string): void {
  const data = /^data: (\{"kid.*)$/m.exec(event)?.[1];
  if (data === undefined) return;
  take(listener, JSON.parse(data).payload);
  listener.cursor = /^id: (.*)$/m.exec(event)?.[1] ?? listener.cursor;
}

function take(listener: Listener, { channel, sequence, type, data }: Payload): void {
  const last = listener.sequences.get(channel);
  if (type === 'snapshot') note(`${channel} was lost from ${last} on`);
  else if (type === 'heartbeat') {
    if (last === undefined) listener.sequences.set(channel, sequence);
  } else if (last !== undefined && sequence <= last) repeated += 1;
  else {
    if (last !== undefined && sequence !== last + 1) note(`${channel} went from ${last} to ${sequence}`);
    listener.sequences.set(channel, sequence);
    if (channel === 'app.soak') takeMessage(listener, data.message);
  }
}

function takeMessage(listener: Listener, message: number): void {
  if (listener.message !== undefined && message !== listener.message + 1) {
    note(`message ${message} came after ${listener.message}`);
  }
  listener.message = message;
}

function note(finding: string): void {
  if (findings.length < maxFindings) findings.push(finding);
}

function report(): SoakReport {
  return {
    connected:
      listeners.filter(({ cut }) => cut !== undefined).length +
      verifiers.filter(({ isConnected }) => isConnected).length,
    lowest: Math.min(...[...listeners, ...verifiers].map(({ message }) => message ?? 0)),
    repeated,
    findings,
    residentKib: process.memoryUsage.rss() / 1024,
  };
}

process.on('message', (order: SoakOrder) => {
  switch (order.kind) {
    case 'listen':
      port = order.port;
      for (let index = 0; index < order.count; index += 1) {
        const way = index % 2 === 0 ? 'event-stream' : 'web-socket';
        const listener: Listener = { way, cursor: undefined, sequences: new Map(), message: undefined, cut: undefined };
        listeners.push(listener);
        connect(listener);
      }
      verifiers = startVerifiers(order, note);
      break;
    case 'cut':
      for (const { cut } of listeners) if (Math.random() < order.share) cut?.();
      break;
    case 'report':
      process.send?.(report());
      break;
  }
});
process.once('disconnect', () => process.exit());
