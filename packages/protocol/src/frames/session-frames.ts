/** Frames between one client and its server, signed with its session key (docs/protocol/frame.md, "Sending"): what it says, and what is answered. */
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { firstPrev } from './frame.ts';
import type { SessionKey } from './session-key.ts';
import { type WrittenFrame, writeFrame } from './write-frame.ts';

/** What a client may say while it listens. */
export type ClientFrameType = 'client.acknowledge' | 'client.publish' | 'client.subscribe' | 'client.unsubscribe';

/** What is to be said, and when in Unix milliseconds. */
interface SessionMessage {
  readonly type: ClientFrameType | 'session.answered';
  readonly data: SignableObject;
  readonly ts: number;
}

/** Writes the frames of one side of a connection, each chained to the one before it under the same session. */
export class SessionFrames {
  readonly #epoch = encodeHex(globalThis.crypto.getRandomValues(new Uint8Array(8)));
  #channel = '';
  #sequence = 0;
  #prev = '';

  /** The next frame; a call waits for the one before it. Throws as `writeFrame`, and `key_unknown` without a key for a session. */
  async write(key: SessionKey | undefined, { type, data, ts }: SessionMessage): Promise<WrittenFrame> {
    const channel = key?.channels.find((name) => name.startsWith('session.'));
    if (!key || channel === undefined) throw new TrustError('key_unknown', 'expected a session key, got none yet');
    if (channel !== this.#channel) {
      this.#channel = channel;
      this.#sequence = 0;
      this.#prev = firstPrev(channel, this.#epoch);
    }
    const payload = { channel, epoch: this.#epoch, sequence: this.#sequence + 1, prev: this.#prev, type, data };
    const written = await writeFrame(key, payload, { ts });
    this.#sequence++;
    this.#prev = written.hash;
    return written;
  }
}
