/** The client against a real clamd, and against servers that behave as clamd should not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { openScanner, parseVersion } from '../../../src/releases/scanner/clamd.ts';
import { formatScanResult } from '../../../src/releases/scanner/scan-result.ts';
import { buildZip, file } from '../inspection/zip-builder.ts';
import { clamdMissing, eicar, type RunningClamd, startClamd } from './clamd.ts';

const failed = { name: 'Refusal', code: 'unavailable', rule: 'scanner-failed' };

function scan(address: string, bytes: Buffer, sizeBytes = bytes.length) {
  return openScanner(address).scan(Readable.from(cut(bytes)), sizeBytes, () => undefined);
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

describe('with a real clamd', { skip: clamdMissing() }, () => {
  let clamd: RunningClamd;
  before(async () => {
    clamd = await startClamd();
  });
  after(() => clamd.stop());

  test('it tells its version; the date of a database without one is not known', async () => {
    const version = await openScanner(clamd.address).probe();
    assert.equal(version?.engine, 'ClamAV');
    assert.match(version?.version ?? '', /^[0-9]+\.[0-9]+/);
    assert.equal(version?.signatureDate, undefined);
  });

  test('a harmless file is clean', async () => {
    const verdict = await scan(clamd.address, Buffer.from('hello'));
    assert.equal(verdict.kind, 'clean');
  });

  test('an empty file is clean', async () => {
    assert.equal((await scan(clamd.address, Buffer.alloc(0))).kind, 'clean');
  });

  test('the test file is found, also inside an archive', async () => {
    for (const bytes of [eicar, buildZip([file('a.txt', { content: eicar, data: deflateRawSync(eicar) })])]) {
      const verdict = await scan(clamd.address, bytes);
      assert.equal(verdict.kind, 'infected');
      assert.equal(verdict.kind === 'infected' && verdict.signature, 'Eicar-Test-Signature.UNOFFICIAL');
    }
  });

  test('the progress of a file of several pieces grows to its size', async () => {
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'a');
    const sent: number[] = [];
    await openScanner(clamd.address).scan(Readable.from(cut(bytes)), bytes.length, (count) => sent.push(count));
    assert.equal(sent.at(-1), bytes.length);
    assert.deepEqual(
      sent,
      sent.toSorted((left, right) => left - right),
    );
  });

  test('a file beyond StreamMaxLength is a failure and never a verdict', async () => {
    const bytes = Buffer.alloc(12 * 1024 * 1024, 'a');
    await assert.rejects(scan(clamd.address, bytes), failed);
    await assert.rejects(scan(clamd.address, Buffer.concat([bytes, eicar])), failed);
  });

  test('a file that has other bytes than announced is a failure', async () => {
    await assert.rejects(scan(clamd.address, Buffer.from('hello'), 6), failed);
    await assert.rejects(scan(clamd.address, Buffer.from('hello'), 4), failed);
  });

  test('a file that cannot be read is a failure', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('disk'));
      },
    });
    await assert.rejects(
      openScanner(clamd.address).scan(broken, 5, () => undefined),
      failed,
    );
  });

  test('what the scanner does not look into whole is a failure', async () => {
    let nested = buildZip([file('core.txt')]);
    for (let depth = 0; depth < 40; depth++) nested = buildZip([file(`${depth}.zip`, { content: nested })]);
    await assert.rejects(scan(clamd.address, nested), failed);
  });
});

describe('with a server that is not clamd', () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });

  async function serve(talk: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      talk(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    return `127.0.0.1:${address.port}`;
  }

  /** Answers VERSION, and everything else by `answer`. */
  function answering(answer: (socket: Socket) => void): Promise<string> {
    return serve((socket) => {
      socket.once('data', (chunk) => {
        if (chunk.toString('latin1').startsWith('zVERSION'))
          socket.end('ClamAV 1.4.3/27800/Fri Nov 20 09:30:00 2026\0');
        else answer(socket);
      });
    });
  }

  test('no server at all is a failure, and a probe says so', async () => {
    const address = await serve(() => undefined);
    servers.at(-1)?.close();
    assert.equal(await openScanner(address).probe(), undefined);
    assert.equal(await openScanner('/nonexistent/clamd.sock').probe(), undefined);
    await assert.rejects(scan(address, Buffer.from('hello')), failed);
  });

  test('a clean verdict before all bytes were sent does not count', async () => {
    const address = await answering((socket) => socket.end('stream: OK\0'));
    await assert.rejects(scan(address, Buffer.alloc(64 * 1024 * 1024)), failed);
  });

  test('a find before all bytes were sent counts', async () => {
    const address = await answering((socket) => socket.write('stream: Evil FOUND\0'));
    const verdict = await scan(address, Buffer.alloc(64 * 1024 * 1024));
    assert.equal(verdict.kind, 'infected');
  });

  for (const [what, reply] of [
    ['an error', 'stream: Can not open file ERROR\0'],
    ['something else', 'HTTP/1.1 400 Bad Request\0'],
    ['an end without an answer', ''],
    ['an answer without an end', 'stream: OK'],
    ['an answer that is too long', 'x'.repeat(10_000)],
  ] as const) {
    test(`${what} is a failure`, async () => {
      const address = await answering((socket) => {
        socket.resume();
        setTimeout(() => socket.end(reply), 50);
      });
      await assert.rejects(scan(address, Buffer.from('hello')), failed);
    });
  }

  test('silence is a failure when its time is over', async () => {
    const address = await answering((socket) => socket.resume());
    const scanner = openScanner(address, { extraMs: 100 });
    await assert.rejects(
      scanner.scan(Readable.from([]), 0, () => undefined),
      failed,
    );
  });

  test('a server that does not take the bytes is a failure when its time is over', async () => {
    const address = await answering((socket) => socket.pause());
    const scanner = openScanner(address, { extraMs: -30_000 });
    const bytes = Buffer.alloc(31 * 1024 * 1024);
    await assert.rejects(
      scanner.scan(Readable.from(cut(bytes)), bytes.length, () => undefined),
      failed,
    );
  });
});

test('a version is read with and without signatures', () => {
  const dated = parseVersion('ClamAV 1.4.3/27800/Fri Nov 20 09:30:00 2026');
  assert.deepEqual(dated, {
    engine: 'ClamAV',
    version: '1.4.3',
    signatureDate: new Date(2026, 10, 20, 9, 30).getTime(),
  });
  assert.equal(parseVersion('ClamAV 1.4.3').signatureDate, undefined);
  assert.equal(parseVersion('ClamAV 1.4.3/27800/unknown').signatureDate, undefined);
  assert.throws(() => parseVersion('SSH-2.0-OpenSSH'), failed);
});

test('an address that is none is refused', () => {
  for (const address of ['', 'localhost', 'localhost:0', 'localhost:99999', 'relative/path', ':3310']) {
    assert.throws(() => openScanner(address), { code: 'invalid' });
  }
});

test('a result leaves out what is not known', () => {
  const scanner = { engine: 'ClamAV', version: '1.4.3', signatureDate: undefined };
  assert.deepEqual(formatScanResult({ kind: 'clean', scanner }, 0), {
    status: 'clean',
    engine: 'ClamAV',
    engine_version: '1.4.3',
    scanned_at: '1970-01-01T00:00:00.000Z',
  });
});
