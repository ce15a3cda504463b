/** The digest of a file of any size, a piece at a time, so that the page goes on answering. */
import { createSha256, type StreamingHash } from '@signpost/protocol/bytes/sha256';

/** What of a `Blob` is read. */
export type Readable = Pick<Blob, 'size' | 'slice'>;

const pieceBytes = 1_048_576;

/** What may be asked of it. */
interface Digesting {
  readonly signal?: AbortSignal;
  readonly onDigested?: (bytes: number) => void;
  /** SHA-256 when none is given. */
  readonly hash?: StreamingHash;
}

/** The digest in lower-case hex. `onDigested` is told before each piece how many bytes are done. Throws an `AbortError` when `signal` asked for it. */
export async function digestFile(
  file: Readable,
  { signal, onDigested, hash = createSha256() }: Digesting = {},
): Promise<string> {
  for (let at = 0; at < file.size; at += pieceBytes) {
    signal?.throwIfAborted();
    onDigested?.(at);
    hash.update(new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer()));
  }
  // Asked for during the last piece.
  signal?.throwIfAborted();
  return hash.digestHex();
}
