/** Writes signed frames (docs/protocol/frame.md). Each is signed once, however many listen. */
import { encodeBase64 } from '../bytes/base64.ts';
import { encodeText } from '../bytes/text.ts';
import { encodeFrame, encodePayload, type FramePayload, hashFrame, nonceBytes, signedText } from './frame.ts';
import type { FrameSigner } from './frame-key.ts';
import { parsePayload } from './payload.ts';

/** When a frame is signed, and with which nonce. */
export interface FrameMoment {
  /** Unix milliseconds. */
  readonly ts: number;
  /** 32 octets; absent: random ones, as it should be. */
  readonly nonce?: Uint8Array | undefined;
}

/** A frame as it is sent, byte for byte. */
export interface WrittenFrame {
  readonly text: string;
  /** What the next frame of the channel names as `prev`. */
  readonly hash: string;
}

/**
 * Signs `payload`. Throws `too_large` above 1,024 bytes, `not_canonical` and `malformed` for what listeners would refuse;
 * a TypeError for a nonce of another length.
 */
export async function writeFrame(
  signer: FrameSigner,
  payload: FramePayload,
  { ts, nonce = globalThis.crypto.getRandomValues(new Uint8Array(nonceBytes)) }: FrameMoment,
): Promise<WrittenFrame> {
  if (nonce.length !== nonceBytes) throw new TypeError(`expected a nonce of ${nonceBytes} bytes, got ${nonce.length}`);
  const payloadText = encodePayload(payload);
  parsePayload(payload);
  const fields = { kid: signer.kid, ts, nonce: encodeBase64(nonce), payloadText };
  const sig = encodeBase64(await signer.sign(encodeText(signedText(fields))));
  return { text: encodeFrame({ ...fields, sig }), hash: hashFrame(fields) };
}
