/** Keys of frames. What a key's algorithm is, its own record says; a frame has no word in that. */

/** Signs frames with one key; the key itself stays where it is. */
export interface FrameSigner {
  readonly kid: string;
  /** The signature over `message`: 64 octets of Ed25519, or 32 of HMAC-SHA-256. */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>;
}

/** A key that frames are verified with. */
export interface FrameKey {
  readonly kid: string;
  readonly algorithm: 'ed25519' | 'hmac-sha256';
  /** The channels that it signs for; `*`: all. */
  readonly channels: readonly string[];
  /** Unix milliseconds; before it the key signs nothing. */
  readonly notBefore: number;
  /** Unix milliseconds; from then on nothing of it is accepted. */
  readonly notAfter: number;
  /** Whether `signature` is this key's over `message`, in constant time. For use inside verify functions, which throw. */
  isSignature(signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** Whether `key` signs for `channel`. */
export function isForChannel({ channels }: Pick<FrameKey, 'channels'>, channel: string): boolean {
  return channels.includes('*') || channels.includes(channel);
}
