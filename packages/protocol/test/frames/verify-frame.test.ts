import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeFrame, parseFrame, signedText } from '@signpost/protocol/frames/frame';
import type { FrameKey } from '@signpost/protocol/frames/frame-key';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { type FrameRefusal, verifyFrame } from '@signpost/protocol/frames/verify-frame';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import fc from 'fast-check';
import { now } from '../documents.ts';
import { refuses } from '../refuses.ts';
import { createChannelKey, createPayload, createSessionKey, nonceOf } from './documents.ts';

const channelKey = await createChannelKey('a');
const nextKey = await createChannelKey('b', { from: now + 60_000, until: now + 600_000 });
const trustKey = await createChannelKey('c', { channels: ['trust'] });
const sessionKey = await createSessionKey('a');
const foreignKey = await createSessionKey('b', ['session.2']);
const known: readonly FrameKey[] = [channelKey.verified, nextKey.verified, trustKey.verified, sessionKey, foreignKey];
const keys = { find: (kid: string) => known.find((key) => key.kid === kid) };

const broadcast = await writeFrame(channelKey, createPayload(), { ts: now, nonce: nonceOf('1') });
const subscribe = await writeFrame(
  sessionKey,
  createPayload({ channel: 'session.1', type: 'client.subscribe', data: { channels: ['trust'] } }),
  { ts: now, nonce: nonceOf('2') },
);

/** What a frame is refused for, or `accepted`. */
async function judge(text: string, { at = now, window = new ReplayWindow() } = {}): Promise<FrameRefusal | 'accepted'> {
  const reasons: FrameRefusal[] = [];
  const verified = verifyFrame(text, { keys, window, now: at, onRefused: (reason) => reasons.push(reason) });
  await verified.catch(refuses('frame_refused', /^expected a frame that verifies$/));
  const [reason = 'accepted'] = reasons;
  return reason;
}

/** The frame with another payload text, signed all the same. */
async function forge(text: string, payloadText: string): Promise<string> {
  const frame = { ...parseFrame(text), payloadText };
  return encodeFrame({ ...frame, sig: encodeBase64(await channelKey.sign(encodeText(signedText(frame)))) });
}

test('frames of both kinds of key are verified, with their hash and what they say', async () => {
  for (const { text, hash } of [broadcast, subscribe]) {
    const verified = await verifyFrame(text, { keys, window: new ReplayWindow(), now });
    assert.equal(verified.hash, hash);
    assert.equal(verified.known?.type, verified.payload.type);
  }
});

test('any single bit of a frame matters', async () => {
  for (const { text } of [broadcast, subscribe]) {
    const bytes = encodeText(text);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(await judge(new TextDecoder().decode(changed)), 'accepted', `bit ${bit}`);
    }
  }
});

test('a change of any member is refused, also in canonical form', async () => {
  const edits = fc.constantFrom('kid', 'ts', 'nonce', 'sig', 'channel', 'epoch', 'prev', 'sequence', 'type', 'data');
  const bits = fc.tuple(edits, fc.nat(), fc.nat(6));
  await fc.assert(
    fc.asyncProperty(bits, async ([member, position, bit]) => {
      const { text } = broadcast;
      const start = text.indexOf(`"${member}":`) + member.length + 3;
      const end = text.slice(start).search(/[,}]/) + start;
      const at = start + (position % (end - start));
      const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1);
      assert.notEqual(await judge(changed), 'accepted');
    }),
  );
});

test('a frame is accepted at most once, in any interleaving', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(2), { maxLength: 12 }), async (scheduler, order) => {
      const window = new ReplayWindow();
      const frames = await Promise.all(
        [0, 1, 2].map((index) => writeFrame(channelKey, createPayload({ sequence: index + 1 }), { ts: now })),
      );
      const slow: FrameKey = {
        ...channelKey.verified,
        isSignature: async (...given) => {
          await scheduler.schedule(Promise.resolve());
          return channelKey.verified.isSignature(...given);
        },
      };
      const context = { keys: { find: () => slow }, window, now };
      const accepted: number[] = [];
      const runs = order.map((index) =>
        verifyFrame(frames[index]?.text ?? '', context).then(
          ({ payload }) => accepted.push(payload.sequence),
          refuses('frame_refused'),
        ),
      );
      await scheduler.waitFor(Promise.all(runs));
      assert.deepEqual([...accepted].sort(), [...new Set(order.map((index) => index + 1))].sort());
    }),
    { numRuns: 60 },
  );
});

test('nothing outside the skew is accepted, whatever the clock says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: -20_000, max: 20_000 }), fc.constantFrom(3_600_000, -3_600_000)),
      async (shift) => {
        const outcome = await judge(broadcast.text, { at: now + shift });
        if (Math.abs(shift) > 5000) assert.notEqual(outcome, 'accepted');
        else assert.equal(outcome, 'accepted');
      },
    ),
  );
});

test('every reason is told apart inside', async () => {
  const stranger = await createChannelKey('stranger');
  const text = (payload: Parameters<typeof createPayload>[0], ts = now) =>
    writeFrame(channelKey, createPayload(payload), { ts }).then((frame) => frame.text);
  assert.equal(await judge('{}'), 'malformed');
  assert.equal(await judge((await writeFrame(stranger, createPayload(), { ts: now })).text), 'key_unknown');
  assert.equal(await judge((await writeFrame(nextKey, createPayload(), { ts: now })).text), 'key_not_in_window');
  const late = now + 540_000;
  assert.equal(await judge(await text({}, late), { at: late }), 'key_not_in_window');
  assert.equal(await judge((await writeFrame(trustKey, createPayload(), { ts: now })).text), 'wrong_channel');
  const foreign = createPayload({ channel: 'session.1', type: 'heartbeat', data: undefined });
  assert.equal(await judge((await writeFrame(foreignKey, foreign, { ts: now })).text), 'wrong_channel');
  assert.equal(await judge(await text({}, now - 10_001)), 'clock_skew');
  assert.equal(
    await judge(
      broadcast.text.replace(/"sig":"./, '"sig":"_'.replace('_', broadcast.text.includes('"sig":"A') ? 'B' : 'A')),
    ),
    'bad_signature',
  );
  // What is wrong behind a wrong signature is not looked for.
  assert.equal(await judge(broadcast.text.replace('"project":"demo"', '"project":"Demo"')), 'bad_signature');
  const invalid =
    broadcast.text.match(/"payload":(.*),"sig"/)?.[1]?.replace('"project":"demo"', '"project":"Demo"') ?? '';
  assert.equal(await judge(await forge(broadcast.text, invalid)), 'payload_invalid');
  const window = new ReplayWindow({ maxFrames: 1 });
  assert.equal(await judge(broadcast.text, { window }), 'accepted');
  assert.equal(await judge(broadcast.text, { window }), 'replayed');
  assert.equal(await judge(await text({ sequence: 2 }), { window }), 'window_full');
});

test('what is forged fills no memory', async () => {
  const window = new ReplayWindow({ maxFrames: 1 });
  const forged = { kid: channelKey.kid, sign: (await createChannelKey('thief')).sign };
  for (let count = 0; count < 5; count++) {
    const { text } = await writeFrame(forged, createPayload(), { ts: now });
    assert.equal(await judge(text, { window }), 'bad_signature');
  }
  assert.equal(window.size, 0);
});

test('a frame cannot choose its algorithm: 32 octets under a channel key, and 64 under a session key, are refused', async () => {
  const mac = { kid: channelKey.kid, sign: sessionKey.sign };
  assert.equal(await judge((await writeFrame(mac, createPayload(), { ts: now })).text), 'bad_signature');
  const signature = { kid: sessionKey.kid, sign: channelKey.sign };
  const heartbeat = createPayload({ channel: 'session.1', type: 'heartbeat', data: undefined });
  assert.equal(await judge((await writeFrame(signature, heartbeat, { ts: now })).text), 'bad_signature');
});

test('a type of a later version is verified and not known', async () => {
  const later = createPayload({ type: 'release.renamed' });
  const { text } = await writeFrame(channelKey, later, { ts: now });
  assert.equal((await verifyFrame(text, { keys, window: new ReplayWindow(), now })).known, undefined);
});
