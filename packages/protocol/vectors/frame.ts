/** Vectors of signed frames: the keys that a listener has, what it has seen, and the frames that it gets. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeFrame, type FramePayload, parseFrame, signedText } from '@signpost/protocol/frames/frame';
import type { FrameSigner } from '@signpost/protocol/frames/frame-key';
import type { FrameRefusal } from '@signpost/protocol/frames/verify-frame';
import { type WrittenFrame, writeFrame } from '@signpost/protocol/frames/write-frame';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { describeKey, now, pushKey, pushKeyEntry, rootA, signTrust, strangerKey } from '../test/documents.ts';
import {
  createChannelKey,
  createPayload,
  createSessionKey,
  epoch,
  nonceOf,
  sessionSecret,
  writeChain,
} from '../test/frames/documents.ts';

/** A session key as its holder has it. */
interface SessionKeyVector {
  readonly kid: string;
  readonly secret_b64: string;
  readonly channels: readonly string[];
  readonly not_before: number;
  readonly not_after: number;
}

/** Frames of which the last one is verified by itself and proves those before it, and the decision. */
export interface FrameVector {
  readonly name: string;
  readonly now: number;
  readonly roots: readonly string[];
  readonly trust: string;
  readonly channel_keys: readonly string[];
  readonly session_keys: readonly SessionKeyVector[];
  /** Frames that were accepted just before. */
  readonly seen: readonly string[];
  readonly frames: readonly string[];
  readonly expect:
    | {
        readonly accepted: {
          readonly channel: string;
          readonly sequence: number;
          readonly hash: string;
          readonly known: boolean;
        };
      }
    | { readonly refused: 'frame_refused'; readonly reason: FrameRefusal };
}

type Given = Partial<Pick<FrameVector, 'now' | 'trust' | 'seen'>>;

const channelKey = await createChannelKey('a');
const trustKey = await createChannelKey('c', { channels: ['trust'] });
const strayKey = await createChannelKey('d', { from: now - 120_000, until: now });
const sessionKey = await createSessionKey('a');
const trust = await signTrust({ push_keys: [pushKeyEntry(pushKey)] });

const keys = {
  roots: [rootA.pubkeyB64],
  channel_keys: [channelKey, trustKey, strayKey].map(({ certificate }) => certificate),
  session_keys: [
    {
      kid: sessionKey.kid,
      secret_b64: encodeBase64(sessionSecret('a')),
      channels: sessionKey.channels,
      not_before: sessionKey.notBefore,
      not_after: sessionKey.notAfter,
    },
  ],
};

function write(signer: FrameSigner, changes: Partial<FramePayload> = {}, ts: number = now): Promise<WrittenFrame> {
  const payload = createPayload(changes);
  return writeFrame(signer, payload, { ts, nonce: nonceOf(`${payload.type} ${payload.sequence} ${ts}`) });
}

function accept(name: string, frames: readonly WrittenFrame[], given: Given = {}): FrameVector {
  const last = parseFrame(frames.at(-1)?.text ?? '').payload;
  const isHead = last.type === 'heartbeat' || last.type === 'snapshot';
  const accepted = {
    channel: last.channel,
    sequence: last.sequence,
    hash: isHead ? last.prev : (frames.at(-1)?.hash ?? ''),
    known: last.type !== 'release.renamed',
  };
  return createVector(
    name,
    frames.map(({ text }) => text),
    { ...given, expect: { accepted } },
  );
}

function refuse(name: string, reason: FrameRefusal, frames: readonly string[], given: Given = {}): FrameVector {
  return createVector(name, frames, { ...given, expect: { refused: 'frame_refused', reason } });
}

function createVector(
  name: string,
  frames: readonly string[],
  { expect, ...given }: Given & Pick<FrameVector, 'expect'>,
): FrameVector {
  return { name, now, trust, seen: [], ...keys, frames, ...given, expect };
}

export async function frameVectors(): Promise<readonly FrameVector[]> {
  return [
    ...(await acceptedFrames()),
    ...(await refusedFrames()),
    ...(await refusedForms()),
    ...(await refusedChains()),
  ];
}

const heartbeat = { type: 'heartbeat', data: undefined };
const subscribe = { channel: 'session.1', type: 'client.subscribe', data: { channels: ['trust'] } };

async function acceptedFrames(): Promise<FrameVector[]> {
  const chain = await writeChain(channelKey, 4, { ts: now - 7_200_000 });
  const head = { sequence: 4, prev: chain.at(-1)?.hash ?? '' };
  return [
    accept('a frame of a channel key', [await write(channelKey)]),
    accept('a frame of a session key', [await write(sessionKey, subscribe)]),
    accept('a heartbeat of an empty channel', [await write(channelKey, { ...heartbeat, sequence: 0 })]),
    accept('old frames before a heartbeat', [...chain, await write(channelKey, { ...heartbeat, ...head })]),
    accept('old frames before a live one', [...chain, await write(channelKey, { ...head, sequence: 5 })]),
    accept('a snapshot', [await write(channelKey, { ...head, type: 'snapshot', data: { oldest: 3 } })]),
    accept('a type of a later version', [await write(channelKey, { type: 'release.renamed' })]),
    accept('a member of data of a later version', [await write(channelKey, { data: { ...release, later: true } })]),
    accept('text beyond ASCII, by code point', [
      await write(channelKey, {
        channel: 'app.x',
        type: 'app.y',
        data: { '\u{1F600}': 1, '\uFF5E': [null, true], ä: -1 },
      }),
    ]),
    accept('signed five seconds ahead', [await write(channelKey, {}, now + 5000)]),
    accept('signed five seconds ago', [await write(channelKey, {}, now - 5000)]),
  ];
}

const release: SignableObject = { project: 'demo', version: '1.2.0' };

async function refusedFrames(): Promise<FrameVector[]> {
  const { text } = await write(channelKey);
  const { sign } = channelKey;
  const stranger = await createChannelKey('stranger');
  const revocation = { ...describeKey(pushKey), reason: 'stolen', revoked_at: '2027-01-02T00:00:00Z' };
  const revoked = await signTrust({ push_keys: [pushKeyEntry(pushKey)], revoked_keys: [revocation] });
  const others = await signTrust({ push_keys: [pushKeyEntry(strangerKey)] });
  return [
    refuse('a key that nobody vouches for', 'key_unknown', [(await write(stranger)).text]),
    refuse('a key past its end', 'key_unknown', [(await write(strayKey)).text]),
    refuse('a push key that is not in the trust list', 'key_unknown', [text], { trust: others }),
    refuse('no push key in the trust list', 'key_unknown', [text], { trust: await signTrust() }),
    refuse('a revoked push key', 'key_unknown', [text], { trust: revoked }),
    refuse('a key for another channel', 'wrong_channel', [(await write(trustKey)).text]),
    refuse('a session key outside its channel', 'wrong_channel', [(await write(sessionKey, heartbeat)).text]),
    refuse('signed a millisecond too far ahead', 'clock_skew', [(await write(channelKey, {}, now + 5001)).text]),
    refuse('signed a millisecond too long ago', 'clock_skew', [(await write(channelKey, {}, now - 5001)).text]),
    refuse('an hour ago', 'clock_skew', [(await write(channelKey, {}, now - 3_600_000)).text]),
    refuse('the same frame again', 'replayed', [text], { seen: [text] }),
    refuse('signed by another key under its name', 'bad_signature', [
      (await write({ kid: channelKey.kid, sign: stranger.sign })).text,
    ]),
    refuse('a MAC where a signature must stand', 'bad_signature', [
      (await write({ kid: channelKey.kid, sign: sessionKey.sign })).text,
    ]),
    refuse('a signature where a MAC must stand', 'bad_signature', [
      (await write({ kid: sessionKey.kid, sign }, subscribe)).text,
    ]),
    refuse('another time', 'bad_signature', [text.replace(`"ts":${now}`, `"ts":${now + 1}`)]),
    refuse('another sequence', 'bad_signature', [text.replace('"sequence":1', '"sequence":2')]),
    refuse('another channel', 'bad_signature', [text.replace('"channel":"releases"', '"channel":"app.x"')]),
    refuse('a type without its data', 'payload_invalid', [await forge({ type: 'trust.updated', channel: 'trust' })]),
    refuse('a type on the channel of another', 'payload_invalid', [await forge({ channel: 'watch' })]),
    refuse('data of another shape', 'payload_invalid', [await forge({ data: { ...release, project: 'Demo' } })]),
    refuse('a heartbeat with data', 'payload_invalid', [await forge({ type: 'heartbeat' })]),
  ];
}

/** A frame that no honest sender writes, with a good signature. */
async function forge(changes: SignableObject): Promise<string> {
  const { channel = 'releases', type = 'release.activated', data = release } = changes;
  const { prev } = createPayload();
  const payloadText = `{"channel":"${channel}","data":${JSON.stringify(data)},"epoch":"${epoch}","prev":"${prev}","sequence":1,"type":"${type}","version":1}`;
  const fields = { kid: channelKey.kid, ts: now, nonce: encodeBase64(nonceOf('forged')), payloadText };
  return encodeFrame({ ...fields, sig: encodeBase64(await channelKey.sign(encodeText(signedText(fields)))) });
}

async function refusedForms(): Promise<FrameVector[]> {
  const { text } = await write(channelKey);
  const bent: readonly [string, string][] = [
    ['no JSON', 'frame'],
    ['white space', ` ${text}`],
    ['members in another order', text.replace(/\{"kid":("[^"]*"),"nonce":("[^"]*")/, '{"nonce":$2,"kid":$1')],
    ['a member twice', text.replace('{"kid"', '{"kid":"s_0123456789abcdef","kid"')],
    ['a member that frames do not have', text.replace('{"kid"', '{"alg":"none","kid"')],
    ['no signature', text.replace(/"sig":"[^"]*",/, '')],
    ['an empty signature', text.replace(/"sig":"[^"]*"/, '"sig":""')],
    ['a nonce of 31 octets', text.replace(/"nonce":"[^"]*"/, `"nonce":"${'A'.repeat(42)}=="`)],
    ['a nonce with bits left over', text.replace(/"nonce":"[^"]*"/, `"nonce":"${'A'.repeat(42)}B="`)],
    ['a key id of no kind', text.replace(/"kid":"[^"]*"/, '"kid":"a:b"')],
    ['a time with a fraction', text.replace(/"ts":\d+/, '"ts":1.0')],
    ['sequence 0 in the log', text.replace('"sequence":1', '"sequence":0')],
    ['another version', text.replace('"version":1}', '"version":2}')],
    ['a member named __proto__', text.replace('"data":{', '"data":{"__proto__":1,')],
    ['an escape that need not be', text.replace('"demo"', '"\\u0064emo"')],
    ['a payload of more than 1,024 bytes', text.replace('"demo"', `"${'x'.repeat(900)}"`)],
    ['a frame of more than 2,048 bytes', text.padEnd(2049)],
  ];
  return bent.map(([name, frame]) => refuse(name, 'malformed', [frame]));
}

async function refusedChains(): Promise<FrameVector[]> {
  const chain = await writeChain(channelKey, 4, { ts: now - 7_200_000 });
  const texts = chain.map(({ text }) => text);
  const other = (await writeChain(channelKey, 4, { ts: now - 7_100_000 })).map(({ text }) => text);
  const head = { ...heartbeat, sequence: 4, prev: chain.at(-1)?.hash ?? '' };
  const last = (await write(channelKey, head)).text;
  const stale = (await write(channelKey, head, now - 60_000)).text;
  const empty = (await write(channelKey, { ...heartbeat, sequence: 0 })).text;
  return [
    refuse('a chain with a frame missing', 'chain_broken', [...texts.toSpliced(1, 1), last]),
    refuse('a chain with two frames exchanged', 'chain_broken', [
      ...texts.with(1, texts[2] ?? '').with(2, texts[1] ?? ''),
      last,
    ]),
    refuse('a chain with a frame twice', 'chain_broken', [...texts.toSpliced(1, 0, texts[1] ?? ''), last]),
    refuse('a chain with a frame of another history', 'chain_broken', [...texts.with(2, other[2] ?? ''), last]),
    refuse('a chain without its last frame', 'chain_broken', [...texts.slice(0, -1), last]),
    refuse('a heartbeat inside a chain', 'chain_broken', [empty, ...texts, last]),
    refuse('a chain that ends at an old heartbeat', 'clock_skew', [...texts, stale]),
  ];
}
