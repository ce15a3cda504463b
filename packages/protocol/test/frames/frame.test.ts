import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import {
  encodePayload,
  type Frame,
  firstPrev,
  hashFrame,
  parseFrame,
  signedText,
} from '@signpost/protocol/frames/frame';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';
import { now } from '../documents.ts';
import { refuses } from '../refuses.ts';
import { createChannelKey, createPayload, createSessionKey, epoch, nonceOf, writeChain } from './documents.ts';

const channelKey = await createChannelKey('a');
const honest = await writeFrame(channelKey, createPayload(), { ts: now, nonce: nonceOf('1') });

const texts = fc.string({ unit: codePoint, maxLength: 20 }).map((text) => text.replaceAll(/[\u2028\u2029]/g, ' '));
const names = fc.stringMatching(/^[a-z_]{1,8}$/).filter((name) => !/^(?:constructor|prototype|__proto__)$/.test(name));
const data = fc.dictionary(names, fc.oneof(texts, fc.integer(), fc.boolean(), fc.array(texts, { maxLength: 3 })), {
  minKeys: 1,
  maxKeys: 6,
  noNullPrototype: true,
});

test('a frame that is written is read back with the same fields', async () => {
  await fc.assert(
    fc.asyncProperty(data, fc.integer({ min: 1 }), fc.nat(), async (fields, sequence, ts) => {
      const payload = createPayload({ channel: 'app.x', type: 'app.any', sequence, data: fields });
      const { text, hash } = await writeFrame(channelKey, payload, { ts });
      const frame = parseFrame(text);
      assert.deepEqual(JSON.parse(JSON.stringify(frame.payload)), payload);
      assert.deepEqual([frame.kid, frame.ts], [channelKey.kid, ts]);
      assert.equal(hashFrame(frame), hash);
    }),
  );
});

test('whatever is read as a frame is canonical, and says what a plain reader of JSON finds in it', async () => {
  const pieces = fc.oneof(
    fc.constantFrom('{', '}', '"', ',', ':', '\\', ' ', '"epoch":"', '"data":{', ',"version":1}'),
    texts,
  );
  const edit = fc.record({ at: fc.nat(), remove: fc.nat(12), insert: pieces });
  await fc.assert(
    fc.asyncProperty(data, fc.array(edit, { maxLength: 2 }), async (fields, edits) => {
      const payload = createPayload({ channel: 'app.x', type: 'app.any', data: fields });
      let { text } = await writeFrame(channelKey, payload, { ts: now });
      for (const { at, remove, insert } of edits) {
        const place = at % text.length;
        text = text.slice(0, place) + insert + text.slice(place + remove);
      }
      const frame = findFrame(text);
      if (!frame) return assert.notEqual(edits.length, 0);
      const { kid, ts, nonce, sig, payloadText } = frame;
      assert.equal(encodeCanonicalText(parseSignableText(text)), text);
      const plain = JSON.parse(text);
      assert.deepEqual([kid, ts, nonce, sig], [plain.kid, plain.ts, plain.nonce, plain.sig]);
      assert.equal(JSON.stringify(JSON.parse(payloadText)), JSON.stringify(plain.payload));
      const { version: _version, ...members } = plain.payload;
      assert.deepEqual(JSON.parse(JSON.stringify(frame.payload)), members);
    }),
    { numRuns: 2000 },
  );
});

test('data may be as deep as the whole frame allows, however it is read', async () => {
  const nest = (levels: number): SignableObject => ({ a: levels === 0 ? 'x' : nest(levels - 1) });
  const write = (levels: number) =>
    writeFrame(channelKey, createPayload({ channel: 'app.x', type: 'app.any', data: nest(levels) }), { ts: now });
  assert.ok(parseFrame((await write(29)).text));
  await assert.rejects(write(30), refuses('not_canonical'));
  const { text } = await write(29);
  assert.throws(() => parseFrame(text.replace('"x"', '["x"]')), refuses('not_canonical'));
});

test('the order of the members makes no difference, and different payloads have different texts', () => {
  fc.assert(
    fc.property(data, data, (left, right) => {
      const turned = Object.fromEntries(Object.entries(left).reverse());
      const payloads = [left, turned, right].map((one) =>
        createPayload({ channel: 'app.x', type: 'app.any', data: one }),
      );
      const [first, second, third] = payloads.map(encodePayload);
      assert.equal(first, second);
      assert.equal(first === third, isSameJson(left, right));
    }),
  );
});

test('the signed text is kid, time, nonce and canonical payload, and its SHA-256 is what the next frame names', () => {
  const frame = parseFrame(honest.text);
  const text = `${channelKey.kid}:${now}:${frame.nonce}:${JSON.stringify(JSON.parse(honest.text).payload)}`;
  assert.equal(signedText(frame), text);
  assert.equal(honest.hash, createHash('sha256').update(text).digest('base64'));
  assert.equal(firstPrev('trust', epoch), createHash('sha256').update(`trust:${epoch}`).digest('base64'));
});

test('a chain names the hash of each frame in the next one', async () => {
  const frames = await writeChain(channelKey, 3);
  const prevs = frames.map(({ text }) => parseFrame(text).payload.prev);
  assert.deepEqual(prevs, [firstPrev('releases', epoch), frames[0]?.hash, frames[1]?.hash]);
});

test('a payload of 1,024 bytes is written and one of 1,025 is not', async () => {
  const fill = (length: number) =>
    createPayload({ channel: 'app.x', type: 'app.any', data: { text: 'x'.repeat(length) } });
  const rest = 1024 - encodeText(encodePayload(fill(0))).length;
  assert.ok(encodeText((await writeFrame(channelKey, fill(rest), { ts: now })).text).length <= 2048);
  await assert.rejects(writeFrame(channelKey, fill(rest + 1), { ts: now }), refuses('too_large'));
  // Bytes are counted, not characters.
  const umlauts = createPayload({ channel: 'app.x', type: 'app.any', data: { text: 'ü'.repeat(rest / 2 + 1) } });
  await assert.rejects(writeFrame(channelKey, umlauts, { ts: now }), refuses('too_large'));
});

test('a nonce of another length is a mistake of the programmer', async () => {
  await assert.rejects(writeFrame(channelKey, createPayload(), { ts: now, nonce: new Uint8Array(12) }), TypeError);
});

const refusals: readonly [string, TrustErrorCode, (text: string) => string][] = [
  ['no JSON', 'malformed', () => 'not JSON'],
  ['an array', 'malformed', (text) => `[${text}]`],
  ['white space', 'not_canonical', (text) => `${text} `],
  ['members in another order', 'not_canonical', (text) => JSON.stringify({ ts: 0, ...JSON.parse(text) })],
  ['a member twice', 'malformed', (text) => text.replace('{"kid"', '{"ts":1,"kid"')],
  ['a member twice in the payload', 'malformed', (text) => text.replace('"type":', '"type":"heartbeat","type":')],
  ['an escape that is not needed', 'not_canonical', (text) => text.replace('"demo"', '"\\u0064emo"')],
  ['a member more', 'malformed', (text) => text.replace('{"kid"', '{"alg":"none","kid"')],
  ['a member more in the payload', 'malformed', (text) => text.replace('{"channel"', '{"alg":"none","channel"')],
  ['a member less', 'malformed', (text) => text.replace(/"sig":"[^"]*",/, '')],
  ['a nonce of 12 octets', 'malformed', (text) => text.replace(/"nonce":"[^"]*"/, '"nonce":"AAAAAAAAAAAAAAAA"')],
  ['a nonce of 33 octets', 'malformed', (text) => text.replace(/"nonce":"[^"]*"/, `"nonce":"${'A'.repeat(44)}"`)],
  [
    'a nonce in URL-safe base64',
    'malformed',
    (text) => text.replace(/"nonce":"[^"]*"/, `"nonce":"${'_'.repeat(43)}="`),
  ],
  [
    'a nonce with bits left over',
    'malformed',
    (text) => text.replace(/"nonce":"[^"]*"/, `"nonce":"${'A'.repeat(42)}B="`),
  ],
  ['a signature of 16 octets', 'malformed', (text) => text.replace(/"sig":"[^"]*"/, `"sig":"${'A'.repeat(22)}=="`)],
  ['an empty signature', 'malformed', (text) => text.replace(/"sig":"[^"]*"/, '"sig":""')],
  ['a kid with a colon', 'malformed', (text) => text.replace(/"kid":"../, '"kid":"a:')],
  ['a kid of no kind', 'malformed', (text) => text.replace(/"kid":"[^"]*"/, '"kid":"none"')],
  ['a time with a fraction', 'not_canonical', (text) => text.replace(/"ts":\d+/, '"ts":1.5')],
  ['a time before 1970', 'malformed', (text) => text.replace(/"ts":\d+/, '"ts":-1')],
  ['a time as text', 'malformed', (text) => text.replace(/"ts":\d+/, '"ts":"1"')],
  ['a sequence beyond 2^53', 'not_canonical', (text) => text.replace('"sequence":1', '"sequence":9007199254740992')],
  ['sequence 0 of a frame in the log', 'malformed', (text) => text.replace('"sequence":1', '"sequence":0')],
  ['another version', 'malformed', (text) => text.replace('"version":1}', '"version":2}')],
  ['a channel of no kind', 'malformed', (text) => text.replace('"channel":"releases"', '"channel":"Releases"')],
  ['an epoch of 8 characters', 'malformed', (text) => text.replace(epoch, '01234567')],
  ['data as text', 'malformed', (text) => text.replace(/"data":\{[^}]*\}/, '"data":"x"')],
  ['empty data', 'not_canonical', (text) => text.replace(/"data":\{[^}]*\}/, '"data":{}')],
  ['a member __proto__', 'malformed', (text) => text.replace('"data":{', '"data":{"__proto__":{"a":1},')],
  ['a member constructor', 'malformed', (text) => text.replace('"counter"', '"constructor":1,"counter"')],
  ['a member prototype deep inside', 'malformed', (text) => text.replace('"data":{', '"data":{"a":[{"prototype":1}],')],
  ['a frame of 2,049 bytes', 'too_large', (text) => text.padEnd(2049)],
  ['a frame of a megabyte', 'too_large', (text) => text.padEnd(1_000_000, '[')],
  ['a payload of 1,025 bytes', 'too_large', (text) => text.replace('"demo"', `"${'x'.repeat(1020)}"`)],
];

for (const [name, code, bend] of refusals) {
  test(`${name} is refused as a frame`, () => {
    const bent = bend(honest.text);
    assert.notEqual(bent, honest.text);
    assert.throws(() => parseFrame(bent), refuses(code));
  });
}

test('any bytes are read, or refused with a code, and change nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: codePoint }), fc.json()), (text) => {
      assert.throws(() => parseFrame(text), { name: 'TrustError' });
    }),
  );
  assert.equal(({} as SignableObject).a, undefined);
});

test('a frame of a session key is half as long in its signature', async () => {
  const key = await createSessionKey('a');
  const subscribe = createPayload({ channel: 'session.1', type: 'client.subscribe', data: { channels: ['trust'] } });
  const { sig } = parseFrame((await writeFrame(key, subscribe, { ts: now })).text);
  assert.equal(sig.length, 44);
});

function isSameJson(left: SignableObject, right: SignableObject): boolean {
  const sort = (object: SignableObject) => JSON.stringify(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sort(left) === sort(right);
}

function findFrame(text: string): Frame | undefined {
  try {
    return parseFrame(text);
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}
