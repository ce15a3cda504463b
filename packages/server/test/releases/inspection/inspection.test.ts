/** The thread around the judgement: verdicts, progress, limits, and that it needs no right to write. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspectFile } from '../../../src/releases/inspection/inspection.ts';
import { buildZip, file } from './zip-builder.ts';

const limits = { maxUncompressedBytes: 64 * 1024 * 1024, timeLimitMs: 240_000 };
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'signpost-inspection-'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

function store(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function inspect(name: string, bytes: Buffer, report?: (part: number) => void) {
  const request = { path: store(name, bytes), name, acceptedTypes: ['any' as const], limits };
  return inspectFile(request, report);
}

test('an archive is accepted with what it holds', async () => {
  const inspection = await inspect('a.zip', buildZip([file('a.txt'), file('b.txt')]));
  assert.deepEqual(inspection, { mediaType: 'application/zip', entries: 2, uncompressedBytes: 32 });
});

test('a file that is no archive is accepted as what it is', async () => {
  const inspection = await inspect('program', Buffer.from('\x7fELF and more', 'latin1'));
  assert.deepEqual(inspection, { mediaType: 'application/x-elf', entries: 1, uncompressedBytes: 13 });
});

test('a refusal crosses the thread with its rule and hint', async () => {
  await assert.rejects(inspect('evil.zip', buildZip([file('../evil')])), {
    name: 'Refusal',
    code: 'upload_refused',
    rule: 'path-traversal',
    message: /expected no "\.\." in a path/,
    hint: /leave/,
  });
});

test('progress grows to the whole', async () => {
  const parts: number[] = [];
  const plans = Array.from({ length: 20 }, (_, index) => file(`f${index}`, { content: randomBytes(200_000) }));
  await inspect('large.zip', buildZip(plans), (part) => parts.push(part));
  assert.ok(parts.length > 5);
  assert.deepEqual(
    parts,
    parts.toSorted((left, right) => left - right),
  );
  assert.ok((parts.at(-1) ?? 0) > 0.9);
});

test('an inspection beyond its time is broken off', async () => {
  const path = store('slow.zip', buildZip([file('a', { content: Buffer.alloc(8e6) })]));
  const request = { path, name: 'slow.zip', acceptedTypes: ['any' as const], limits: { ...limits, timeLimitMs: 1 } };
  await assert.rejects(inspectFile(request), { rule: 'inspection-time-limit' });
});

test('a file that cannot be read is refused, not passed', async () => {
  const request = { path: join(folder, 'missing.zip'), name: 'missing.zip', acceptedTypes: ['any' as const], limits };
  await assert.rejects(inspectFile(request), { rule: 'inspection-failed' });
});

test('an inspection works where writing is forbidden by the runtime, and leaves no file', () => {
  const path = store('good.zip', buildZip([file('a.txt')]));
  const module = new URL('../../../src/releases/inspection/inspection.ts', import.meta.url).href;
  const request = { path, name: 'good.zip', acceptedTypes: ['zip'], limits };
  const script = store(
    'inspect.mjs',
    Buffer.from(`
      import { inspectFile } from ${JSON.stringify(module)};
      console.log(JSON.stringify(await inspectFile(${JSON.stringify(request)})));`),
  );
  const files = readdirSync(folder);
  const args = ['--permission', '--allow-fs-read=*', '--allow-worker', '-C', '@signpost/source', script];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.equal(JSON.parse(output).entries, 1);
  assert.deepEqual(readdirSync(folder), files);
});
