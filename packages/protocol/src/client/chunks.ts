/** Reads streams piece by piece, with a bound: what a server says about a length is never believed. */
import { TrustError } from '../errors.ts';

/** Bytes that arrive in pieces: a Web stream, or any async iterable such as a file. */
export type ByteSource = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** The pieces of `source`. Leaving the loop early cancels the stream. Throws `fetch_failed` when the stream breaks. */
export async function* readChunks(source: ByteSource): AsyncGenerator<Uint8Array, void, void> {
  if (!('getReader' in source)) {
    yield* source;
    return;
  }
  const reader = source.getReader();
  try {
    for (;;) {
      const { done, value } = await readPiece(reader);
      if (done) return;
      yield value;
    }
  } finally {
    // A stream that has ended or failed takes no notice.
    await reader.cancel().catch(() => undefined);
  }
}

/** All of `source`, at most `limitBytes`. Throws `too_large`, without reading on, and `fetch_failed`. */
export async function readBounded(source: ByteSource, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let totalBytes = 0;
  for await (const piece of readChunks(source)) {
    totalBytes += piece.length;
    if (totalBytes > limitBytes) throw new TrustError('too_large', `expected at most ${limitBytes} bytes, got more`);
    pieces.push(piece);
  }
  const whole = new Uint8Array(totalBytes);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

async function readPiece(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw new TrustError('fetch_failed', 'expected the whole body, got a broken stream', { cause });
  }
}
