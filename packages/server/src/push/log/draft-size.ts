/** Whether a draft fits into a frame, before its place in the log is known. */
import { TrustError } from '@signpost/protocol/errors';
import { encodePayload, firstPrev } from '@signpost/protocol/frames/frame';
import { parsePayload } from '@signpost/protocol/frames/payload';
import type { Draft } from './topics.ts';

/** Throws the TrustError that signing `draft` would throw at the last of all places. */
export function assertFitting(draft: Draft): void {
  const epoch = '0'.repeat(16);
  const { channel, type, data } = draft;
  const payload = {
    channel,
    type,
    data,
    epoch,
    sequence: Number.MAX_SAFE_INTEGER,
    prev: firstPrev(draft.channel, epoch),
  };
  encodePayload(payload);
  parsePayload(payload);
}

/** Whether `assertFitting` does not throw. */
export function isFitting(draft: Draft): boolean {
  try {
    assertFitting(draft);
    return true;
  } catch (error) {
    if (error instanceof TrustError) return false;
    throw error;
  }
}
