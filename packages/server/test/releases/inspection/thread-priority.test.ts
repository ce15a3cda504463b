/** Standing back, seen from a process of its own: whoever lowers a priority may not raise it again. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { test } from 'node:test';

const module = new URL('../../../src/releases/inspection/thread-priority.ts', import.meta.url).href;
const skip = process.platform !== 'linux';

/** The niceness after standing back in a process of this niceness. */
function standBackFrom(niceness: number): number {
  const script = `
    import { getPriority, setPriority } from 'node:os';
    import { yieldToOthers } from ${JSON.stringify(module)};
    setPriority(${niceness});
    yieldToOthers();
    console.log(getPriority());`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
}

test('a thread stands back behind the others of its process, however far that stands back itself', { skip }, () => {
  // Nobody is sure to be allowed less than what this process has.
  for (const niceness of [0, 10, 17, 19].filter((one) => one >= getPriority())) {
    assert.equal(standBackFrom(niceness), Math.min(niceness + 5, 19), `from ${niceness}`);
  }
});
