import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.ts';
import { createRateLimit } from '../../src/http/rate-limit.ts';

function isTaken(take: () => void): boolean {
  try {
    take();
    return true;
  } catch (error) {
    assert.ok(error instanceof Refusal && error.code === 'rate_limited');
    return false;
  }
}

test('no minute ever sees more requests of one client than the limit', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), steps, (perMinute, gaps) => {
      let now = 0;
      const limit = createRateLimit(perMinute, () => now);
      const taken: number[] = [];
      for (const gap of gaps) {
        now += gap;
        if (isTaken(() => limit.take('a'))) taken.push(now);
      }
      for (const end of taken) {
        assert.ok(taken.filter((time) => time > end - 60_000 && time <= end).length <= perMinute);
      }
    }),
  );
});

test('a refusal names the seconds after which the next request is taken', () => {
  let now = 1000;
  const limit = createRateLimit(2, () => now);
  limit.take('a');
  now += 500;
  limit.take('a');
  now += 500;
  assert.throws(
    () => limit.take('a'),
    (error) => error instanceof Refusal && error.retryAfterSeconds === 59,
  );
  now += 59_000;
  limit.take('a');
});

test('clients are counted apart', () => {
  const limit = createRateLimit(1, () => 0);
  limit.take('a');
  limit.take('b');
  assert.equal(
    isTaken(() => limit.take('a')),
    false,
  );
});

test('a clock that is set back keeps nobody out', () => {
  let now = 10_000_000;
  const limit = createRateLimit(1, () => now);
  limit.take('a');
  now -= 3_600_000;
  limit.take('a');
});

test('a limit of zero is none', () => {
  const limit = createRateLimit(0, () => 0);
  for (let count = 0; count < 1000; count++) limit.take('a');
});

test('the clients seen least recently are forgotten before memory grows beyond the bound', () => {
  const limit = createRateLimit(1, () => 0, 3);
  for (const client of ['a', 'b', 'c', 'd']) limit.take(client);
  limit.take('a');
  assert.equal(
    isTaken(() => limit.take('d')),
    false,
  );
});
