import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWorkplace, runProcess } from './support/run.ts';

/** Without the cache that the test run gives to its processes. */
const uncached = { NODE_COMPILE_CACHE: '' };

/** The files that a run has left in the cache of `home`. */
async function listCompiled(home: string): Promise<string[]> {
  const entries = await readdir(join(home, '.cache/signpost'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test('what a run has compiled is kept below the home, for its owner only', async (t) => {
  const home = await createWorkplace(t);
  assert.equal((await runProcess(['--version'], { cwd: home, env: uncached })).code, 0);
  assert.ok((await listCompiled(home)).length > 10);
});

test('a cache that others may write to is not used', { skip: process.platform === 'win32' }, async (t) => {
  const home = await createWorkplace(t);
  await mkdir(join(home, '.cache/signpost/compiled'), { recursive: true });
  await chmod(join(home, '.cache/signpost'), 0o777);
  assert.equal((await runProcess(['--version'], { cwd: home, env: uncached })).code, 0);
  assert.deepEqual(await listCompiled(home), []);
});

test('a home that is missing is not made, and the command runs', async (t) => {
  const home = await createWorkplace(t);
  await rm(home, { recursive: true });
  assert.equal((await runProcess(['--version'], { env: { ...uncached, HOME: home } })).code, 0);
  await assert.rejects(readdir(home), { code: 'ENOENT' });
});
