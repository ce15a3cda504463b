/** A connection as the hub sees it: somewhere to write buffers to, which says how much of them is still on its way. */
import type { Framing } from './framing.ts';

/** Why the server ends a connection. */
export type EndReason =
  /** It has lived for long; the client comes back by itself. */
  | 'rotation'
  /** The server stops, or is being restored. */
  | 'drain'
  /** It took too long to read. */
  | 'slow'
  /** The session or key that it was opened with has ended. */
  | 'ended'
  /** Somebody's role no longer allows one of its channels, or the channel is gone. */
  | 'forbidden'
  /** Nothing can be signed any more. */
  | 'not-vouched'
  /** What it sent is no frame that verifies, or asks for what cannot be. */
  | 'bad-input'
  /** It sent too much. */
  | 'limit'
  /** The server could not do its part, by a fault of its own or because its data cannot be read for now. */
  | 'failed';

/** One connection. */
export interface Wire {
  readonly framing: Framing;
  /** Bytes that were written and have not left the process. */
  readonly waitingBytes: number;
  /** Writes a buffer that is shared with other connections: it must not be changed. */
  write(block: Buffer): void;
  /** Ends it, in a way that tells the client why and whether to come back. */
  end(reason: EndReason): void;
}
