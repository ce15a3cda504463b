import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from '@signpost/protocol/client/subscribe/back-off';

test('the ceiling doubles from half a second to thirty, and begins anew after success', () => {
  const backOff = new BackOff(() => 1);
  const waits = Array.from({ length: 8 }, () => backOff.next());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  backOff.reset();
  assert.equal(backOff.next(), 500);
});

test('10,000 clients that were sent away together come back spread over the whole time, also when all were told to wait', () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (const atLeastMs of [0, 2000]) {
    const slots = new Array<number>(10).fill(0);
    for (let client = 0; client < 10_000; client++) {
      const backOff = new BackOff(random);
      for (let failure = 0; failure < 3; failure++) backOff.next();
      const slot = Math.floor((backOff.next(atLeastMs) - atLeastMs) / 400.1);
      slots[slot] = (slots[slot] ?? 0) + 1;
    }
    for (const count of slots) assert.ok(count > 850 && count < 1150, slots.join(' '));
  }
});
