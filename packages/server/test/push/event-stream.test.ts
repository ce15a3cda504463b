import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { EventStream } from '../../src/push/sse/event-stream.ts';

/** Above what the system buffers for a connection, and what leaves at once. */
const [much, little] = [Buffer.alloc(64 * 1024 * 1024, '\n'), Buffer.alloc(256 * 1024, '\n')];

test('a client that does not read on is cut off when its stream ends, whatever is on its way to it', async (t) => {
  const ended = Promise.withResolvers<number>();
  const server = createServer((_request, response) => {
    const stream = EventStream.open(response, []);
    stream.write(much);
    const waiting = stream.waitingBytes;
    response.once('close', () => ended.resolve(waiting));
    stream.end('rotation');
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  t.after(() => client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.ok((await ended.promise) > 0);
});

test('a client that reads gets all that was written before its stream ended', async (t) => {
  const server = createServer((_request, response) => {
    const stream = EventStream.open(response, []);
    stream.write(little);
    stream.end('rotation');
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  assert.ok((await answer.arrayBuffer()).byteLength > little.length);
});
