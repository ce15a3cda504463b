import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import fc from 'fast-check';

const hourMs = 3_600_000;
const frameOf = (nonce: string, ts: number) => ({ kid: 'k', nonce, ts });

test('a frame is let in once, however often and whenever it comes, whatever the clock does', () => {
  const steps = fc.array(
    fc.record({
      nonce: fc.nat(12),
      /** How far the clock goes before: also an hour to either side. */
      tick: fc.oneof(
        fc.integer({ min: 0, max: 4000 }),
        fc.constantFrom(-hourMs, hourMs, 5000, 10_000, 15_000, -20_000),
      ),
      lead: fc.integer({ min: -12_000, max: 7000 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (moves) => {
      const window = new ReplayWindow();
      const times = new Map<number, number>();
      const admitted = new Set<number>();
      let now = 100 * hourMs;
      for (const { nonce, tick, lead } of moves) {
        now += tick;
        // A nonce belongs to one frame, and that has one time.
        const ts = times.get(nonce) ?? now + lead;
        times.set(nonce, ts);
        const refusal = window.admit(frameOf(String(nonce), ts), now);
        if (refusal !== undefined) continue;
        assert.ok(!admitted.has(nonce), 'a frame was let in twice');
        assert.ok(ts >= now - 5000 && ts <= now + 5000, 'a frame outside the window was let in');
        admitted.add(nonce);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a fresh frame that was not seen is let in while the clock goes forward', () => {
  const steps = fc.array(fc.record({ tick: fc.nat(9000), lead: fc.integer({ min: -5000, max: 5000 }) }));
  fc.assert(
    fc.property(steps, (moves) => {
      const window = new ReplayWindow();
      let now = hourMs;
      for (const [index, { tick, lead }] of moves.entries()) {
        now += tick;
        assert.equal(window.admit(frameOf(String(index), now + lead), now), undefined);
      }
    }),
  );
});

test('a full window refuses rather than forget', () => {
  const window = new ReplayWindow({ maxFrames: 3 });
  for (const nonce of ['a', 'b', 'c']) assert.equal(window.admit(frameOf(nonce, hourMs), hourMs), undefined);
  assert.equal(window.admit(frameOf('d', hourMs), hourMs), 'window_full');
  assert.equal(window.admit(frameOf('a', hourMs), hourMs), 'replayed');
  assert.equal(window.admit(frameOf('d', hourMs + 4000), hourMs + 4000), 'window_full');
  // What lies behind the window cannot come again, and makes room.
  assert.equal(window.admit(frameOf('d', hourMs + 6000), hourMs + 6000), undefined);
  assert.equal(window.size, 1);
});

test('a frame from a clock ahead is remembered until its own time has passed', () => {
  const window = new ReplayWindow();
  const early = frameOf('a', hourMs + 5000);
  assert.equal(window.admit(early, hourMs), undefined);
  assert.equal(window.admit(early, hourMs + 10_000), 'replayed');
  assert.equal(window.admit(early, hourMs + 10_001), 'clock_skew');
});

test('the bounds of the window belong to it', () => {
  for (const [ts, refusal] of [
    [hourMs - 5001, 'clock_skew'],
    [hourMs - 5000, undefined],
    [hourMs + 5000, undefined],
    [hourMs + 5001, 'clock_skew'],
  ] as const) {
    assert.equal(new ReplayWindow().admit(frameOf('a', ts), hourMs), refusal);
  }
});

test('after the clock went back by an hour, new frames are let in and old ones are not', () => {
  const window = new ReplayWindow();
  const seen = frameOf('a', hourMs);
  assert.equal(window.admit(seen, hourMs), undefined);
  assert.equal(window.judge(frameOf('b', 2 * hourMs), 2 * hourMs), undefined);
  assert.equal(window.admit(seen, hourMs + 2000), 'replayed');
  assert.equal(window.admit(frameOf('c', hourMs + 2000), hourMs + 2000), undefined);
});

test('a window without room or with a skew below zero is a mistake of the programmer', () => {
  assert.throws(() => new ReplayWindow({ skewMs: -1 }), TypeError);
  assert.throws(() => new ReplayWindow({ maxFrames: 0 }), TypeError);
});
