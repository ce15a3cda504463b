/** Frames that a client sends over its WebSocket, signed with its session key (docs/protocol/frame.md, "Listening"). */
import { encodeHex } from '../../bytes/hex.ts';
import { TrustError } from '../../errors.ts';
import { firstPrev } from '../../frames/frame.ts';
import type { SessionKey } from '../../frames/session-key.ts';
import { writeFrame } from '../../frames/write-frame.ts';
import type { SignableObject } from '../../json/canonical.ts';

/** What a client may say while it listens. */
export type ClientFrameType = 'client.acknowledge' | 'client.publish' | 'client.subscribe' | 'client.unsubscribe';

/** Writes the frames of one client, each chained to the one before it under the same session. */
export class ClientFrames {
  readonly #epoch = encodeHex(globalThis.crypto.getRandomValues(new Uint8Array(8)));
  #channel = '';
  #sequence = 0;
  #prev = '';

  /** The text of the next frame. Throws as `writeFrame`, and `key_unknown` without a key for a session. */
  async write(key: SessionKey | undefined, { type, data, ts }: ClientMessage): Promise<string> {
    const channel = key?.channels.find((name) => name.startsWith('session.'));
    if (!key || channel === undefined) throw new TrustError('key_unknown', 'expected a session key, got none yet');
    if (channel !== this.#channel) {
      this.#channel = channel;
      this.#sequence = 0;
      this.#prev = firstPrev(channel, this.#epoch);
    }
    const payload = { channel, epoch: this.#epoch, sequence: this.#sequence + 1, prev: this.#prev, type, data };
    const { text, hash } = await writeFrame(key, payload, { ts });
    this.#sequence++;
    this.#prev = hash;
    return text;
  }
}

/** What is to be said, and when in Unix milliseconds. */
interface ClientMessage {
  readonly type: ClientFrameType;
  readonly data: SignableObject;
  readonly ts: number;
}
