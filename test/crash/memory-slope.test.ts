import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureRise } from './memory-slope.ts';

/** A sample every two seconds for five minutes. */
function sampleMemory(mebibytesAt: (seconds: number) => number) {
  return Array.from({ length: 150 }, (_, index) => ({ atSeconds: 2 * index, mebibytes: mebibytesAt(2 * index) }));
}

test('a process that grows to its size and then goes up and down is flat', () => {
  const measured = measureRise(sampleMemory((at) => Math.min(300, 150 + at * 2) + 20 * Math.sin(at)));
  assert.ok(measured && Math.abs(measured.rise) < measured.bound);
});

test('a process that takes ten mebibytes more each minute is not', () => {
  const measured = measureRise(sampleMemory((at) => 200 + at / 6 + 20 * Math.sin(at)));
  assert.ok(measured && measured.rise > measured.bound);
});

test('of a process that was up for a moment nothing is said', () => {
  assert.equal(measureRise(sampleMemory(() => 100).slice(0, 20)), undefined);
});
