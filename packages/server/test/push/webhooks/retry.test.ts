import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attemptLimit, isGivenUp, parseRetryAfter, pauseAfter } from '../../../src/push/webhooks/deliveries/retry.ts';

const hourMs = 3_600_000;

test('pauses grow to a day, and eight attempts reach over a day on average', () => {
  const pauses = Array.from({ length: attemptLimit - 1 }, (_, index) => pauseAfter(index + 1, () => 1));
  assert.deepEqual(pauses.slice(0, 3), [30_000, 150_000, 750_000]);
  assert.equal(pauses.at(-1), 24 * hourMs);
  const average = pauses.reduce((sum, pause) => sum + pause / 2, 0);
  assert.ok(average > 24 * hourMs && average < 30 * hourMs, String(average / hourMs));
});

test('a pause lies anywhere between nothing and its bound, however many attempts there were', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, chance) => {
      const pause = pauseAfter(attempts, () => chance);
      const bound = pauseAfter(attempts, () => 1);
      assert.ok(pause >= 0 && pause <= bound && bound <= 24 * hourMs);
      assert.ok(Math.abs(pause - chance * bound) <= 1);
    }),
  );
});

test('nothing is given up before eight attempts, nor within a day', () => {
  const start = 1_800_000_000_000;
  const given = (attempts: number, hours: number) =>
    isGivenUp({ attempts, firstAttemptAt: start, at: start + hours * hourMs });
  assert.deepEqual([given(7, 100), given(8, 23), given(50, 23), given(8, 24)], [false, false, false, true]);
});

test('Retry-After is seconds or a date, a day at most, and anything else is nothing', () => {
  const now = Date.parse('2026-11-21T09:00:00Z');
  const cases: readonly (readonly [string | undefined, number])[] = [
    [undefined, 0],
    ['', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['9999999999', 24 * hourMs],
    ['99999999999999', 0],
    ['-1', 0],
    ['1.5', 0],
    ['soon', 0],
    ['Sat, 21 Nov 2026 09:01:00 GMT', 60_000],
    ['Sat, 21 Nov 2026 08:00:00 GMT', 0],
    ['Sat, 21 Nov 2099 08:00:00 GMT', 24 * hourMs],
  ];
  for (const [header, expected] of cases) assert.equal(parseRetryAfter(header, now), expected, String(header));
});
