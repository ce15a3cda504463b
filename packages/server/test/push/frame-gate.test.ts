import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { FrameGate, inbound } from '../../src/push/ws/frame-gate.ts';

/** A client that sends by a clock of its own; what it sends waits as on a connection. */
class Sender {
  now = 0;
  /** When each frame was let in. */
  readonly passed: number[] = [];
  readonly pauses: number[] = [];
  limited = 0;
  letGoAt: number | undefined;
  readonly #gate = new FrameGate(
    {
      elapsed: () => this.now,
      sleep: async (ms) => {
        this.pauses.push(ms);
        this.now += ms;
      },
    },
    () => {
      this.limited += 1;
    },
  );

  /** Sends a frame at `at`, or when those before it are done. */
  async send(at: number): Promise<void> {
    if (this.letGoAt !== undefined) return;
    this.now = Math.max(this.now, at);
    if (await this.#gate.pass()) this.passed.push(this.now);
    else this.letGoAt = this.now;
  }
}

suite('the gate for frames of a client', () => {
  test('lets ten in at once, then makes the next ones wait one, two and four seconds, and lets the client go', async () => {
    const sender = new Sender();
    for (let frame = 0; frame < 30; frame++) await sender.send(0);
    assert.deepEqual(sender.passed, [...Array(10).fill(0), 1000, 3000, 3000, 7000, 7000, 7000, 7000]);
    assert.deepEqual(sender.pauses, [1000, 2000, 4000]);
    assert.equal(sender.letGoAt, 7000);
    assert.equal(sender.limited, 4);
  });

  test('lets a client go that sends two and a half a second on and on, though single frames come in time', async () => {
    const sender = new Sender();
    for (let frame = 0; frame < 50; frame++) await sender.send(frame * 400);
    assert.ok(sender.letGoAt !== undefined);
    assert.ok(sender.passed.length <= inbound.capacity + (sender.letGoAt / 1000) * inbound.perSecond);
  });

  test('begins with one second again for a client that was quiet for ten', async () => {
    const sender = new Sender();
    for (const at of [0, 20_000, 40_000, 60_000]) for (let frame = 0; frame < 11; frame++) await sender.send(at);
    assert.deepEqual(sender.pauses, [1000, 1000, 1000, 1000]);
    assert.equal(sender.letGoAt, undefined);
  });

  test('never lets in more than its capacity and a frame a second, whenever they come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 80 }), async (gaps) => {
        const sender = new Sender();
        let at = 0;
        for (const gap of gaps) {
          at += gap;
          await sender.send(at);
        }
        const { passed } = sender;
        for (const [first, from] of passed.entries()) {
          for (const [last, to] of passed.entries()) {
            if (last < first) continue;
            assert.ok(last - first + 1 <= inbound.capacity + ((to - from) / 1000) * inbound.perSecond + 1e-6);
          }
        }
      }),
    );
  });
});
