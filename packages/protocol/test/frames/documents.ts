/** Honest frames by fixed keys, and ways to bend them. */
import { createHash } from 'node:crypto';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import {
  deriveKid,
  type VerifiedChannelKey,
  verifyChannelKey,
  writeChannelKey,
} from '@signpost/protocol/frames/channel-key';
import { type FramePayload, firstPrev } from '@signpost/protocol/frames/frame';
import type { FrameSigner } from '@signpost/protocol/frames/frame-key';
import { openSessionKey, type SessionKey } from '@signpost/protocol/frames/session-key';
import { type FrameMoment, type WrittenFrame, writeFrame } from '@signpost/protocol/frames/write-frame';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { createSigner, type Signer } from '@signpost/protocol/keys/ed25519';
import { createTrust, now, pushKey, pushKeyEntry } from '../documents.ts';

export const epoch = '0123456789abcdef';

/** A channel key with the certificate by which listeners know it. */
export interface TestChannelKey extends FrameSigner {
  readonly certificate: string;
  readonly verified: VerifiedChannelKey;
}

/** A channel key for every channel, in force from a minute before `now` until nine after it. */
export async function createChannelKey(
  name: string,
  { signer = pushKey, channels = ['*'], from = now - 60_000, until = now + 540_000 }: Partial<ChannelKeyWish> = {},
): Promise<TestChannelKey> {
  const key = await createSigner(createHash('sha256').update(`signpost test channel key ${name}`).digest());
  const window = { notBefore: from, notAfter: until };
  const certificate = await writeChannelKey(signer, { pubkeyB64: key.pubkeyB64, channels, ...window });
  const trust = await createTrust({ push_keys: [pushKeyEntry(pushKey)] });
  const verified = await verifyChannelKey(trust, certificate, from);
  return { kid: deriveKid(key), sign: key.sign, certificate, verified };
}

interface ChannelKeyWish {
  readonly signer: Signer;
  readonly channels: readonly string[];
  readonly from: number;
  readonly until: number;
}

/** The secret of the session key of that name. */
export function sessionSecret(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(`signpost test session key ${name}`).digest());
}

/** The session key of that name. */
export function createSessionKey(name: string, channels: readonly string[] = ['session.1']): Promise<SessionKey> {
  const secret = sessionSecret(name);
  return openSessionKey({
    kid: `s_${encodeHex(secret).slice(0, 32)}`,
    secret,
    channels,
    notBefore: now - 60_000,
    notAfter: now + 540_000,
  });
}

/** An honest payload, with `changes`: the first frame of `releases`. */
export function createPayload(changes: Partial<FramePayload> = {}): FramePayload {
  const channel = changes.channel ?? 'releases';
  return {
    channel,
    epoch,
    sequence: 1,
    prev: firstPrev(channel, changes.epoch ?? epoch),
    type: 'release.activated',
    data: { project: 'demo', version: '1.2.0', channel: 'stable', counter: 7, sha256: 'ab'.repeat(32) },
    ...changes,
  };
}

/** The nonce that is the SHA-256 of `name`. */
export function nonceOf(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`signpost test nonce ${name}`).digest());
}

/** `count` frames of one channel, each chained to the one before. */
export async function writeChain(
  signer: FrameSigner,
  count: number,
  { ts = now, ...changes }: Partial<FramePayload> & Partial<FrameMoment> = {},
): Promise<readonly WrittenFrame[]> {
  const frames: WrittenFrame[] = [];
  const first = createPayload(changes);
  for (let index = 0; index < count; index++) {
    const prev = frames.at(-1)?.hash ?? first.prev;
    const payload = { ...first, sequence: first.sequence + index, prev };
    frames.push(
      await writeFrame(signer, payload, { ts, nonce: nonceOf(`${payload.channel} ${payload.sequence} ${ts}`) }),
    );
  }
  return frames;
}

/** A heartbeat over `head` (its hash), at `ts`. */
export function writeHeartbeat(
  signer: FrameSigner,
  { ts = now, ...head }: Pick<FramePayload, 'sequence' | 'prev'> & Partial<FramePayload> & Partial<FrameMoment>,
): Promise<WrittenFrame> {
  return writeFrame(signer, createPayload({ type: 'heartbeat', data: undefined, ...head }), { ts });
}

/** One example of the data of every type. */
export const dataByType: Readonly<Record<string, SignableObject | undefined>> = {
  'release.activated': { project: 'demo', version: '1.2.0', channel: 'stable', counter: 7, sha256: 'ab'.repeat(32) },
  'release.withdrawn': { project: 'demo', version: '1.2.0' },
  'release.quarantined': { project: 'demo', version: '1.2.0', sha256: 'ab'.repeat(32) },
  'trust.updated': { trust_version: 3, sha256: 'ab'.repeat(32) },
  'key.revoked': { key_id: 'cd'.repeat(32), trust_version: 4 },
  'certificate.revoked': { serial: '1a2b', sha256: 'ab'.repeat(32), reason: 'keyCompromise' },
  'certificate.expiring': { serial: '1a2b', not_after: '2027-02-01T00:00:00Z' },
  'revocation.expiring': { authority: 'example-root', number: 7, not_after: '2027-02-01T00:00:00Z' },
  'evidence.denied': { project: 'demo', version: '1.2.0', sha256: 'ab'.repeat(32) },
  'watch.finding.opened': { finding: 'f-1', severity: 'high' },
  'watch.finding.resolved': { finding: 'f-1', severity: 'high' },
  'watch.finding.escalated': { finding: 'f-1', severity: 'high', sha256: 'ab'.repeat(32) },
  'catalogue.updated': { sha256: 'ab'.repeat(32) },
  telemetry: { listeners: 3, frames: 9 },
  heartbeat: undefined,
  snapshot: { oldest: 4 },
  'client.subscribe': { channels: ['releases', 'app.chat'], since: `${epoch}:app.chat.0,releases.7` },
  'client.unsubscribe': { channels: ['releases'] },
  'client.acknowledge': { cursor: `${epoch}:releases.7` },
  'client.publish': { channel: 'app.chat', type: 'app.message', idempotency_key: '1', data: { text: 'hello' } },
  'session.answered': { answers: `${'A'.repeat(43)}=`, epoch, sequence: 8 },
};
