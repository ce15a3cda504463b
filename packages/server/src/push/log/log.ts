/** An organisation's log: its epoch and its channels with their heads; every frame of it is signed and chained here. */
import { randomBytes } from 'node:crypto';
import { firstPrev } from '@signpost/protocol/frames/frame';
import type { FrameSigner } from '@signpost/protocol/frames/frame-key';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import type { Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { planeChannels, type Visibility } from '../channels/plane-channels.ts';
import { findEpoch, insertChannel, insertFrames, insertLog, listChannels, updateChannel } from './store.ts';
import type { Draft } from './topics.ts';

/** Where a channel stands. */
export interface ChannelHead {
  readonly name: string;
  readonly visibility: Visibility;
  /** The last sequence; 0: none yet. */
  readonly head: number;
  /** What the next frame names as the one before it. */
  readonly headHash: string;
  /** The first sequence that is still held. */
  readonly oldest: number;
  readonly removed: boolean;
}

/** An organisation's log. */
export interface Log {
  readonly organisationId: string;
  readonly epoch: string;
  readonly channels: ReadonlyMap<string, ChannelHead>;
}

/** A frame in the log. */
export interface LoggedFrame {
  readonly channel: string;
  readonly sequence: number;
  readonly type: string;
  /** As it was signed, byte for byte. */
  readonly text: string;
  /** What the frame after it names as `prev`. */
  readonly hash: string;
  /** When what it tells of happened, in Unix milliseconds. */
  readonly since: number;
}

/** What frames are appended with. */
export interface Append {
  readonly signer: FrameSigner;
  readonly now: number;
}

/** The log as it is, or undefined before it has begun. */
export async function readLog(query: Query, organisationId: string): Promise<Log | undefined> {
  const rows = await listChannels(query, organisationId);
  const epoch = rows[0]?.epoch ?? (await findEpoch(query, organisationId));
  if (epoch === undefined) return undefined;
  const channels = rows.map(({ name, visibility, head, head_hash, oldest, removed_at }): ChannelHead => {
    return { name, visibility, head, headHash: head_hash, oldest, removed: removed_at !== null };
  });
  return { organisationId, epoch, channels: new Map(channels.map((channel) => [channel.name, channel])) };
}

/** The log, begun if it was not, with a row for each channel of the planes. */
export async function openLog(tx: Transaction<Schema>, organisationId: string, now: number): Promise<Log> {
  const log = await readLog(tx, organisationId);
  const known = log?.channels;
  if (known && Object.keys(planeChannels).every((name) => known.has(name))) return log;
  const epoch = log?.epoch ?? randomBytes(8).toString('hex');
  if (!log) await insertLog(tx, { organisation_id: organisationId, epoch, created_at: now });
  for (const [name, visibility] of Object.entries(planeChannels)) {
    if (!known?.has(name))
      await insertChannel(tx, createChannelRow({ organisationId, epoch }, { name, visibility }, now));
  }
  return openLog(tx, organisationId, now);
}

/** The row of a channel without frames. */
export function createChannelRow(
  { organisationId, epoch }: Pick<Log, 'organisationId' | 'epoch'>,
  { name, visibility }: Pick<ChannelHead, 'name' | 'visibility'>,
  now: number,
) {
  const headHash = firstPrev(name, epoch);
  const place = { organisation_id: organisationId, name, visibility };
  return { ...place, head: 0, head_hash: headHash, oldest: 1, created_at: now, removed_at: null };
}

/**
 * Gives each draft its place, signs it and appends it; the channels' heads move in the same transaction. Drafts for channels
 * that are not there or were removed are a TypeError: whoever drafts has looked.
 */
export async function appendFrames(
  tx: Transaction<Schema>,
  log: Log,
  { drafts, signer, now }: Append & { readonly drafts: readonly Draft[] },
): Promise<LoggedFrame[]> {
  const heads = new Map<string, { head: number; headHash: string }>();
  const frames: LoggedFrame[] = [];
  for (const { channel, type, data, since } of drafts) {
    const before = heads.get(channel) ?? requireChannel(log, channel);
    const sequence = before.head + 1;
    const payload = { channel, type, data, epoch: log.epoch, sequence, prev: before.headHash };
    const { text, hash } = await writeFrame(signer, payload, { ts: now });
    heads.set(channel, { head: sequence, headHash: hash });
    frames.push({ channel, sequence, type, text, hash, since });
  }
  await insertFrames(
    tx,
    frames.map(({ channel, sequence, type, text }) => ({
      organisation_id: log.organisationId,
      ...{ channel, sequence, type, frame: text, at: now },
    })),
  );
  for (const [name, { head, headHash }] of heads) {
    await updateChannel(tx, { organisationId: log.organisationId, name }, { head, head_hash: headHash });
  }
  return frames;
}

function requireChannel(log: Log, name: string): ChannelHead {
  const channel = log.channels.get(name);
  if (!channel || channel.removed) throw new TypeError(`expected a channel ${name}`);
  return channel;
}
