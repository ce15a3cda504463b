import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '@signpost/protocol/client/subscribe/pace';
import fc from 'fast-check';

test('a client sends eight frames at once, and the next ones a little slower than one a second', () => {
  const pace = new Pace();
  const waits = Array.from({ length: 11 }, () => pace.take(0));
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 0, 0, 0, 1100, 2200, 3300]);
});

test('what a client sends is never more than the server lets in, though it arrives up to two seconds closer together', () => {
  const frames = fc.array(fc.tuple(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 0, max: 2000 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(frames, (sent) => {
      const pace = new Pace();
      let [now, arrived] = [0, 0];
      const arrivals = sent.map(([gap, late]) => {
        now += gap;
        now += pace.take(now);
        arrived = Math.max(arrived, now + late);
        return arrived;
      });
      for (const [first, from] of arrivals.entries()) {
        for (const [last, to] of arrivals.entries()) {
          if (last >= first) assert.ok(last - first + 1 <= 10 + (to - from) / 1000 + 1e-6);
        }
      }
    }),
  );
});
