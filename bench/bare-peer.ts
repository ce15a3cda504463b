/** Starts the peer of what is served from one buffer: `node:http` alone with the same bytes and headers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Asks `url` once, and starts a server that goes on giving that answer. */
export async function startBareServer(url: string): Promise<{ url: string; stop: () => void }> {
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`expected an answer to repeat, got ${answer.status}`);
  const body = Buffer.from(await answer.arrayBuffer()).toString('base64');
  // Node adds these by itself, on both sides.
  const automatic = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'];
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !automatic.includes(name)));
  const child = fork(join(import.meta.dirname, 'bare-server.ts'));
  child.send({ body, headers });
  const [address] = (await once(child, 'message')) as [AddressInfo];
  return { url: `http://127.0.0.1:${address.port}/`, stop: () => child.disconnect() };
}
