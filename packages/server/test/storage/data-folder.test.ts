import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.ts';
import { assertVacant, createDataFolder, lockDataFolder } from '../../src/storage/data-folder.ts';

const lockModule = new URL('../../src/storage/data-folder.ts', import.meta.url).href;

test('a data folder takes one server at a time', async (t) => {
  const dir = await temporaryFolder(t);
  const lock = lockDataFolder(dir);
  assert.throws(() => lockDataFolder(dir), isTaken);
  lock.release();
  lockDataFolder(dir).release();
});

test('a folder is vacant when it is new, empty, or one that a server had, and nothing else is touched', async (t) => {
  const dir = await temporaryFolder(t);
  await assertVacant(join(dir, 'new'));
  await assertVacant(dir);
  await mkdir(join(dir, 'lost+found'));
  await assertVacant(dir);
  chmodSync(dir, 0o755);
  await writeFile(join(dir, 'letter.txt'), 'dear');
  await assert.rejects(assertVacant(dir), isOthers);
  await assert.rejects(assertVacant(join(dir, 'letter.txt')), isOthers);
  assert.equal(statSync(dir).mode & 0o777, 0o755);
  await writeFile(join(dir, 'serve.lock'), '');
  await assertVacant(dir);
});

test('the lock of another process holds until that process is killed', async (t) => {
  const dir = await temporaryFolder(t);
  const holder = holdLock(dir);
  await once(holder.stdout ?? holder, 'data');
  assert.throws(() => lockDataFolder(dir), isTaken);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  lockDataFolder(dir).release();
});

test('a data folder that others could read is closed', async (t) => {
  const dir = await temporaryFolder(t);
  chmodSync(dir, 0o755);
  await createDataFolder(dir);
  assert.equal(statSync(dir).mode & 0o777, 0o700);
});

function isTaken(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'unavailable' && /another server/.test(error.message);
}

async function temporaryFolder(t: { after(clean: () => Promise<void>): void }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

function holdLock(dir: string): ChildProcess {
  const script = `const { lockDataFolder } = await import(${JSON.stringify(lockModule)});
    globalThis.lock = lockDataFolder(process.argv[1]);
    console.log('held');
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
}

function isOthers(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'conflict' && error.rule === 'data-folder-taken';
}
