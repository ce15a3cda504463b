/** How often hosts are asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keepBudgets } from '../../../src/watch/observing/budget.ts';
import { adaptInterval, intervalLimits, jitter, pauseAfter } from '../../../src/watch/observing/interval.ts';
import type { Answer } from '../../../src/watch/readers/ask.ts';
import { hostOf } from '../../../src/watch/sources/source-host.ts';

const { signal } = new AbortController();
const ok: Answer = { kind: 'answer', status: 200, headers: new Headers(), body: new Uint8Array() };

/** A host that answers as it is told, and a clock that only waiting moves. */
function openHost(perSecond = 10) {
  let at = 1_000_000;
  const sent: { url: string; at: number }[] = [];
  const answers: Answer[] = [];
  const ask = keepBudgets(
    async ({ url }) => {
      sent.push({ url, at });
      return answers.shift() ?? ok;
    },
    {
      ...{ perSecond, now: () => at },
      wait: async (ms) => {
        at += ms;
      },
    },
  );
  return {
    ...{ sent, answers },
    ask: (url: string) => ask({ url, maxBytes: 1, signal }),
    pass: (ms: number) => {
      at += ms;
    },
  };
}

test('a host is asked in a burst at first and then no more than so often a second', async () => {
  const host = openHost(10);
  for (let count = 0; count < 120; count += 1) await host.ask('https://registry.example/v2/');
  const [first, last] = [host.sent[0]?.at ?? 0, host.sent.at(-1)?.at ?? 0];
  assert.equal(last - first, 10_000);
  await host.ask('https://other.example/');
  assert.equal(host.sent.at(-1)?.at, last);
});

test('a host that names a time is not asked before it, and one that only says 429 is left alone for a minute', async () => {
  for (const [retryAfterMs, silenceMs] of [
    [5000, 5000],
    [undefined, 60_000],
    [9e9, 24 * 3_600_000],
  ] as const) {
    const host = openHost();
    host.answers.push({ kind: 'unknown', reason: 'status 429', status: 429, retryAfterMs });
    await host.ask('https://registry.example/');
    const refused = await host.ask('https://registry.example/other');
    assert.deepEqual([refused.kind, refused.kind === 'unknown' && refused.retryAfterMs], ['unknown', silenceMs]);
    assert.equal(host.sent.length, 1);
    host.pass(silenceMs);
    assert.equal((await host.ask('https://registry.example/')).kind, 'answer');
  }
});

test('an interval stays within its limits, shrinks with change and grows without', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.boolean(), fc.boolean(), (interval, hasChanged, isInUse) => {
      const next = adaptInterval(interval, { hasChanged, isInUse });
      const most = isInUse ? intervalLimits.mostInUseMs : intervalLimits.mostMs;
      assert.ok(next >= intervalLimits.leastMs && next <= most);
      if (interval > intervalLimits.leastMs && interval < most) {
        assert.ok(hasChanged ? next < interval || next === intervalLimits.leastMs : next > interval);
      }
    }),
  );
});

test('a pause after failures never ends before the time that was named, and is never longer than a day', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.option(fc.nat(1e10), { nil: undefined }), (failures, retryAfterMs) => {
      const pause = pauseAfter(failures, retryAfterMs);
      assert.ok(pause >= Math.min(retryAfterMs ?? 0, 24 * 3_600_000) && pause <= 24 * 3_600_000);
    }),
  );
  assert.deepEqual([jitter(1000, () => 0), jitter(1000, () => 0.5)], [1000, 1050]);
});

test('sources of one host share a budget', () => {
  assert.deepEqual(
    [
      ...['oci:docker.io/library/postgres', 'oci:localhost:5000/app', 'npm:@scope/name', 'git:github.com/org/app'],
      ...['signpost:dl.example.org/rocket', 'feed:https://example.org/releases.xml'],
    ].map(hostOf),
    ['docker.io', 'localhost:5000', 'npm', 'github.com', 'dl.example.org', 'example.org'],
  );
});
