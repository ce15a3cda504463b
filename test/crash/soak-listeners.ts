/**
 * Thousands of listeners in one process, each as a client should be: it comes back after whatever happens, goes on from its cursor, and passes over what it has had.
 * Each message must be the one after the last. Run as a child process.
 */
import { get, type IncomingMessage } from 'node:http';
import type { SoakOrder, SoakReport } from './soak-orders.ts';

/** The channel of the soak, and another one that goes along. */
const channels = 'app.soak,trust';

/** How many connections are made at a time. */
const width = 200;
const maxPauseMs = 1500;
const maxFindings = 50;

interface Listener {
  cursor: string | undefined;
  /** The sequence of the last frame, by channel. */
  readonly sequences: Map<string, number>;
  /** The number of the last message. */
  message: number | undefined;
  response: IncomingMessage | undefined;
}

const listeners: Listener[] = [];
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
  const again = () => {
    settle();
    if (listener.response === undefined) return;
    listener.response = undefined;
    setTimeout(() => connect(listener), Math.random() * maxPauseMs);
  };
  const headers = listener.cursor === undefined ? {} : { 'last-event-id': listener.cursor };
  const path = `/api/push/stream?channels=${channels}`;
  const asked = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
    settle();
    listener.response = response;
    if (response.statusCode !== 200 && response.statusCode !== 503) note(`an answer of status ${response.statusCode}`);
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const events = `${rest}${chunk}`.split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) take(listener, event);
    });
    response.on('error', () => undefined);
    response.on('close', again);
  });
  asked.on('error', () => {
    settle();
    if (listener.response === undefined) setTimeout(() => connect(listener), Math.random() * maxPauseMs);
  });
}

function take(listener: Listener, event: string): void {
  const data = /^data: (\{"kid.*)$/m.exec(event)?.[1];
  if (data === undefined) return;
  const { channel, sequence, type, data: said } = JSON.parse(data).payload;
  const last = listener.sequences.get(channel);
  if (type === 'snapshot') note(`${channel} was lost from ${last} on`);
  else if (type === 'heartbeat') {
    if (last === undefined) listener.sequences.set(channel, sequence);
  } else if (last !== undefined && sequence <= last) repeated += 1;
  else {
    if (last !== undefined && sequence !== last + 1) note(`${channel} went from ${last} to ${sequence}`);
    listener.sequences.set(channel, sequence);
    if (channel === 'app.soak') takeMessage(listener, said.message);
  }
  listener.cursor = /^id: (.*)$/m.exec(event)?.[1] ?? listener.cursor;
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
    connected: listeners.filter(({ response }) => response !== undefined).length,
    lowest: Math.min(...listeners.map(({ message }) => message ?? 0)),
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
        const listener: Listener = { cursor: undefined, sequences: new Map(), message: undefined, response: undefined };
        listeners.push(listener);
        connect(listener);
      }
      break;
    case 'cut':
      for (const { response } of listeners) if (Math.random() < order.share) response?.destroy();
      break;
    case 'report':
      process.send?.(report());
      break;
  }
});
process.once('disconnect', () => process.exit());
