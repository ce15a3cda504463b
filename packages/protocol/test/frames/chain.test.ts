import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChainPosition, positionAfter, verifyChain } from '@signpost/protocol/frames/chain';
import { type Frame, firstPrev, hashFrame, parseFrame } from '@signpost/protocol/frames/frame';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { type VerifiedFrame, verifyFrame } from '@signpost/protocol/frames/verify-frame';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import fc from 'fast-check';
import { now } from '../documents.ts';
import { refuses } from '../refuses.ts';
import { createChannelKey, createPayload, epoch, writeChain, writeHeartbeat } from './documents.ts';

const channelKey = await createChannelKey('a');
const formerKey = await createChannelKey('former', { from: now - 7_200_000, until: now - 7_000_000 });
const written = await writeChain(formerKey, 6, { ts: now - 7_100_000 });
const frames = written.map(({ text }) => parseFrame(text));
const start: ChainPosition = { epoch, sequence: 0, hash: firstPrev('releases', epoch) };

function verify(text: string): Promise<VerifiedFrame> {
  return verifyFrame(text, { keys: { find: () => channelKey.verified }, window: new ReplayWindow(), now });
}

async function headOver(sequence: number, changes: object = {}): Promise<VerifiedFrame> {
  const prev = written[sequence - 1]?.hash ?? start.hash;
  return verify((await writeHeartbeat(channelKey, { sequence, prev, ...changes })).text);
}

test('old frames, of keys long gone, are proven by a fresh head', async () => {
  const verified = verifyChain(frames, await headOver(6), start);
  assert.deepEqual(
    verified.map(({ payload }) => payload.sequence),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(
    verified.map(({ hash }) => hash),
    written.map(({ hash }) => hash),
  );
});

test('a live frame proves those before it', async () => {
  const payload = createPayload({ sequence: 7, prev: written[5]?.hash ?? '' });
  const live = await verify((await writeFrame(channelKey, payload, { ts: now })).text);
  const verified = verifyChain(frames, live, start);
  assert.equal(verified.length, 6);
  assert.deepEqual(positionAfter(live), { epoch, sequence: 7, hash: live.hash });
});

test('a run may begin where the reader stands, or anywhere when nobody stands', async () => {
  const head = await headOver(6);
  const position = { epoch, sequence: 3, hash: written[2]?.hash ?? '' };
  assert.equal(verifyChain(frames.slice(3), head, position).length, 3);
  assert.equal(verifyChain(frames.slice(4), head, undefined).length, 2);
  assert.deepEqual(verifyChain([], await headOver(3), position), []);
  assert.deepEqual(positionAfter(head), { epoch, sequence: 6, hash: written[5]?.hash });
});

test('a run that is cut, reordered, doubled, bent or mixed is refused as a whole', async () => {
  const head = await headOver(6);
  const other = (await writeChain(formerKey, 6, { ts: now - 7_000_001 })).map(({ text }) => parseFrame(text));
  const bent = fc.oneof(
    fc.nat(5).map((at) => frames.filter((_, index) => index !== at)),
    fc.tuple(fc.nat(5), fc.nat(5)).map(([a, b]) => frames.with(a, frames[b] as Frame)),
    fc.nat(5).map((at) => frames.toSpliced(at, 0, frames[at] as Frame)),
    fc.nat(5).map((at) => frames.with(at, other[at] as Frame)),
    fc.shuffledSubarray([...frames]),
  );
  fc.assert(
    fc.property(bent, (run) => {
      fc.pre(run.some((frame, index) => frame !== frames[index]) || run.length !== frames.length);
      assert.throws(() => verifyChain(run, head, start), refuses('frame_refused'));
    }),
  );
});

test('a head of another channel, epoch or sequence proves nothing', async () => {
  for (const changes of [{ channel: 'trust' }, { epoch: 'f'.repeat(16) }, { sequence: 5 }, { sequence: 7 }]) {
    const head = await headOver(6, changes);
    assert.throws(() => verifyChain(frames, head, start), refuses('frame_refused'));
  }
});

test('a position of another history is refused', async () => {
  const head = await headOver(6);
  const position = { epoch, sequence: 3, hash: written[3]?.hash ?? '' };
  assert.throws(() => verifyChain(frames.slice(3), head, position), refuses('frame_refused'));
  assert.throws(() => verifyChain(frames, head, { ...start, epoch: 'f'.repeat(16) }), refuses('frame_refused'));
});

test('a heartbeat is no part of a run', async () => {
  const head = await headOver(6);
  const heartbeat = parseFrame((await writeHeartbeat(formerKey, { sequence: 0, prev: start.hash })).text);
  assert.throws(() => verifyChain([heartbeat, ...frames], head, start), refuses('frame_refused'));
});

test('a payload that its type does not allow is refused in a run too', async () => {
  const text = written[0]?.text.replace('"project":"demo"', '"project":"Demo"') ?? '';
  const frame = parseFrame(text);
  const head = await verify((await writeHeartbeat(channelKey, { sequence: 1, prev: hashFrame(frame) })).text);
  assert.throws(() => verifyChain([frame], head, start), refuses('frame_refused'));
});
