import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../../../src/errors.ts';
import { openDiskBlobs } from '../../../src/storage/blobs/disk.ts';

const content = Buffer.from('hello, blob');
const sha256 = createHash('sha256').update(content).digest('hex');

test('an adopted file is moved, read-only, measured and read back', async (t) => {
  const { dir, blobs, path } = await openFolder(t);
  await blobs.adopt(path, sha256);
  assert.equal(existsSync(path), false);
  assert.equal(blobs.locate(sha256), join(dir, sha256.slice(0, 2), sha256.slice(2)));
  assert.equal(statSync(blobs.locate(sha256) ?? '').mode & 0o777, 0o444);
  assert.equal(await blobs.measure(sha256), content.length);
  assert.deepEqual(await buffer(blobs.read(sha256)), content);
  assert.deepEqual(await buffer(blobs.read(sha256, { first: 7, last: 8 })), Buffer.from('bl'));
});

test('adopting the same content again keeps the blob and removes the file', async (t) => {
  const { blobs, path } = await openFolder(t);
  await blobs.adopt(path, sha256);
  const before = statSync(blobs.locate(sha256) ?? '');
  await writeFile(path, content);
  await blobs.adopt(path, sha256);
  assert.equal(existsSync(path), false);
  assert.equal(statSync(blobs.locate(sha256) ?? '').ino, before.ino);
});

test('an adoption that was cut off after the rename can be repeated', async (t) => {
  const { blobs, path } = await openFolder(t);
  await blobs.adopt(path, sha256);
  await blobs.adopt(path, sha256);
  assert.deepEqual(await buffer(blobs.read(sha256)), content);
});

test('a blob that the disk has cut short is mended by the same upload', async (t) => {
  const { blobs, path } = await openFolder(t);
  await blobs.adopt(path, sha256);
  const stored = blobs.locate(sha256) ?? '';
  await chmod(stored, 0o644);
  await writeFile(stored, 'hel');
  await writeFile(path, content);
  await blobs.adopt(path, sha256);
  assert.deepEqual(await buffer(blobs.read(sha256)), content);
});

test('a blob that rotted on the disk is mended by the same upload, though its size is right', async (t) => {
  const { blobs, path } = await openFolder(t);
  await blobs.adopt(path, sha256);
  const stored = blobs.locate(sha256) ?? '';
  await chmod(stored, 0o644);
  await writeFile(stored, 'hellO, blob');
  await writeFile(path, content);
  await blobs.adopt(path, sha256);
  assert.deepEqual(await buffer(blobs.read(sha256)), content);
});

test('what is not there is said to be not there', async (t) => {
  const { dir, blobs } = await openFolder(t);
  assert.equal(await blobs.measure(sha256), undefined);
  assert.equal(blobs.locate(sha256), undefined);
  assert.throws(
    () => blobs.read(sha256),
    (error) => error instanceof Refusal && error.code === 'not_found',
  );
  await assert.rejects(blobs.adopt(join(dir, 'nothing'), sha256), /expected a file to adopt/);
  await blobs.remove(sha256);
});

test('a removed blob is gone, and removing it again is no error', async (t) => {
  const { blobs, path } = await openFolder(t);
  await blobs.adopt(path, sha256);
  await blobs.remove(sha256);
  await blobs.remove(sha256);
  assert.equal(await blobs.measure(sha256), undefined);
});

test('what is no digest never becomes a path', async (t) => {
  const { blobs, path } = await openFolder(t);
  for (const name of [
    '',
    '../../etc/passwd',
    sha256.toUpperCase(),
    `${sha256}0`,
    `${sha256}\n`,
    `../${sha256.slice(3)}`,
  ]) {
    await assert.rejects(blobs.adopt(path, name), TypeError);
    await assert.rejects(blobs.measure(name), TypeError);
    await assert.rejects(blobs.remove(name), TypeError);
    assert.throws(() => blobs.read(name), TypeError);
    assert.throws(() => blobs.locate(name), TypeError);
  }
  assert.equal(existsSync(path), true);
});

test('the list holds each blob with its time, and nothing else that lies there', async (t) => {
  const { dir, blobs, path } = await openFolder(t);
  const before = Date.now();
  await blobs.adopt(path, sha256);
  await writeFile(join(dir, 'note.txt'), '');
  await mkdir(join(dir, 'zz'));
  await writeFile(join(dir, sha256.slice(0, 2), 'note.txt'), '');
  const listed: { sha256: string; storedAt: number }[] = [];
  for await (const blob of blobs.list()) listed.push(blob);
  assert.deepEqual(
    listed.map((blob) => blob.sha256),
    [sha256],
  );
  // File systems may round down to their own ticks.
  assert.ok(Math.abs((listed[0]?.storedAt ?? 0) - before) < 60_000);
});

test('a process that is killed leaves only whole blobs, and all that it acknowledged', async (t) => {
  const { dir, blobs } = await openFolder(t);
  for (let round = 0; round < 4; round++) {
    const acknowledged = await adoptUntilKilled(dir);
    for (const name of acknowledged) assert.equal(await digestOf(blobs.locate(name)), name);
  }
  for await (const { sha256: name } of blobs.list()) assert.equal(await digestOf(blobs.locate(name)), name);
});

/** Runs a process that adopts one file after the other, kills it, and returns what it had acknowledged. */
async function adoptUntilKilled(dir: string): Promise<string[]> {
  const module = new URL('../../../src/storage/blobs/disk.ts', import.meta.url).href;
  const script = `
    import { createHash, randomBytes } from 'node:crypto';
    import { writeFileSync } from 'node:fs';
    import { openDiskBlobs } from ${JSON.stringify(module)};
    const dir = process.argv[1];
    const blobs = await openDiskBlobs(dir);
    for (let n = 0; ; n++) {
      const bytes = randomBytes(100_000);
      writeFileSync(dir + '/' + process.pid + '.part', bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await blobs.adopt(dir + '/' + process.pid + '.part', sha256);
      process.stdout.write(sha256 + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  await sleep(randomInt(30));
  child.kill('SIGKILL');
  await closed;
  return output.split('\n').filter((line) => line.length === 64);
}

async function digestOf(path: string | undefined): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path ?? ''))
    .digest('hex');
}

async function openFolder(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const dir = join(folder, 'blobs');
  const path = join(folder, 'upload.part');
  await writeFile(path, content);
  return { dir, path, blobs: await openDiskBlobs(dir) };
}
