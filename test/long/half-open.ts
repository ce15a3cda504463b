/**
 * 10,000 connections that never say what they want, or as many as are named, to a server in service: `node -C @signpost/source
 * test/long/half-open.ts 10000`. Others are answered meanwhile, and all of them are cut off. A minute; not part of `npm test`.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { argv } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { readResidentKib } from '../programs/process-usage.ts';
import { install, startServer } from '../programs/server.ts';

const count = Number(argv[2] ?? 10_000);
const beginnings = ['', 'GET ', 'GET /api/push/stream?channels=trust HTTP/1.1\r\nHost: a\r\n'];
const patienceMs = 60_000;
const kibEach = 20;

const installation = await install();
const server = await startServer(installation);
const pid = server.process.pid ?? 0;
const { port } = new URL(server.base);
let open = 0;

try {
  const before = readResidentKib(pid);
  for (let at = 0; at < count; at += 500) await Promise.all(Array.from({ length: Math.min(500, count - at) }, openOne));
  const started = performance.now();
  const most = open;
  let slowestMs = 0;
  let peak = before;
  while (open > 0 && performance.now() - started < patienceMs) {
    const asked = performance.now();
    const answer = await fetch(`${server.base}/api/health`);
    if (answer.status !== 200) throw new Error(`expected 200, got ${answer.status}`);
    slowestMs = Math.max(slowestMs, performance.now() - asked);
    peak = Math.max(peak, readResidentKib(pid));
    await delay(200);
  }
  const kib = (peak - before) / count;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${most} half-open, ${open} left after ${seconds} s; ${kib.toFixed(1)} KiB each; others answered within ${slowestMs.toFixed(0)} ms`,
  );
  process.exitCode = open === 0 && kib < kibEach ? 0 : 1;
} finally {
  await server.stop();
  await installation.remove();
}

async function openOne(): Promise<Socket> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  const beginning = beginnings[open % beginnings.length] ?? '';
  open += 1;
  socket.on('close', () => {
    open -= 1;
  });
  if (beginning !== '') socket.write(beginning);
  return socket;
}
