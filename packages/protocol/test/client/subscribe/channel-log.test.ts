import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelLog, type Gap, type LogEvent, maxWaitingFrames } from '@signpost/protocol/client/subscribe/channel-log';
import { type Frame, firstPrev, hashFrame, parseFrame } from '@signpost/protocol/frames/frame';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { type VerifiedFrame, verifyFrame } from '@signpost/protocol/frames/verify-frame';
import { type WrittenFrame, writeFrame } from '@signpost/protocol/frames/write-frame';
import fc from 'fast-check';
import { now } from '../../documents.ts';
import { createChannelKey, createPayload, epoch, writeChain, writeHeartbeat } from '../../frames/documents.ts';

const channelKey = await createChannelKey('a');
const laterEpoch = 'f'.repeat(16);
const history = await writeChain(channelKey, 12);
const later = await writeChain(channelKey, 5, { epoch: laterEpoch, prev: firstPrev('releases', laterEpoch) });
const forged = (await writeChain(channelKey, 12, { ts: now + 1 })).map(({ text }) => parseFrame(text));

async function verify({ text }: WrittenFrame): Promise<VerifiedFrame> {
  return verifyFrame(text, { keys: { find: () => channelKey.verified }, window: new ReplayWindow(), now });
}

async function verifyAll(frames: readonly WrittenFrame[]): Promise<readonly VerifiedFrame[]> {
  return Promise.all(frames.map(verify));
}

/** A heartbeat over each prefix of a history. */
async function headsOf(frames: readonly WrittenFrame[], ofEpoch: string): Promise<readonly VerifiedFrame[]> {
  const hashes = [firstPrev('releases', ofEpoch), ...frames.map(({ hash }) => hash)];
  const heads = hashes.map((prev, sequence) => writeHeartbeat(channelKey, { sequence, prev, epoch: ofEpoch }));
  return verifyAll(await Promise.all(heads));
}

const live = await verifyAll(history);
const heads = await headsOf(history, epoch);
const laterLive = await verifyAll(later);
const laterHeads = await headsOf(later, laterEpoch);
const old = history.map(({ text }) => parseFrame(text));
const start = { epoch, sequence: 0, hash: firstPrev('releases', epoch) };

const sequencesOf = (events: readonly LogEvent[]) =>
  events.flatMap((event) => (event.kind === 'frame' ? [event.frame.payload.sequence] : []));
const gapsOf = (events: readonly LogEvent[]): readonly Gap[] =>
  events.flatMap((event) => (event.kind === 'gap' ? [event.gap] : []));
const statesOf = (events: readonly LogEvent[]) =>
  events.flatMap((event) => (event.kind === 'state' ? [event.state] : []));
const at = <T>(items: readonly T[], index: number): T => items[index] as T;

/** What a hub may do with a message: send it, late, twice, never, or another one in its place. */
type Move =
  | { readonly kind: 'live' | 'old' | 'head' | 'forged' | 'later' | 'later-head'; readonly index: number }
  | { readonly kind: 'tick' };

const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('live', 'old', 'head', 'forged'), index: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('later', 'later-head'), index: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'tick' }) },
) as fc.Arbitrary<Move>;

function play(log: ChannelLog, move: Move): readonly LogEvent[] {
  if (move.kind === 'tick') return log.tick();
  if (move.kind === 'live') return log.takeVerified(at(live, move.index));
  if (move.kind === 'old') return log.takeUnproven(at(old, move.index));
  if (move.kind === 'head') return log.takeVerified(at(heads, move.index + 1));
  if (move.kind === 'forged') return log.takeUnproven(at(forged, move.index));
  if (move.kind === 'later') return log.takeVerified(at(laterLive, move.index));
  return log.takeVerified(at(laterHeads, move.index + 1));
}

test('whatever a hub drops, reorders, repeats, freezes, forges or mixes: each frame once, in order, and no hole unsaid', () => {
  const honest = new Set([...history, ...later].map(({ hash }) => hash));
  const starts = fc.option(fc.constant(start), { nil: undefined });
  fc.assert(
    fc.property(starts, fc.array(moves, { maxLength: 80 }), (position, hub) => {
      const log = new ChannelLog('releases', position);
      let last: { epoch: string; sequence: number } | undefined = position;
      const seen = new Set<string>();
      for (const event of hub.flatMap((move) => play(log, move))) {
        if (event.kind === 'state') continue;
        if (event.kind === 'gap') {
          last = { epoch: event.gap.epoch, sequence: event.gap.next - 1 };
          continue;
        }
        const { hash, payload } = event.frame;
        assert.ok(honest.has(hash), 'a forged frame');
        assert.ok(!seen.has(hash), 'a frame twice');
        seen.add(hash);
        if (last) assert.deepEqual([payload.epoch, payload.sequence], [last.epoch, last.sequence + 1]);
        last = payload;
      }
    }),
    { numRuns: 2000 },
  );
});

test('a hub that sends everything at last, in any order, withholds nothing', () => {
  const indexes = history.map((_, index) => index);
  const kinds = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(fc.shuffledSubarray(indexes, { minLength: 12 }), kinds, (order, isLive) => {
      const log = new ChannelLog('releases', start);
      const events = order.flatMap((index) =>
        isLive[index] ? log.takeVerified(at(live, index)) : log.takeUnproven(at(old, index)),
      );
      const all = [...events, ...log.takeVerified(at(heads, 12))];
      assert.deepEqual(
        sequencesOf(all),
        indexes.map((index) => index + 1),
      );
      assert.deepEqual(gapsOf(all), []);
    }),
  );
});

test('who has read nothing begins at the head, and hears what comes then', () => {
  const log = new ChannelLog('releases', undefined);
  assert.deepEqual(log.takeUnproven(at(old, 0)), []);
  assert.deepEqual(log.takeVerified(at(heads, 3)), [{ kind: 'state', state: 'live' }]);
  assert.deepEqual(sequencesOf(log.takeVerified(at(live, 3))), [4]);
  const other = new ChannelLog('releases', undefined);
  assert.deepEqual(sequencesOf(other.takeVerified(at(live, 6))), [7]);
});

test('old frames are handed over when a fresh head proves them', () => {
  const log = new ChannelLog('releases', { ...start, sequence: 3, hash: at(history, 2).hash });
  const before = old.slice(3, 9).flatMap((frame) => log.takeUnproven(frame));
  assert.deepEqual(sequencesOf(before), []);
  assert.deepEqual(log.reach, { epoch, sequence: 9 });
  assert.deepEqual(sequencesOf(log.takeVerified(at(heads, 9))), [4, 5, 6, 7, 8, 9]);
  assert.equal(log.isBehind, false);
});

test('who was told a cursor only learns the hash with the first frame', () => {
  const log = new ChannelLog('releases', { epoch, sequence: 2, hash: undefined });
  assert.deepEqual(sequencesOf(log.takeVerified(at(heads, 2))), []);
  assert.equal(log.position?.hash, at(history, 1).hash);
  const other = new ChannelLog('releases', { epoch, sequence: 2, hash: undefined });
  assert.deepEqual(sequencesOf(other.takeVerified(at(live, 2))), [3]);
});

test('a head without its frames is withheld after two heartbeats, and live when they have come', () => {
  const log = new ChannelLog('releases', start);
  log.takeVerified(at(heads, 2));
  assert.deepEqual(statesOf(log.tick()), []);
  log.takeVerified(at(heads, 2));
  assert.deepEqual(statesOf(log.tick()), ['withheld']);
  assert.deepEqual(statesOf([...log.takeUnproven(at(old, 0)), ...log.takeUnproven(at(old, 1))]), []);
  assert.deepEqual(statesOf(log.takeVerified(at(heads, 2))), ['live']);
});

test('a channel of which nothing fresh is heard for three heartbeats is stale', () => {
  const log = new ChannelLog('releases', start);
  assert.deepEqual(statesOf(log.takeVerified(at(heads, 0))), ['live']);
  assert.deepEqual(statesOf([...log.tick(), ...log.tick()]), []);
  // Old frames, and heads below what was read, say nothing about now.
  assert.deepEqual(statesOf(log.tick()), ['stale']);
  assert.deepEqual(statesOf(log.takeVerified(at(heads, 0))), ['live']);
});

test('a snapshot that says that frames are gone is a gap, and one that does not is a head', async () => {
  const snapshot = (oldest: number) =>
    writeFrame(
      channelKey,
      createPayload({ type: 'snapshot', sequence: 9, prev: at(history, 8).hash, data: { oldest } }),
      { ts: now },
    ).then(verify);
  const log = new ChannelLog('releases', { ...start, sequence: 2, hash: at(history, 1).hash });
  const events = log.takeVerified(await snapshot(6));
  assert.deepEqual(gapsOf(events), [{ channel: 'releases', reason: 'expired', last: 2, epoch, next: 10 }]);
  assert.deepEqual(sequencesOf(log.takeVerified(at(live, 9))), [10]);
  const other = new ChannelLog('releases', { ...start, sequence: 2, hash: at(history, 1).hash });
  assert.deepEqual(gapsOf(other.takeVerified(await snapshot(3))), []);
  assert.equal(other.isBehind, true);
});

test('a new epoch is a gap, and the old one is never heard again', () => {
  const log = new ChannelLog('releases', { ...start, sequence: 4, hash: at(history, 3).hash });
  const events = log.takeVerified(at(laterHeads, 2));
  assert.deepEqual(gapsOf(events), [
    { channel: 'releases', reason: 'history-lost', last: 4, epoch: laterEpoch, next: 3 },
  ]);
  assert.deepEqual([...log.takeVerified(at(live, 4)), ...log.takeVerified(at(heads, 5))], []);
  assert.deepEqual(sequencesOf(log.takeVerified(at(laterLive, 2))), [3]);
});

test('a signed frame of another history in the same epoch is a gap', async () => {
  const other = await verifyAll(await writeChain(channelKey, 4, { ts: now + 2 }));
  const log = new ChannelLog('releases', { ...start, sequence: 2, hash: at(history, 1).hash });
  const events = log.takeVerified(at(other, 2));
  assert.deepEqual(
    gapsOf(events).map(({ reason }) => reason),
    ['unprovable'],
  );
  assert.deepEqual(sequencesOf(events), [3]);
});

test('a run that does not hang together is asked for again, and given up after three', () => {
  const log = new ChannelLog('releases', start);
  log.takeVerified(at(heads, 2));
  const events: LogEvent[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    assert.deepEqual(gapsOf(events), []);
    for (const frame of forged.slice(0, 2)) events.push(...log.takeUnproven(frame));
  }
  assert.deepEqual(sequencesOf(events), []);
  assert.deepEqual(gapsOf(events), [{ channel: 'releases', reason: 'unprovable', last: 0, epoch, next: 3 }]);
});

test('a frame that was verified by itself is not displaced by one that was not', () => {
  const log = new ChannelLog('releases', start);
  log.takeVerified(at(live, 1));
  log.takeUnproven(at(forged, 1));
  assert.deepEqual(sequencesOf(log.takeUnproven(at(old, 0))), [1, 2]);
});

test('frames far ahead are not kept without end', async () => {
  const sequence = maxWaitingFrames + 2;
  const far = await writeFrame(channelKey, createPayload({ sequence, prev: at(history, 0).hash }), { ts: now });
  const log = new ChannelLog('releases', start);
  assert.deepEqual(log.takeUnproven(parseFrame(far.text)), []);
  assert.equal(log.isBehind, false);
  const events = log.takeVerified(await verify(far));
  assert.deepEqual(
    gapsOf(events).map(({ reason, next }) => [reason, next]),
    [['too-far-behind', sequence]],
  );
  assert.deepEqual(sequencesOf(events), [sequence]);
});

test('a frame that was read needs no second look', () => {
  const log = new ChannelLog('releases', { ...start, sequence: 4, hash: at(history, 3).hash });
  const known = (frames: readonly Frame[]) => frames.map((frame) => log.isKnown(frame));
  assert.deepEqual(known([at(old, 3), at(old, 4), at(heads, 2), at(laterLive, 0)]), [true, false, false, false]);
  assert.equal(hashFrame(at(old, 3)), at(history, 3).hash);
});
