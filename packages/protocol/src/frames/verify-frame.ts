/** Verifies a frame by itself (docs/protocol/frame.md, "Checks"): the checks and their order are those of the design. */
import { parseBase64 } from '../bytes/base64.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { type Frame, hashSigned, parseFrame, signedText } from './frame.ts';
import { type FrameKey, isForChannel } from './frame-key.ts';
import { type KnownPayload, parsePayload } from './payload.ts';
import type { ReplayWindow, WindowRefusal } from './replay-window.ts';

/** Why a frame was refused: for metrics and audit, never for whoever sent it. */
export type FrameRefusal =
  | 'malformed'
  | 'key_unknown'
  | 'key_not_in_window'
  | 'wrong_channel'
  | WindowRefusal
  | 'bad_signature'
  | 'payload_invalid'
  | 'chain_broken';

/** A frame that a key in force signed, or that is chained to one. Only `verifyFrame` and `verifyChain` make one. */
export interface VerifiedFrame extends Frame {
  readonly verified: 'frame';
  /** By what: a signature of its own, or the hash that a later frame names. */
  readonly proof: 'signature' | 'chain';
  /** What the next frame of its channel names as `prev`. */
  readonly hash: string;
  /** The payload, when its type is one of this version. */
  readonly known: KnownPayload | undefined;
}

/** What a frame is verified with. */
export interface FrameContext {
  readonly keys: { find(kid: string): FrameKey | undefined };
  readonly window: ReplayWindow;
  /** Unix milliseconds. */
  readonly now: number;
  /** Told of the reason, beside the one refusal that everybody sees. */
  readonly onRefused?: ((reason: FrameRefusal) => void) | undefined;
}

/** Thrown inside, and told to `onRefused` alone. */
class Refused extends Error {
  readonly reason: FrameRefusal;

  constructor(reason: FrameRefusal) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Verifies the text of a frame, or a frame that `parseFrame` gave. A frame is accepted once. Throws `frame_refused` for
 * whatever is wrong with it, always in the same words.
 */
export async function verifyFrame(text: string | Frame, context: FrameContext): Promise<VerifiedFrame> {
  try {
    return await verifyInOrder(text, context);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    context.onRefused?.(error.reason);
    throw refuseFrame();
  }
}

/** The one refusal of frames. */
export function refuseFrame(): TrustError {
  return new TrustError('frame_refused', 'expected a frame that verifies');
}

async function verifyInOrder(text: string | Frame, { keys, window, now }: FrameContext): Promise<VerifiedFrame> {
  const frame = typeof text === 'string' ? readFrame(text) : text;
  const key = findKey(frame, keys, now);
  refuseIf(window.judge(frame, now));
  const message = encodeText(signedText(frame));
  const checked = key.isSignature(parseBase64(frame.sig), message);
  // Read while the platform checks the signature in a thread of its own, and heard of after that.
  const read = readPayload(frame);
  if (!(await checked)) throw new Refused('bad_signature');
  if (read.kind === 'invalid') throw new Refused('payload_invalid');
  const { known } = read;
  // Another copy may have come while the signature was checked; and what nobody signed must fill no memory.
  refuseIf(window.admit(frame, now));
  let hash: string | undefined;
  return {
    ...frame,
    verified: 'frame',
    proof: 'signature',
    // Most frames are heartbeats, and nothing names the hash of one.
    get hash() {
      hash ??= hashSigned(message);
      return hash;
    },
    known,
  };
}

function readFrame(text: string): Frame {
  try {
    return parseFrame(text);
  } catch (error) {
    throw error instanceof TrustError ? new Refused('malformed') : error;
  }
}

function findKey({ kid, payload }: Frame, keys: FrameContext['keys'], now: number): FrameKey {
  const key = keys.find(kid);
  if (!key) throw new Refused('key_unknown');
  if (now >= key.notAfter || now < key.notBefore - leadMs) throw new Refused('key_not_in_window');
  if (!isForChannel(key, payload.channel)) throw new Refused('wrong_channel');
  return key;
}

/** The clock of a listener may be as far behind as the skew allows. */
const leadMs = 5000;

type ReadPayload = { readonly kind: 'read'; readonly known: KnownPayload | undefined } | { readonly kind: 'invalid' };

/** Never throws for what a frame can hold: its signature comes first. */
function readPayload({ payload }: Frame): ReadPayload {
  try {
    return { kind: 'read', known: parsePayload(payload) };
  } catch (error) {
    if (error instanceof TrustError) return { kind: 'invalid' };
    throw error;
  }
}

function refuseIf(reason: WindowRefusal | undefined): void {
  if (reason !== undefined) throw new Refused(reason);
}
