/** Signed frames (docs/protocol/frame.md): their form on the wire, the text that is signed, the hash that chains them. */
import { encodeBase64 } from '../bytes/base64.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonicalText, maxJsonDepth, type SignableObject, type SignableValue } from '../json/canonical.ts';
import { assertMembers, parseInteger, parseObject, parsePattern } from '../json/fields.ts';
import { parseCanonicalText, parseSignableText } from '../json/parse.ts';

/** The largest canonical payload, in bytes of UTF-8. What is larger is fetched by reference and digest. */
export const maxPayloadBytes = 1024;

/** The largest frame, in bytes of UTF-8. */
export const maxFrameBytes = 2048;

/** The octets of a nonce. */
export const nonceBytes = 32;

/** The name of a channel, at most 64 characters. */
export const channelNamePattern: RegExp = /^(?=.{1,64}$)[a-z][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*$/;

/** An epoch of an organisation's log: it changes only when history was lost. */
export const epochPattern: RegExp = /^[0-9a-f]{16}$/;

/** The hash of a frame, and a nonce: 32 octets in base64. */
export const frameHashPattern: RegExp = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** A channel key's id, or (with `s_`) a session key's. No colon, so that the signed text reads one way only. */
export const kidPattern: RegExp = /^(?:[0-9a-f]{32}|s_[A-Za-z0-9_-]{16,62})$/;

/** What a frame says. */
export interface FramePayload {
  readonly channel: string;
  readonly epoch: string;
  /** From 1, without holes; of a heartbeat or snapshot that of the head, 0 when the channel is empty. */
  readonly sequence: number;
  /** The hash of the frame before (`hashFrame`), or `firstPrev`. */
  readonly prev: string;
  readonly type: string;
  readonly data?: SignableObject | undefined;
}

/** A frame, parsed and not verified. */
export interface Frame {
  readonly kid: string;
  /** Unix milliseconds. */
  readonly ts: number;
  /** 32 octets in base64. */
  readonly nonce: string;
  /** 64 octets (Ed25519) or 32 (HMAC-SHA-256) in base64. */
  readonly sig: string;
  readonly payload: FramePayload;
  /** The canonical text of the payload. */
  readonly payloadText: string;
}

const payloadVersion = 1;

/**
 * Parses the text of a frame. It must be canonical, so that no octet of it can change unseen. Throws `too_large`,
 * `not_canonical` and `malformed`.
 */
export function parseFrame(text: string): Frame {
  assertSize(text, maxFrameBytes, 'a frame');
  const frame = parsePlainFrame(text) ?? parseAnyFrame(text);
  assertSize(frame.payloadText, maxPayloadBytes, 'a payload');
  return frame;
}

/**
 * A frame as servers write it, seen in one look: its members in their order and within their alphabets, nothing escaped. What
 * stands between them is canonical by this, and the data by itself. `undefined`: the strict reader says what it is.
 */
function parsePlainFrame(text: string): Frame | undefined {
  const [, kid, nonce, payloadText, channel, dataText, epoch, prev, sequence, type, sig, ts] =
    plainFrame.exec(text) ?? [];
  if (kid === undefined || nonce === undefined || payloadText === undefined || sig === undefined) return undefined;
  if (channel === undefined || epoch === undefined || prev === undefined || type === undefined) return undefined;
  if (!channelNamePattern.test(channel) || !channelNamePattern.test(type)) return undefined;
  const data = dataText === undefined ? undefined : parseData(parseObject(parseCanonicalText(dataText), 'data'));
  const payload = { channel, epoch, sequence: Number(sequence), prev, type, data };
  if (payload.sequence === 0 && !isHeadStatement(payload)) return undefined;
  return { kid, ts: Number(ts), nonce, sig, payload, payloadText };
}

// A name is looked at twice: here for its characters, then for its form. Fifteen digits are safe integers.
const plainFrame =
  /^\{"kid":"([0-9a-f]{32}|s_[A-Za-z0-9_-]{16,62})","nonce":"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)","payload":(\{"channel":"([a-z0-9.-]+)",(?:"data":(\{.+\}),)?"epoch":"([0-9a-f]{16})","prev":"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)","sequence":(0|[1-9][0-9]{0,14}),"type":"([a-z0-9.-]+)","version":1\}),"sig":"([A-Za-z0-9+/]{85}[AQgw]==|[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)","ts":(0|[1-9][0-9]{0,14})\}$/;

function parseAnyFrame(text: string): Frame {
  const object = parseObject(parseCanonicalText(text), 'the frame');
  assertMembers(object, ['kid', 'ts', 'nonce', 'sig', 'payload'], 'a frame');
  const sig = parsePattern(object, 'sig', signaturePattern, 'base64 of 32 or 64 octets');
  const ts = parseInteger(object, 'ts', 0);
  return {
    kid: parsePattern(object, 'kid', kidPattern, 'the id of a key'),
    ts,
    nonce: parsePattern(object, 'nonce', frameHashPattern, 'base64 of 32 octets'),
    sig,
    payload: parseFramePayload(parseObject(object.payload, 'payload')),
    // In the canonical form of a frame only signature and time come after the payload.
    payloadText: text.slice(text.indexOf(payloadStart) + payloadStart.length, -`,"sig":"${sig}","ts":${ts}}`.length),
  };
}

const payloadStart = '"payload":';

// RFC 4648, 3.5: the unused bits of the last character are zero.
const signaturePattern = /^(?:[A-Za-z0-9+/]{85}[AQgw]==|[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$/;

/** The canonical text of a frame: its members hold nothing that JSON escapes. */
export function encodeFrame({ kid, ts, nonce, sig, payloadText }: Omit<Frame, 'payload'>): string {
  return `{"kid":"${kid}","nonce":"${nonce}","payload":${payloadText},"sig":"${sig}","ts":${ts}}`;
}

/** The canonical text of a payload. Throws as `parseFrame` does for what must not be sent. */
export function encodePayload({ channel, data, epoch, prev, sequence, type }: FramePayload): string {
  const text = encodeCanonicalText({ channel, data, epoch, prev, sequence, type, version: payloadVersion });
  assertSize(text, maxPayloadBytes, 'a payload');
  parseFramePayload(parseObject(parseSignableText(text), 'payload'));
  return text;
}

/** The text that a signature is over. */
export function signedText({ kid, ts, nonce, payloadText }: Pick<Frame, 'kid' | 'ts' | 'nonce' | 'payloadText'>) {
  return `${kid}:${ts}:${nonce}:${payloadText}`;
}

/** What the next frame of the channel names as `prev`: the SHA-256 of the signed text, in base64. */
export function hashFrame(frame: Pick<Frame, 'kid' | 'ts' | 'nonce' | 'payloadText'>): string {
  return hashSigned(encodeText(signedText(frame)));
}

/** The same for the bytes of the signed text. */
export function hashSigned(signed: Uint8Array): string {
  return encodeBase64(hashSha256(signed));
}

/** What the first frame of a channel names as `prev`. */
export function firstPrev(channel: string, epoch: string): string {
  return encodeBase64(hashSha256(encodeText(`${channel}:${epoch}`)));
}

/** Whether a payload states the head of its channel instead of being part of its log. */
export function isHeadStatement({ type }: Pick<FramePayload, 'type'>): boolean {
  return type === 'heartbeat' || type === 'snapshot';
}

function parseFramePayload(object: SignableObject): FramePayload {
  assertMembers(object, ['channel', 'data', 'epoch', 'prev', 'sequence', 'type', 'version'], 'a payload');
  if (object.version !== payloadVersion) throw new TrustError('malformed', `expected version ${payloadVersion}`);
  const payload = {
    channel: parsePattern(object, 'channel', channelNamePattern, 'the name of a channel'),
    epoch: parsePattern(object, 'epoch', epochPattern, '16 characters of hex'),
    sequence: parseInteger(object, 'sequence', 0),
    prev: parsePattern(object, 'prev', frameHashPattern, 'base64 of 32 octets'),
    type: parsePattern(object, 'type', channelNamePattern, 'a type'),
    data: object.data === undefined ? undefined : parseData(parseObject(object.data, 'data')),
  };
  if (payload.sequence === 0 && !isHeadStatement(payload)) {
    throw new TrustError('malformed', 'expected sequence 0 of a channel without frames only');
  }
  return payload;
}

/** Throws for keys that an application would trip over when it copies an object, and above the levels of a whole frame. */
function parseData(data: SignableObject): SignableObject {
  assertKeys(data, dataDepth);
  return data;
}

/** The frame and the payload stand around it. */
const dataDepth = 2;

function assertKeys(value: SignableValue | undefined, depth: number): void {
  if (depth > maxJsonDepth) throw new TrustError('not_canonical', `expected at most ${maxJsonDepth} levels`);
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
      throw new TrustError('malformed', `expected no member named ${key}`);
    }
    assertKeys((value as SignableObject)[key], depth + 1);
  }
}

function assertSize(text: string, limit: number, what: string): void {
  // A unit of UTF-16 takes one byte of UTF-8 at least and three at most: what is far from the limit is not encoded first.
  const bytes = text.length > limit || 3 * text.length <= limit ? text.length : encodeText(text).length;
  if (bytes > limit) throw new TrustError('too_large', `expected ${what} of at most ${limit} bytes, got ${bytes}`);
}
