import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimestampClock } from '../../../src/pki/timestamps/clock.ts';

/** A clock to move, and a disk that remembers what was reserved. */
function openWorld(start = 1_000_000) {
  const world = { now: start, reserved: start, reservations: 0 };
  const open = () =>
    new TimestampClock({
      now: () => world.now,
      reservedUntil: world.reserved,
      reserve: async (until) => {
        world.reserved = Math.max(world.reserved, until);
        world.reservations += 1;
      },
    });
  return { world, open };
}

test('many timestamps of one second reserve once', async () => {
  const { world, open } = openWorld();
  const clock = open();
  const times = await Promise.all(Array.from({ length: 100 }, () => clock.take({ isOrdered: false })));
  assert.ok(times.every((time) => time === world.now));
  assert.equal(world.reservations, 1);
});

test('ordered timestamps differ by a millisecond at least, and stop a second ahead of the clock', async () => {
  const { open } = openWorld();
  const clock = open();
  const times = await Promise.all(Array.from({ length: 1500 }, () => clock.take({ isOrdered: true })));
  const stamped = times.filter((time) => time !== undefined);
  assert.equal(stamped.length, 1000);
  assert.equal(new Set(stamped).size, 1000);
});

test('a clock that went back by more than a second is refused until it is there again', async () => {
  const { world, open } = openWorld();
  const clock = open();
  assert.equal(await clock.take({ isOrdered: false }), 1_000_000);
  world.now -= 900;
  assert.equal(await clock.take({ isOrdered: false }), 1_000_000);
  world.now -= 900;
  assert.equal(await clock.take({ isOrdered: false }), undefined);
  world.now += 1801;
  assert.equal(await clock.take({ isOrdered: false }), 1_000_001);
});

test('no time is stamped before it is reserved, and a reservation that fails stamps nothing', async () => {
  const clock = new TimestampClock({
    now: () => 5000,
    reservedUntil: 0,
    reserve: () => Promise.reject(new Error('no disk')),
  });
  await assert.rejects(clock.take({ isOrdered: false }), /no disk/);
  await assert.rejects(clock.take({ isOrdered: false }), /no disk/);
});

const steps = fc.array(
  fc.oneof(
    fc.integer({ min: -3000, max: 3000 }).map((ms) => ({ kind: 'wait', ms }) as const),
    fc.boolean().map((isOrdered) => ({ kind: 'take', isOrdered }) as const),
    fc.constant({ kind: 'restart' } as const),
  ),
  { maxLength: 60 },
);

test('whatever the clock does and however often the server restarts, time never goes back', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { world, open } = openWorld();
      let clock = open();
      let last = 0;
      for (const step of all) {
        if (step.kind === 'wait') world.now += step.ms;
        else if (step.kind === 'restart') clock = open();
        else {
          const time = await clock.take(step);
          if (time === undefined) continue;
          assert.ok(step.isOrdered ? time > last : time >= last, `expected more than ${last}, got ${time}`);
          assert.ok(time < world.reserved && time <= world.now + 1000);
          last = time;
        }
      }
    }),
  );
});
