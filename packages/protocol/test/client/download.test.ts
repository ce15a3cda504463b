import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type DownloadSink, verifyFile } from '@signpost/protocol/client/download';
import { fileBytes, manifestDocument } from '../documents.ts';
import { filePath, openWorld } from './world.ts';

const file = { sha256: String(manifestDocument().sha256), sizeBytes: fileBytes.length, url: filePath };

/** Notes what is done to it. */
class NotingSink implements DownloadSink {
  readonly calls: string[] = [];
  readonly chunks: Uint8Array[] = [];

  write(chunk: Uint8Array): void {
    this.chunks.push(chunk);
  }

  commit(): void {
    this.calls.push('commit');
  }

  abort(): void {
    this.calls.push('abort');
  }
}

test('a file is written, verified, then committed once', async () => {
  await using world = await openWorld();
  const sink = new NotingSink();
  const progress: number[] = [];
  await world.createClient().download(file, sink, {
    onProgress: ({ receivedBytes, totalBytes }) => progress.push(receivedBytes / totalBytes),
  });
  assert.deepEqual(Buffer.concat(sink.chunks), Buffer.from(fileBytes));
  assert.deepEqual(sink.calls, ['commit']);
  assert.equal(progress.at(-1), 1);
});

const bad: readonly [string, string, Uint8Array | undefined][] = [
  ['a flipped byte', 'digest_mismatch', fileBytes.map((byte, index) => (index === 3 ? byte ^ 1 : byte))],
  ['a byte too few', 'size_mismatch', fileBytes.subarray(1)],
  ['a byte too many', 'size_mismatch', new Uint8Array([...fileBytes, 0])],
  ['an empty answer', 'size_mismatch', new Uint8Array()],
  ['no file', 'fetch_failed', undefined],
];
for (const [name, code, bytes] of bad) {
  test(`${name} is refused as ${code}, and the sink is told to throw it away`, async () => {
    await using world = await openWorld();
    if (bytes) world.server.pages.set(filePath, bytes);
    else world.server.pages.delete(filePath);
    const sink = new NotingSink();
    await assert.rejects(world.createClient().download(file, sink), { code });
    assert.deepEqual(sink.calls, ['abort']);
  });
}

test('a mirror that never ends does not get a byte beyond the size onto the disk', async () => {
  await using world = await openWorld();
  world.server.pages.set(filePath, (response) => {
    response.on('error', () => undefined);
    const timer = setInterval(() => (response.destroyed ? clearInterval(timer) : response.write(fileBytes)));
    response.on('close', () => clearInterval(timer));
  });
  const sink = new NotingSink();
  await assert.rejects(world.createClient().download(file, sink), { code: 'size_mismatch' });
  assert.ok(Buffer.concat(sink.chunks).length <= file.sizeBytes);
});

test('a sink that fails ends the download with its own error, also when it cannot tidy up', async () => {
  await using world = await openWorld();
  const full = () => Promise.reject(new Error('disk full'));
  for (const sink of [
    { write: full, commit() {}, abort() {} },
    { write() {}, commit: full, abort: full },
    { write: full, commit() {}, abort: () => assert.fail('abort itself throws') },
  ]) {
    await assert.rejects(world.createClient().download(file, sink), { message: 'disk full' });
  }
});

test('a download ends when its signal says so', async () => {
  await using world = await openWorld();
  world.server.pages.set(filePath, (response) => void response.write('x'));
  const abort = new AbortController();
  const sink = { write: () => abort.abort(), commit() {}, abort() {} };
  await assert.rejects(world.createClient().download(file, sink, { signal: abort.signal }), { code: 'fetch_failed' });
});

test('a URL that a manifest could not have held is refused', async () => {
  await using world = await openWorld();
  for (const url of ['//evil.example/x', '@evil.example/x', '/../x', '.evil.example']) {
    await assert.rejects(world.createClient().download({ ...file, url }, new NotingSink()), { code: 'malformed' });
  }
});

test('the platform may do the hashing', async () => {
  const createPlatformHash = () => {
    const hash = createHash('sha256');
    return { update: (bytes: Uint8Array) => void hash.update(bytes), digestHex: () => hash.digest('hex') };
  };
  await verifyFile(new Blob([fileBytes]).stream(), file, { createHash: createPlatformHash });
});

test('a file that is already here is verified from any source of bytes', async () => {
  async function* inPieces() {
    for (const byte of fileBytes) yield Uint8Array.of(byte);
  }
  await verifyFile(inPieces(), file);
  await assert.rejects(verifyFile(inPieces(), { ...file, sizeBytes: 3 }), { code: 'size_mismatch' });
  await assert.rejects(verifyFile(inPieces(), { ...file, sha256: '00'.repeat(32) }), { code: 'digest_mismatch' });
});
