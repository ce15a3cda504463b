/** Runs of frames that are too old to count by themselves: each is proven by the hash that the next one names. */
import { TrustError } from '../errors.ts';
import { type Frame, hashFrame, isHeadStatement } from './frame.ts';
import { parsePayload } from './payload.ts';
import { refuseFrame, type VerifiedFrame } from './verify-frame.ts';

/** How far a channel has been read. */
export interface ChainPosition {
  readonly epoch: string;
  /** The sequence of the last frame; 0: none yet. */
  readonly sequence: number;
  /** Its hash, or `firstPrev`. */
  readonly hash: string;
}

/** The last frame of the log that a verified frame speaks of: of a heartbeat or snapshot the head, else the one before it. */
export function positionBefore({ payload }: VerifiedFrame): ChainPosition {
  const sequence = isHeadStatement(payload) ? payload.sequence : payload.sequence - 1;
  return { epoch: payload.epoch, sequence, hash: payload.prev };
}

/** The position after a verified frame. */
export function positionAfter(frame: VerifiedFrame): ChainPosition {
  if (isHeadStatement(frame.payload)) return positionBefore(frame);
  return { epoch: frame.payload.epoch, sequence: frame.payload.sequence, hash: frame.hash };
}

/**
 * The frames of a run that begins after `from` (`undefined`: anywhere) and ends right before `head`, a frame that was verified by itself.
 * One signature proves them all. Throws `frame_refused` unless every frame is followed by the one that names it, and
 * for a payload that its type does not allow.
 */
export function verifyChain(
  frames: readonly Frame[],
  head: VerifiedFrame,
  from: ChainPosition | undefined,
): readonly VerifiedFrame[] {
  let next = positionBefore(head);
  const verified: VerifiedFrame[] = [];
  for (const frame of [...frames].reverse()) {
    const hash = hashFrame(frame);
    const { channel, epoch, sequence, prev } = frame.payload;
    const isNamed = hash === next.hash && sequence === next.sequence && epoch === next.epoch;
    if (!isNamed || channel !== head.payload.channel || isHeadStatement(frame.payload)) throw refuseFrame();
    verified.push({ ...frame, verified: 'frame', proof: 'chain', hash, known: parseKnown(frame) });
    next = { epoch, sequence: sequence - 1, hash: prev };
  }
  if (from && !isSamePosition(from, next)) throw refuseFrame();
  return verified.reverse();
}

/** Whether two positions are the same. */
export function isSamePosition(left: ChainPosition, right: ChainPosition): boolean {
  return left.epoch === right.epoch && left.sequence === right.sequence && left.hash === right.hash;
}

function parseKnown({ payload }: Frame): VerifiedFrame['known'] {
  try {
    return parsePayload(payload);
  } catch (error) {
    throw error instanceof TrustError ? refuseFrame() : error;
  }
}
