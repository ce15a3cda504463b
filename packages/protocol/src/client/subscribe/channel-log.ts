/** One channel as a listener reads it: in order, each frame once, and never past a hole that is not said. */
import { TrustError } from '../../errors.ts';
import { type ChainPosition, isSamePosition, positionAfter, positionBefore, verifyChain } from '../../frames/chain.ts';
import { type Frame, isHeadStatement } from '../../frames/frame.ts';
import { refuseFrame, type VerifiedFrame } from '../../frames/verify-frame.ts';

/** How far a channel was read. The hash is unknown to whoever was told a cursor only. */
export interface ReadPosition extends Omit<ChainPosition, 'hash'> {
  readonly hash: string | undefined;
}

/**
 * Why frames are missing. `expired`: the server has them no more. `history-lost`: its log began anew. `unprovable`: what came does
 * not hang together. `too-far-behind`: more than a listener keeps.
 */
export type GapReason = 'expired' | 'history-lost' | 'unprovable' | 'too-far-behind';

/** Frames that will never be delivered. Whoever needs to know what they said fetches the objects themselves. */
export interface Gap {
  readonly channel: string;
  readonly reason: GapReason;
  /** The last sequence that was read, in the epoch before if that changed. */
  readonly last: number;
  readonly epoch: string;
  /** The next sequence that will be read. */
  readonly next: number;
}

/**
 * `live`: complete up to a fresh head. `stale`: nothing fresh has come for three heartbeats. `withheld`: a fresh head says that there are
 * frames which have not come for two heartbeats.
 */
export type ChannelState = 'live' | 'stale' | 'withheld';

/** What a channel has to say after a frame or a heartbeat's time. */
export type LogEvent =
  | { readonly kind: 'frame'; readonly frame: VerifiedFrame }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'state'; readonly state: ChannelState };

/** How many frames are kept that cannot be delivered yet, because one before them is missing or none after them proves them. */
export const maxWaitingFrames = 10_000;

const staleAfter = 3;
const withheldAfter = 2;
/** So many runs that do not hang together are fetched again before they are given up. */
const maxBrokenRuns = 3;

/** The log of one channel. It takes frames in any order and knows no time but the heartbeats that should have come. */
export class ChannelLog {
  readonly #channel: string;
  #position: ReadPosition | undefined;
  readonly #waiting = new Map<number, Frame | VerifiedFrame>();
  /** The last statement of a head beyond the position. */
  #head: VerifiedFrame | undefined;
  /** Epochs that were left: whoever speaks of them plays old frames. */
  readonly #leftEpochs = new Set<string>();
  #state: ChannelState | undefined;
  #quiet = 0;
  #behind = 0;
  #brokenRuns = 0;

  constructor(channel: string, position: ReadPosition | undefined) {
    this.#channel = channel;
    this.#position = position;
  }

  /** What was delivered last; `undefined` before anything was heard. */
  get position(): ReadPosition | undefined {
    return this.#position;
  }

  /** How far frames are here without a hole, delivered or waiting: from there on more are to be fetched. */
  get reach(): Pick<ReadPosition, 'epoch' | 'sequence'> | undefined {
    if (!this.#position) return undefined;
    let { sequence } = this.#position;
    while (this.#waiting.has(sequence + 1)) sequence++;
    return { epoch: this.#position.epoch, sequence };
  }

  /** Whether frames are known to be missing. */
  get isBehind(): boolean {
    return this.#head !== undefined || this.#waiting.size > 0;
  }

  /** Whether `frame` would change nothing, so that its signature need not be looked at. */
  isKnown({ payload }: Frame): boolean {
    const position = this.#position;
    return position?.epoch === payload.epoch && !isHeadStatement(payload) && payload.sequence <= position.sequence;
  }

  /** Takes a frame that was verified by itself. */
  takeVerified(frame: VerifiedFrame): readonly LogEvent[] {
    if (this.#leftEpochs.has(frame.payload.epoch)) return [];
    const events: LogEvent[] = [];
    const before = positionBefore(frame);
    if (!this.#position) this.#position = before;
    if (this.#position.epoch !== before.epoch) events.push(this.#leaveEpoch(before));
    if (before.sequence >= this.#position.sequence) this.#quiet = 0;
    if (isHeadStatement(frame.payload)) events.push(...this.#takeHead(frame));
    else if (frame.payload.sequence > this.#position.sequence) events.push(...this.#takeAhead(frame));
    return this.#advance(events);
  }

  /** Takes a frame that is too old to be verified by itself: it waits for one that proves it. */
  takeUnproven(frame: Frame): readonly LogEvent[] {
    const { epoch, sequence } = frame.payload;
    const position = this.#position;
    const isAwaited = position?.epoch === epoch && sequence > position.sequence;
    if (!isAwaited || isHeadStatement(frame.payload) || sequence > position.sequence + maxWaitingFrames) return [];
    const waiting = this.#waiting.get(sequence);
    if (!waiting || !isVerified(waiting)) this.#waiting.set(sequence, frame);
    return this.#advance([]);
  }

  /** A heartbeat's time has gone by. */
  tick(): readonly LogEvent[] {
    this.#quiet++;
    this.#behind = this.isBehind ? this.#behind + 1 : 0;
    return this.#noteState([]);
  }

  #leaveEpoch(before: ChainPosition): LogEvent {
    if (this.#position) this.#leftEpochs.add(this.#position.epoch);
    return this.#skipTo(before, 'history-lost');
  }

  #takeHead(frame: VerifiedFrame): readonly LogEvent[] {
    const stated = positionBefore(frame);
    const position = this.#position ?? stated;
    const { oldest } = frame.payload.type === 'snapshot' ? (frame.payload.data ?? {}) : {};
    if (typeof oldest === 'number' && oldest > position.sequence + 1) return [this.#skipTo(stated, 'expired')];
    if (stated.sequence > position.sequence + maxWaitingFrames) return [this.#skipTo(stated, 'too-far-behind')];
    if (stated.sequence > position.sequence) {
      if (stated.sequence >= (this.#head?.payload.sequence ?? 0)) this.#head = frame;
    } else if (stated.sequence === position.sequence) {
      if (position.hash !== undefined && position.hash !== stated.hash) return [this.#skipTo(stated, 'unprovable')];
      this.#position = stated;
    }
    return [];
  }

  #takeAhead(frame: VerifiedFrame): readonly LogEvent[] {
    const { sequence } = frame.payload;
    const tooFar = sequence > (this.#position?.sequence ?? 0) + maxWaitingFrames;
    const events = tooFar ? [this.#skipTo(positionBefore(frame), 'too-far-behind')] : [];
    this.#waiting.set(sequence, frame);
    return events;
  }

  /** Delivers what has become provable, run by run. */
  #advance(events: LogEvent[]): readonly LogEvent[] {
    for (let run = this.#findRun(); run; run = this.#findRun()) {
      try {
        const proven = verifyChain(run.frames, run.proof, undefined);
        this.#assertFollows(proven[0] ?? run.proof);
        this.#deliver([...proven, ...(isHeadStatement(run.proof.payload) ? [] : [run.proof])], events);
      } catch (error) {
        if (!(error instanceof TrustError)) throw error;
        if (!this.#dropRun(run)) events.push(this.#skipTo(positionBefore(run.proof), 'unprovable'));
      }
    }
    return this.#noteState(events);
  }

  /** The shortest run from the position on that ends at a frame which proves it. */
  #findRun(): Run | undefined {
    const frames: Frame[] = [];
    for (let sequence = (this.#position?.sequence ?? 0) + 1; ; sequence++) {
      const isStated = this.#head?.payload.sequence === sequence - 1;
      if (this.#head && isStated && frames.length > 0) return { frames, proof: this.#head };
      const frame = this.#waiting.get(sequence);
      if (!frame) return undefined;
      if (isVerified(frame)) return { frames, proof: frame };
      frames.push(frame);
    }
  }

  #assertFollows(first: VerifiedFrame): void {
    const { hash } = this.#position ?? {};
    if (hash === undefined || !this.#position) return;
    if (!isSamePosition(positionBefore(first), { ...this.#position, hash })) throw refuseFrame();
  }

  /** Forgets the unproven frames of a broken run, to have them sent again; false when that has not helped. */
  #dropRun({ frames }: Run): boolean {
    for (const { payload } of frames) this.#waiting.delete(payload.sequence);
    this.#brokenRuns++;
    return frames.length > 0 && this.#brokenRuns < maxBrokenRuns;
  }

  #deliver(frames: readonly VerifiedFrame[], events: LogEvent[]): void {
    for (const frame of frames) {
      this.#waiting.delete(frame.payload.sequence);
      this.#position = positionAfter(frame);
      events.push({ kind: 'frame', frame });
    }
    this.#brokenRuns = 0;
    this.#forgetPassed();
  }

  #skipTo(position: ChainPosition, reason: GapReason): LogEvent {
    const last = this.#position?.sequence ?? 0;
    if (this.#position?.epoch !== position.epoch) {
      this.#waiting.clear();
      this.#head = undefined;
    }
    this.#position = position;
    this.#brokenRuns = 0;
    this.#forgetPassed();
    const { epoch, sequence } = position;
    return { kind: 'gap', gap: { channel: this.#channel, reason, last, epoch, next: sequence + 1 } };
  }

  #forgetPassed(): void {
    const sequence = this.#position?.sequence ?? 0;
    for (const waiting of this.#waiting.keys()) if (waiting <= sequence) this.#waiting.delete(waiting);
    if ((this.#head?.payload.sequence ?? 0) <= sequence) this.#head = undefined;
  }

  #noteState(events: LogEvent[]): readonly LogEvent[] {
    if (!this.isBehind) this.#behind = 0;
    const state = this.#judgeState();
    if (state === this.#state || state === undefined) return events;
    this.#state = state;
    return [...events, { kind: 'state', state }];
  }

  /** `undefined`: as before, for what is missing may still be on its way. */
  #judgeState(): ChannelState | undefined {
    if (this.#quiet >= staleAfter) return 'stale';
    if (this.#behind >= withheldAfter) return 'withheld';
    return this.isBehind || !this.#position || this.#quiet > 0 ? undefined : 'live';
  }
}

/** Frames in a row, and the frame after them that proves them. */
interface Run {
  readonly frames: readonly Frame[];
  readonly proof: VerifiedFrame;
}

function isVerified(frame: Frame | VerifiedFrame): frame is VerifiedFrame {
  return 'verified' in frame;
}
