/** Thousands of damaged frames, certificates, cursors, keys and event streams: each is accepted or refused, quickly, and nothing else. */
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { parseKeys } from '@signpost/protocol/client/subscribe/connection';
import { readEventStream } from '@signpost/protocol/client/subscribe/event-stream';
import { parsePositions } from '@signpost/protocol/client/subscribe/positions';
import { verifyChannelKey } from '@signpost/protocol/frames/channel-key';
import { formatCursor, parseCursor } from '@signpost/protocol/frames/cursor';
import { encodeFrame, parseFrame } from '@signpost/protocol/frames/frame';
import { channelOf, parsePayload } from '@signpost/protocol/frames/payload';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { createTrust, now, pushKey, pushKeyEntry } from '../documents.ts';
import { createChannelKey, createPayload, dataByType, epoch } from '../frames/documents.ts';
import { pick } from './der-damage.ts';
import { damageJson } from './json-damage.ts';
import { type FuzzOptions, type FuzzOutcome, judgeInputs } from './judge-inputs.ts';

interface FrameSeed {
  readonly kind: 'frame' | 'channel-key' | 'cursor' | 'keys' | 'positions' | 'stream';
  readonly text: string;
}

/** Reads `count` texts that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError. */
export async function fuzzFrames(options: FuzzOptions): Promise<FuzzOutcome> {
  const seeds = await createSeeds();
  const trust = await createTrust({ push_keys: [pushKeyEntry(pushKey)] });
  return judgeInputs(options, {
    createInput: (random) => {
      const { kind, text } = pick(seeds, random);
      const isJson = text.startsWith('{');
      const donors = seeds.filter((seed) => seed.text.startsWith('{'));
      const damaged = isJson ? damageJson(text, pick(donors, random).text, random) : damageText(text, random);
      return { kind, bytes: encodeText(damaged) };
    },
    judge: ({ kind, bytes }) => readText(kind, parseText(bytes), trust),
  });
}

async function readText(kind: FrameSeed['kind'], text: string, trust: VerifiedTrustList): Promise<void> {
  if (kind === 'frame') readFrame(text);
  else if (kind === 'channel-key') await verifyChannelKey(trust, text, now);
  else if (kind === 'cursor') assertSame(formatCursor(parseCursor(text)), text);
  else if (kind === 'keys') parseKeys(text);
  else if (kind === 'positions') parsePositions(text);
  else for await (const { data } of readEventStream(inOnePiece(text))) readFrame(data);
}

/** What is read must be what is written: a second text for the same frame would be a hole. */
function readFrame(text: string): void {
  const frame = parseFrame(text);
  assertSame(encodeFrame(frame), text);
  parsePayload(frame.payload);
}

function assertSame(written: string, read: string): void {
  if (written !== read) throw new Error(`expected one text, got ${written} for ${read}`);
}

async function* inOnePiece(text: string): AsyncGenerator<Uint8Array, void, void> {
  yield encodeText(text);
}

/** Characters dropped, doubled and exchanged. */
function damageText(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const inserted = pick(['', ':', ',', '.', '0', '\n', '\r', '\0', '\u2028', text.slice(at)], random);
  return text.slice(0, at) + inserted + text.slice(at + Math.floor(random() * 3));
}

async function createSeeds(): Promise<readonly FrameSeed[]> {
  const key = await createChannelKey('a');
  const seeds: FrameSeed[] = [];
  for (const [type, data] of Object.entries(dataByType)) {
    const payload = createPayload({ channel: channelFor(type), type, data });
    seeds.push({ kind: 'frame', text: (await writeFrame(key, payload, { ts: now })).text });
  }
  const first = seeds[0]?.text ?? '';
  return [
    ...seeds,
    { kind: 'channel-key', text: key.certificate },
    { kind: 'keys', text: `{"channel_keys":[${key.certificate}]}` },
    {
      kind: 'positions',
      text: `{"positions":[{"channel":"trust","epoch":"${epoch}","sequence":3}],"positions_version":1}`,
    },
    { kind: 'cursor', text: `${epoch}:app.room.7.12,releases.7,trust.0` },
    { kind: 'stream', text: `retry: 10\r\n: hello\nevent: message\nid: 1\ndata: ${first}\n\ndata: ${first}\n\n` },
  ];
}

function channelFor(type: string): string {
  return channelOf(type) ?? (/^(?:client|session)\./.test(type) ? 'session.1' : 'trust');
}
