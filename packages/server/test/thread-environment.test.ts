import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const source = pathToFileURL(join(import.meta.dirname, '../src/thread-environment.ts')).href;
const program = `
  import { Worker } from 'node:worker_threads';
  import { threadEnvironment } from '${source}';
  const told = "process.getBuiltinModule('node:worker_threads').parentPort.postMessage({ ...process.env })";
  new Worker(told, { eval: true, env: threadEnvironment() }).on('message', (seen) => console.log(JSON.stringify(seen)));
`;

/** The environment of a thread in a process that has this one. */
function seeIn(env: Readonly<Record<string, string>>): unknown {
  const words = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  return JSON.parse(
    execFileSync(process.execPath, words, { env: { SECRET: 'of the process', ...env }, encoding: 'utf8' }),
  );
}

test('a thread sees nothing of the environment but where compiled modules are kept', () => {
  const kept = mkdtempSync(join(tmpdir(), 'signpost-compiled-'));
  try {
    assert.deepEqual(seeIn({ NODE_COMPILE_CACHE: kept }), { NODE_COMPILE_CACHE: kept });
    assert.deepEqual(seeIn({}), {});
  } finally {
    rmSync(kept, { recursive: true });
  }
});
