/** Files on their way to real sockets: whole, in ranges, to slow readers, and to those who hang up. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { sendFileBody } from '../../../src/releases/public/file-body.ts';
import type { ByteRange } from '../../../src/storage/blobs.ts';

const bytes = randomBytes(8_000_000);

suite('the body of a file', () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signpost-body-'));
    path = join(folder, 'file');
    await writeFile(path, bytes);
  });
  after(() => rm(folder, { recursive: true }));

  /** Serves the range that the path of the request names; hands out how each sending ended. */
  async function serve(t: TestContext, beforeSending: () => Promise<unknown> = async () => undefined) {
    const endings: Promise<unknown>[] = [];
    const responses: ServerResponse[] = [];
    const base = await listen(t, (request, response) => {
      const [first = 0, last = 0] = (request.url ?? '').slice(1).split('-').map(Number);
      responses.push(response);
      const ending = beforeSending().then(() => sendFromDisk(path, { first, last }, response));
      // The test looks at it later.
      ending.catch(() => undefined);
      endings.push(ending);
    });
    return { base, endings, responses };
  }

  test('is the range, wherever it lies', async (t) => {
    const { base } = await serve(t);
    const range = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 2_000_000 }));
    const edges = [1, 524_287, 524_288, 524_289, 1_048_576].map((length) => [[0, length - 1]] as [[number, number]]);
    await fc.assert(
      fc.asyncProperty(range, async ([first, more]) => {
        const last = Math.min(first + more, bytes.length - 1);
        const answer = await fetch(`${base}/${first}-${last}`);
        assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(first, last + 1)));
      }),
      { numRuns: 30, examples: edges },
    );
  });

  test('waits for a slow reader with no more than one piece in hand', async (t) => {
    const { base, endings, responses } = await serve(t);
    const reader = connect(Number(new URL(base).port), '127.0.0.1');
    reader.pause();
    reader.write(`GET /0-${bytes.length - 1} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    while (responses[0] === undefined || responses[0].writableLength === 0) await sleep(5);
    await sleep(50);
    assert.ok(responses[0].writableLength <= 600_000, `${responses[0].writableLength} bytes wait`);
    let received = 0;
    for await (const chunk of reader) received += chunk.length;
    assert.ok(received > bytes.length);
    await Promise.all(endings);
  });

  test('ends with the connection, and its file is closed', async (t) => {
    const { base, endings } = await serve(t);
    for (let count = 0; count < 20; count++) await hangUp(base);
    assert.equal(endings.length, 20);
    for (const ending of endings) await assert.rejects(ending);
    assert.equal(countOpen(path), 0);
  });

  test('is not begun for a reader who has left, nor for one who leaves while an earlier answer is due', async (t) => {
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const { base, endings } = await serve(t, () => left);
    const reader = connect(Number(new URL(base).port), '127.0.0.1');
    reader.write('GET /0-7999999 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2));
    while (endings.length < 2) await sleep(5);
    reader.destroy();
    await once(reader, 'close');
    leave();
    for (const ending of endings) await assert.rejects(ending);
    assert.equal(countOpen(path), 0);
  });

  test('is broken off when the file is shorter than was promised', async (t) => {
    const { base, endings, responses } = await serve(t);
    const answer = fetch(`${base}/0-${bytes.length}`).then((response) => response.arrayBuffer());
    answer.catch(() => undefined);
    while (endings[0] === undefined) await sleep(5);
    await assert.rejects(endings[0], /expected 8000001 bytes in the file, got 8000000/);
    responses[0]?.destroy();
    await assert.rejects(answer);
  });
});

async function sendFromDisk(path: string, range: ByteRange, response: ServerResponse): Promise<void> {
  const file: FileHandle = await open(path);
  response.writeHead(200, { 'Content-Length': range.last - range.first + 1 });
  await sendFileBody(file, range, response).finally(() => file.close());
}

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Reads the first bytes and goes. */
async function hangUp(base: string): Promise<void> {
  const reader = connect(Number(new URL(base).port), '127.0.0.1');
  reader.write('GET /0-7999999 HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(reader, 'data');
  reader.destroy();
  await once(reader, 'close');
}

/** How often this process has `path` open. Where there is no /proc, a handle left open fails the test on its collection. */
function countOpen(path: string): number {
  if (process.platform !== 'linux') return 0;
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return undefined;
    }
  });
  return links.filter((link) => link === path).length;
}
